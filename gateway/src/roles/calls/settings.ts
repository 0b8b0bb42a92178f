/** What the calls role needs to be told. */
import { z } from 'zod';
import {
  addressShape,
  isLoopback,
  json,
  keySchema,
  listSchema,
  publicUrlOf,
  safetyShape,
  urlSchema,
} from '../../platform/run/index.ts';

const asteriskSchema = z.strictObject({
  id: z.string().min(1),
  /** Where ARI answers, such as http://127.0.0.1:8088 */
  url: urlSchema,
  user: z.string().min(1),
  password: z.string().min(1),
  /** Where agents' browsers find SIP over WebSocket. */
  softphoneUrl: z.url({ protocol: /^wss?$/ }),
  sipDomain: z.string().min(1),
});

const turnSchema = z.strictObject({
  urls: z.array(z.string().regex(/^turns?:[^\s?]+(\?transport=(udp|tcp))?$/, 'must be turn:HOST or turns:HOST')).min(1),
  /** As coturn's `static-auth-secret`. */
  secret: z.string().min(16, 'must have 16 characters or more'),
});

const exchangeKeySchema = z.strictObject({
  organisation: z.string().min(1),
  /** Who uses the key; appears in logs. */
  name: z.string().min(1),
  key: z.string().min(16, 'must have 16 characters or more'),
});

export const callsSettingsSchema = z
  .object({
    ...addressShape,
    ...safetyShape,
    CIVICLINE_ORGANISATIONS: z.string().min(1),
    CIVICLINE_SESSION_KEY: keySchema,
    CIVICLINE_ASTERISKS: json(z.array(asteriskSchema)).prefault('[]'),
    /** For agents' pages in networks through which sound finds no other way. */
    CIVICLINE_TURN: json(turnSchema).optional(),
    CIVICLINE_IRMA_URL: urlSchema,
    CIVICLINE_IRMA_TOKEN: z.string().min(1),
    /** Under which the IRMA server reaches this gateway; absent: the public URL. */
    CIVICLINE_IRMA_CALLBACK_URL: urlSchema.optional(),
    /** Where wallets and the widget reach the IRMA server: the demo pages' security policy names it. */
    CIVICLINE_IRMA_CLIENT_URL: urlSchema.optional(),
    /** Where this gateway itself reaches what wallets speak to; absent: where wallets do. */
    CIVICLINE_IRMA_FRONTEND_URL: urlSchema.optional(),
    CIVICLINE_OIDC_ISSUER: urlSchema.refine(
      (url) => url.startsWith('https:') || isLoopback(url),
      'must be https, except on the loopback address',
    ),
    CIVICLINE_OIDC_CLIENT_ID: z.string().min(1),
    CIVICLINE_OIDC_CLIENT_SECRET: z.string().min(1),
    /** Authentication context classes (`acr`), one of which the provider must confirm; by comma. */
    CIVICLINE_OIDC_ACR: listSchema,
    /** Agents may be known by a mail address for which the provider sends no `email_verified`. */
    CIVICLINE_OIDC_TRUST_EMAIL: z.stringbool().default(false),
    /** How long ago an agent may have signed in at the provider. */
    CIVICLINE_OIDC_MAX_AGE_MINUTES: z.coerce.number().int().min(1).max(1440).default(720),
    /** A sign-in ends when the agent did nothing for so long; a call in hand counts as doing something. */
    CIVICLINE_SESSION_IDLE_MINUTES: z.coerce.number().int().min(5).max(720).default(120),
    CIVICLINE_EXCHANGE_KEYS: json(z.array(exchangeKeySchema)).prefault('[]'),
    /** How many call requests one address may create per minute; 0: any number. */
    CIVICLINE_CALL_REQUESTS_PER_MINUTE: z.coerce.number().int().min(0).default(30),
    /** How long a code can be keyed after the disclosure. */
    CIVICLINE_CODE_MINUTES: z.coerce.number().min(1).max(60).default(10),
  })
  .transform((values) => {
    const publicUrl = publicUrlOf(values);
    return {
      publicUrl,
      allowInsecure: values.CIVICLINE_ALLOW_INSECURE,
      organisationsFile: values.CIVICLINE_ORGANISATIONS,
      sessionKey: values.CIVICLINE_SESSION_KEY,
      asterisks: values.CIVICLINE_ASTERISKS,
      turn: values.CIVICLINE_TURN ?? null,
      irma: {
        url: values.CIVICLINE_IRMA_URL,
        token: values.CIVICLINE_IRMA_TOKEN,
        callbackUrl: values.CIVICLINE_IRMA_CALLBACK_URL ?? publicUrl,
        clientUrl: values.CIVICLINE_IRMA_CLIENT_URL ?? null,
        frontendUrl: values.CIVICLINE_IRMA_FRONTEND_URL ?? null,
      },
      signIn: {
        issuer: values.CIVICLINE_OIDC_ISSUER,
        clientId: values.CIVICLINE_OIDC_CLIENT_ID,
        clientSecret: values.CIVICLINE_OIDC_CLIENT_SECRET,
        acr: values.CIVICLINE_OIDC_ACR,
        trustEmail: values.CIVICLINE_OIDC_TRUST_EMAIL,
        maxAgeSeconds: values.CIVICLINE_OIDC_MAX_AGE_MINUTES * 60,
        idleMinutes: values.CIVICLINE_SESSION_IDLE_MINUTES,
      },
      exchangeKeys: values.CIVICLINE_EXCHANGE_KEYS,
      callRequestsPerMinute: values.CIVICLINE_CALL_REQUESTS_PER_MINUTE,
      codeMinutes: values.CIVICLINE_CODE_MINUTES,
    };
  });

export type CallsSettings = z.output<typeof callsSettingsSchema>;
export type AsteriskSettings = CallsSettings['asterisks'][number];
export type TurnSettings = z.output<typeof turnSchema>;
