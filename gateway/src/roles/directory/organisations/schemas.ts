/**
 * The organisations file (`civicline.yaml`): who can be called, about what, and who answers.
 * `demo/civicline.yaml` in the repository is the annotated example.
 */
import { languageSchema, localizedTextSchema } from '@civicline/protocol';
import { z } from 'zod';

const idSchema = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/, 'lower case letters, digits and dashes, 32 at most');
const phoneNumberSchema = z.string().regex(/^\+[1-9]\d{6,14}$/, 'an E.164 number such as +31501234567');
const timeRangeSchema = z
  .string()
  .regex(/^([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]|24):[0-5]\d$/, 'a range such as 09:00-17:00');
const attributeIdSchema = z
  .string()
  .regex(/^[\w-]+(\.[\w-]+){2,3}$/, 'an IRMA attribute id such as irma-demo.gemeente.personalData.bsn');

/** Condiscon (https://docs.yivi.app/condiscon): conjunction of disjunctions of conjunctions of attributes. */
const disclosureSchema = z
  .array(
    z.array(
      z.array(
        z.union([
          attributeIdSchema,
          z.strictObject({ type: attributeIdSchema, value: z.string().nullish(), notNull: z.boolean().optional() }),
        ]),
      ),
    ),
  )
  .min(1);

const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;

const openingHoursSchema = z.strictObject({
  /** IANA time zone in which the hours are meant. */
  timezone: z.string().default('Europe/Amsterdam'),
  /** A day that is left out is closed. */
  weekly: z.partialRecord(z.enum(DAYS), z.array(timeRangeSchema)),
  /** Dates that are closed whatever the weekday, such as 2026-12-25. */
  closedOn: z.array(z.iso.date()).default([]),
});

const purposeSchema = z.strictObject({
  id: idSchema,
  title: localizedTextSchema,
  /** Dialled by the citizen's phone; one of the organisation's numbers. */
  number: phoneNumberSchema,
  queue: idSchema,
  disclose: disclosureSchema,
  /** Whether citizens may call from another phone than the one with the Yivi app: the page then shows the code. */
  otherPhone: z.boolean().default(false),
});

const queueSchema = z.strictObject({
  id: idSchema,
  name: localizedTextSchema,
  /** Absent: always open. */
  openingHours: openingHoursSchema.optional(),
  /** How many callers may wait; one more hears that the queue is full. */
  capacity: z.number().int().min(1).max(1000).default(50),
  /** How long a caller waits before being told to call back later. */
  maxWaitSeconds: z.number().int().min(10).max(86_400).default(1800),
  /** How long an agent's phone rings before the call goes back to the queue. */
  ringSeconds: z.number().int().min(5).max(120).default(20),
  wrapUpSeconds: z.number().int().min(0).max(3600).default(120),
});

const agentSchema = z.strictObject({
  /** Also the name of the agent's PJSIP endpoints. */
  id: idSchema,
  name: z.string().min(1).max(100),
  /** The `email` or `sub` claim by which the OpenID provider knows this person. */
  signIn: z.string().min(1).max(200),
  queues: z.array(idSchema).default([]),
  roles: z.array(z.enum(['agent', 'auditor'])).default(['agent']),
});

const linkSchema = z.strictObject({
  label: localizedTextSchema,
  /** RFC 6570; variables are the `variable` names under `attributes`, plus `callId`, `purpose` and `callingNumber`. */
  template: z.string().min(1),
  /** Shown only for these purposes; absent: for all. */
  purposes: z.array(idSchema).optional(),
});

const attributeSchema = z.strictObject({
  label: localizedTextSchema,
  /** Name in link templates. */
  variable: z.string().regex(/^\w+$/).optional(),
});

/** How the page behind a letter's QR code looks; without it that page is plain. */
const appearanceSchema = z.strictObject({
  /** For buttons, links and lines. Where it would be hard to read, a darker or lighter shade stands in its place. */
  colour: z
    .string()
    .regex(/^#[0-9a-f]{6}$/i, 'a colour such as #0b6e6e')
    .optional(),
  /** An SVG or PNG file, relative to this one; the gateway serves it. */
  logo: z.string().min(1).optional(),
});

export const organisationSchema = z.strictObject({
  id: idSchema,
  name: localizedTextSchema,
  appearance: appearanceSchema.optional(),
  /** What callers hear unless their call request says otherwise. */
  language: languageSchema.default('nl'),
  /** The numbers at which Asterisk receives this organisation's calls, with the queue for callers without a code. */
  numbers: z
    .array(z.strictObject({ number: phoneNumberSchema, queue: idSchema, language: languageSchema.optional() }))
    .min(1),
  /** How many commas (about 2 s each) stand between number and code in the tel: URL. */
  dialPauses: z.number().int().min(1).max(5).default(1),
  /** Origins of the web pages that may embed the widget, such as https://www.example.nl */
  widgetOrigins: z.array(z.url()).default([]),
  purposes: z.array(purposeSchema).default([]),
  queues: z.array(queueSchema).min(1),
  agents: z.array(agentSchema).default([]),
  links: z.array(linkSchema).default([]),
});

export const organisationsFileSchema = z.strictObject({
  /** Labels by IRMA attribute id; an attribute without one is shown under the last part of its id. */
  attributes: z.partialRecord(attributeIdSchema, attributeSchema).default({}),
  organisations: z.array(organisationSchema).min(1),
});

export type OrganisationsFile = z.infer<typeof organisationsFileSchema>;
export type Organisation = z.infer<typeof organisationSchema>;
export type Purpose = z.infer<typeof purposeSchema>;
export type Queue = z.infer<typeof queueSchema>;
export type Agent = z.infer<typeof agentSchema>;
export type OpeningHours = z.infer<typeof openingHoursSchema>;
