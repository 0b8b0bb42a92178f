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
    CIVICLINE_ORGANISATIONS: z.string().min(1).describe('the YAML file of organisations, queues, agents'),
    CIVICLINE_SESSION_KEY: keySchema.describe('32 bytes in base64'),
    CIVICLINE_ASTERISKS: json(z.array(asteriskSchema))
      .prefault('[]')
      .describe('JSON: `id`, `url`, `user`, `password`, `softphoneUrl`, `sipDomain` each'),
    CIVICLINE_TURN: json(turnSchema)
      .optional()
      .describe(
        "JSON: `urls` and `secret` of a TURN server (coturn's `use-auth-secret`), for agents' pages behind strict firewalls",
      ),
    CIVICLINE_IRMA_URL: urlSchema.describe('where the Yivi server answers requestors'),
    CIVICLINE_IRMA_TOKEN: z.string().min(1).describe("the gateway's token there"),
    CIVICLINE_IRMA_CALLBACK_URL: urlSchema
      .optional()
      .describe('under which the Yivi server reaches the gateway; absent: the public URL'),
    CIVICLINE_IRMA_CLIENT_URL: urlSchema.optional().describe('where the app and the widget reach the Yivi server'),
    CIVICLINE_IRMA_FRONTEND_URL: urlSchema
      .optional()
      .describe(
        'where the gateway itself reaches that part of the Yivi server, for pairing; absent: where the app does',
      ),
    CIVICLINE_OIDC_ISSUER: urlSchema
      .refine((url) => url.startsWith('https:') || isLoopback(url), 'must be https, except on the loopback address')
      .describe('the OpenID provider of the agents'),
    CIVICLINE_OIDC_CLIENT_ID: z.string().min(1).describe("the gateway's name there"),
    CIVICLINE_OIDC_CLIENT_SECRET: z.string().min(1).describe('and its secret'),
    CIVICLINE_OIDC_ACR: listSchema.describe(
      'authentication context classes (`acr`), by comma; the provider is asked for them and must confirm one; absent: any',
    ),
    CIVICLINE_OIDC_TRUST_EMAIL: z
      .stringbool()
      .default(false)
      .describe(
        '`true`: agents may be known by an address without `email_verified`; only for a provider that issues the addresses itself',
      ),
    CIVICLINE_OIDC_MAX_AGE_MINUTES: z.coerce
      .number()
      .int()
      .min(1)
      .max(1440)
      .default(720)
      .describe('how long ago an agent may have signed in at the provider (`max_age`, `auth_time`)'),
    CIVICLINE_SESSION_IDLE_MINUTES: z.coerce
      .number()
      .int()
      .min(5)
      .max(720)
      .default(120)
      .describe('a sign-in ends when the agent did nothing for so long; a call in hand counts'),
    CIVICLINE_EXCHANGE_KEYS: json(z.array(exchangeKeySchema))
      .prefault('[]')
      .describe('JSON: other exchanges that may report calls: `organisation`, `name`, `key`'),
    CIVICLINE_CALL_REQUESTS_PER_MINUTE: z.coerce
      .number()
      .int()
      .min(0)
      .default(30)
      .describe('call requests that one address may begin; 0: any number'),
    CIVICLINE_CODE_MINUTES: z.coerce
      .number()
      .min(1)
      .max(60)
      .default(10)
      .describe('how long a code can be keyed after the disclosure'),
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
