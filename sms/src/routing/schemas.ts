/** The routes file: every way out for SMS, in YAML. */
import { type CountryCode, isSupportedCountry } from 'libphonenumber-js';
import { z } from 'zod';
import { originatorOf } from '../text/index.ts';

const nameSchema = z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/, 'must be lower-case letters, digits and hyphens');
const MICROS = 1_000_000;

/** Euro per segment in the file, millionths of a euro in the program. */
const priceSchema = z
  .number()
  .min(0)
  .max(100)
  .transform((euro) => Math.round(euro * MICROS));

const prefixSchema = z.strictObject({
  /** `+`: every number. `+32`: all of a country. The longest one that a number begins with counts. */
  prefix: z.string().regex(/^\+\d{0,15}$/, 'must be a plus sign and digits, such as +32'),
  price: priceSchema,
});

/** A secret stands in the environment or in a file, never in the routes file. */
const referenceSchema = z
  .string()
  .regex(/^\$\{[A-Za-z_]\w*\}$/, `must name an environment variable, such as \${CARRIER_PASSWORD}`);

const common = {
  name: nameSchema,
  /** The lowest goes first among routes whose prefix is equally long. */
  priority: z.number().int().min(0).max(1000).default(100),
  prefixes: z.array(prefixSchema).min(1),
  sender: z.string().min(1).max(20).optional(),
  /** Segments per second. */
  throughput: z.number().positive().max(100_000).optional(),
  /** Requests without an answer at the same time. */
  window: z.number().int().min(1).max(10_000).optional(),
  responseTimeoutMs: z.number().int().min(100).max(600_000).optional(),
  /** ISO 3166-1, such as `BE`: whose national numbers the carrier writes when it brings what people answer. */
  country: z
    .string()
    .refine((code): code is CountryCode => isSupportedCountry(code), 'must be a country’s code, such as BE')
    .optional(),
  /**
   * After an answer was lost: `wait` for a receipt, or `resend` by the next route, with the risk that the person gets the
   * message twice.
   */
  onUnknown: z.enum(['wait', 'resend']).default('wait'),
};

const addressTypeSchema = z.strictObject({
  ton: z.number().int().min(0).max(6),
  npi: z.number().int().min(0).max(18),
});

const smppSchema = z.strictObject({
  ...common,
  kind: z.literal('smpp'),
  /** With any other, every SMS that names nobody would be refused. */
  sender: z
    .string()
    .refine((sender) => originatorOf(sender) !== null, 'must be a number or up to 11 ASCII characters')
    .optional(),
  host: z.string().min(1),
  port: z.number().int().min(1).max(65_535),
  tls: z.strictObject({ caFile: z.string().optional(), serverName: z.string().optional() }).optional(),
  systemId: z.string().min(1).max(15),
  password: referenceSchema.optional(),
  passwordFile: z.string().optional(),
  systemType: z.string().max(12).optional(),
  bind: z.enum(['transceiver', 'transmitter-and-receiver']).optional(),
  longMessages: z.enum(['udh-8-bit', 'udh-16-bit', 'message_payload']).optional(),
  /** Whether a message of several segments has a receipt for each of them, or one. */
  receipts: z.enum(['per-segment', 'per-message']).optional(),
  sourceType: addressTypeSchema.optional(),
  destinationType: addressTypeSchema.optional(),
  enquireLinkMs: z.number().int().min(100).max(600_000).optional(),
});

const ringringSchema = z.strictObject({
  ...common,
  kind: z.literal('ringring'),
  /** https only, or this machine. */
  url: z
    .url()
    .refine(isSafe, 'must begin with https://, except on this machine')
    .transform((url) => url.replace(/\/$/, '')),
  apiKey: referenceSchema.optional(),
  apiKeyFile: z.string().optional(),
  /** With it the vendor tells states by itself; without, they are asked for. */
  webhookSecret: referenceSchema.optional(),
  pollMs: z.number().int().min(100).max(3_600_000).optional(),
});

export const routesFileSchema = z.strictObject({
  routes: z
    .array(
      z.discriminatedUnion('kind', [smppSchema, ringringSchema], {
        error: ({ code }) => (code === 'invalid_union' ? 'must be smpp or ringring' : undefined),
      }),
    )
    .min(1),
});

export type RoutesDocument = z.output<typeof routesFileSchema>;
export type RouteDocument = RoutesDocument['routes'][number];

function isSafe(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === 'https:' || (protocol === 'http:' && isHere(hostname));
}

/** Whether what is sent there never leaves this machine. */
export function isHere(host: string): boolean {
  return ['127.0.0.1', '::1', '[::1]', 'localhost'].includes(host);
}
