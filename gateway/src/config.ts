/**
 * The gateway's configuration: environment variables → one schema → one frozen object, parsed once at start.
 * Nothing else in the gateway reads the environment.
 */
import { CHANNELS } from '@civicline/protocol';
import { z } from 'zod';
import { emailSettingsSchema } from './roles/channels/email/index.ts';
import { DEFAULT_WINDOWS, type SendWindows, SMIS_DEFAULTS } from './roles/smis/index.ts';

const urlSchema = z.url({ protocol: /^https?$/ }).transform((url) => url.replace(/\/+$/, ''));
/** Scheme, host and port, as browsers write them. */
const originSchema = z
  .url({ protocol: /^https?$/ })
  .refine((url) => /^\/*$/.test(new URL(url).pathname), 'must be a host without a path')
  .transform((url) => new URL(url).origin);
const keySchema = z
  .string({ error: 'is missing; make one with: openssl rand -base64 32' })
  .transform((text) => Buffer.from(text, 'base64'))
  .refine((key) => key.length === 32, 'must be 32 bytes in base64; make one with: openssl rand -base64 32');
/** Of CIVICLINE_DATA_KEY, also for the command line. */
export const dataKeysSchema = z
  .string({ error: 'is missing; make one with: openssl rand -base64 32' })
  .transform((text) => text.split(','))
  .pipe(z.array(keySchema).min(1));

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

/** X25519, base64url: opens what senders sealed. */
const sealingKeySchema = z.strictObject({
  keyId: z.string().regex(/^[\w-]{1,64}$/, 'must be letters, digits, hyphens and underscores'),
  privateKey: z.string().regex(/^[\w-]{43}$/, 'must be 32 bytes in base64url'),
});

const tokenIssuerSchema = z.strictObject({ issuer: urlSchema, audience: z.string().min(1), keysUrl: urlSchema });

const clockTime = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$|^24:00$/, 'must be HH:MM');
/** null: at any time. */
const sendWindowSchema = z
  .strictObject({
    from: clockTime,
    to: clockTime,
    days: z.array(z.number().int().min(1).max(7)).min(1),
    holidays: z.boolean(),
  })
  // `HH:MM` sorts as it is timed.
  .refine(({ from, to }) => from < to, 'must end after it begins, on the same day; at any time is null')
  .nullable();
const sendWindowsSchema = z.partialRecord(
  z.enum(CHANNELS),
  z.strictObject({
    individual: sendWindowSchema.optional(),
    informative: sendWindowSchema.optional(),
    broadcast: sendWindowSchema.optional(),
  }),
);
const holidaysSchema = z.partialRecord(z.enum(['Europe/Brussels', 'Europe/Amsterdam']), z.array(z.iso.date()));

const environmentSchema = z.object({
  CIVICLINE_LISTEN: z
    .string()
    .regex(/^(\[[0-9a-fA-F:]+\]|[\w.-]+):\d{1,5}$/, 'must be HOST:PORT, such as 127.0.0.1:3000')
    .default('127.0.0.1:3000'),
  /** Where browsers reach the gateway; absent: the address it listens on. */
  CIVICLINE_PUBLIC_URL: originSchema.optional(),
  CIVICLINE_ORGANISATIONS: z.string().min(1),
  /** `file:FOLDER`: SQLite, one file per role; `postgres://…`: one schema per role. */
  DATABASE_URL: z
    .string({ error: 'is missing; use file:FOLDER, or postgres://USER:PASSWORD@HOST/DATABASE' })
    .regex(/^(file:.|memory:$|postgres(ql)?:\/\/.)/, 'must begin with file: or postgres://'),
  /** Seals attributes and codes. Several, separated by commas: the first seals, all of them open (key rotation). */
  CIVICLINE_DATA_KEY: dataKeysSchema,
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
  CIVICLINE_OIDC_ACR: z.string().default(''),
  /** Agents may be known by a mail address for which the provider sends no `email_verified`. */
  CIVICLINE_OIDC_TRUST_EMAIL: z.stringbool().default(false),
  /** How long ago an agent may have signed in at the provider. */
  CIVICLINE_OIDC_MAX_AGE_MINUTES: z.coerce.number().int().min(1).max(1440).default(720),
  /** A sign-in ends when the agent did nothing for so long; a call in hand counts as doing something. */
  CIVICLINE_SESSION_IDLE_MINUTES: z.coerce.number().int().min(5).max(720).default(120),
  CIVICLINE_EXCHANGE_KEYS: json(z.array(exchangeKeySchema)).prefault('[]'),
  CIVICLINE_DEMO: z.stringbool().default(false),
  /** Of the demonstration: where the phones of its SMSC simulator can be seen. */
  CIVICLINE_PHONES_URL: urlSchema.optional(),
  CIVICLINE_LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
  /** Whose X-Forwarded-For counts: addresses, ranges or the words loopback, linklocal, uniquelocal; by comma. */
  CIVICLINE_TRUSTED_PROXIES: z.string().min(1).default('loopback'),
  /** How many call requests one address may create per minute; 0: any number. */
  CIVICLINE_CALL_REQUESTS_PER_MINUTE: z.coerce.number().int().min(0).default(30),
  /** How long a code can be keyed after the disclosure. */
  CIVICLINE_CODE_MINUTES: z.coerce.number().min(1).max(60).default(10),
  /** The SMS routes file; absent: there is no SMS channel. */
  CIVICLINE_SMS_ROUTES: z.string().min(1).optional(),
  /** The first is published for senders to seal for; all of them open (key rotation). */
  CIVICLINE_SMS_KEYS: json(z.array(sealingKeySchema)).prefault('[]'),
  /** The SMTP server and what belongs to it; absent: there is no e-mail channel. */
  CIVICLINE_EMAIL: json(emailSettingsSchema).optional(),
  /** As CIVICLINE_SMS_KEYS. */
  CIVICLINE_EMAIL_KEYS: json(z.array(sealingKeySchema)).prefault('[]'),
  /** Whose access tokens senders may come with, beside API keys. */
  CIVICLINE_TOKEN_ISSUER: json(tokenIssuerSchema).optional(),
  /** Networks in CIDR notation in which webhooks may stand although they are not public; by comma. */
  CIVICLINE_WEBHOOK_NETWORKS: z.string().default(''),
  /** What differs from the usual send windows, by channel and category; null: at any time. */
  CIVICLINE_SEND_WINDOWS: json(sendWindowsSchema).prefault('{}'),
  /** Dates by time zone. */
  CIVICLINE_HOLIDAYS: json(holidaysSchema).prefault('{}'),
});

/** What the gateway was told; see the variables' comments in this file. */
export type Config = Readonly<ReturnType<typeof arrange>>;
export type AsteriskConfig = Config['asterisks'][number];
export type TurnConfig = z.output<typeof turnSchema>;

/** Names each variable that is missing or wrong. */
export class ConfigError extends Error {
  readonly code = 'CONFIG_INVALID';
}

/** Parses the environment. Throws {@link ConfigError}; never repeats a value, which may be a secret. */
export function readConfig(environment: Record<string, string | undefined>): Config {
  const parsed = environmentSchema.safeParse(withoutEmpty(environment));
  if (!parsed.success) {
    const lines = parsed.error.issues.map((issue) => `  ${describePath(issue.path)}: ${describeIssue(issue)}`);
    throw new ConfigError(`The gateway's configuration is not complete:\n${lines.join('\n')}`);
  }
  return Object.freeze(arrange(parsed.data));
}

function arrange(values: Values) {
  const [, host = '', port = ''] = /^(.*):(\d+)$/.exec(values.CIVICLINE_LISTEN) ?? [];
  const publicUrl = values.CIVICLINE_PUBLIC_URL ?? `http://${values.CIVICLINE_LISTEN}`;
  return {
    listen: { host: host.replace(/^\[|\]$/g, ''), port: Number(port) },
    publicUrl,
    organisationsFile: values.CIVICLINE_ORGANISATIONS,
    databaseUrl: values.DATABASE_URL,
    dataKeys: values.CIVICLINE_DATA_KEY,
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
      acr: values.CIVICLINE_OIDC_ACR.split(',').flatMap((part) => part.trim() || []),
      trustEmail: values.CIVICLINE_OIDC_TRUST_EMAIL,
      maxAgeSeconds: values.CIVICLINE_OIDC_MAX_AGE_MINUTES * 60,
      idleMinutes: values.CIVICLINE_SESSION_IDLE_MINUTES,
    },
    exchangeKeys: values.CIVICLINE_EXCHANGE_KEYS,
    demo: values.CIVICLINE_DEMO,
    phonesUrl: values.CIVICLINE_PHONES_URL ?? null,
    logLevel: values.CIVICLINE_LOG_LEVEL,
    trustedProxies: values.CIVICLINE_TRUSTED_PROXIES.split(',').map((part) => part.trim()),
    callRequestsPerMinute: values.CIVICLINE_CALL_REQUESTS_PER_MINUTE,
    codeMinutes: values.CIVICLINE_CODE_MINUTES,
    sms: smsOf(values),
    email: emailOf(values),
    smis: {
      ...SMIS_DEFAULTS,
      tokenIssuer: values.CIVICLINE_TOKEN_ISSUER ?? null,
      webhookNetworks: values.CIVICLINE_WEBHOOK_NETWORKS.split(',').flatMap((part) => part.trim() || []),
      sendWindows: sendWindowsOf(values.CIVICLINE_SEND_WINDOWS),
      holidays: { ...SMIS_DEFAULTS.holidays, ...values.CIVICLINE_HOLIDAYS },
    },
  };
}

type Values = z.output<typeof environmentSchema>;

function smsOf({ CIVICLINE_SMS_ROUTES: routesFile, CIVICLINE_SMS_KEYS: keys }: Values) {
  return routesFile === undefined ? null : { routesFile, keys: oneOrMore(keys, 'CIVICLINE_SMS_KEYS') };
}

function emailOf({ CIVICLINE_EMAIL: settings, CIVICLINE_EMAIL_KEYS: keys }: Values) {
  return settings === undefined ? null : { settings, keys: oneOrMore(keys, 'CIVICLINE_EMAIL_KEYS') };
}

function oneOrMore<T>([current, ...older]: T[], variable: string) {
  if (!current) throw new ConfigError(`${variable} is missing; make one with: npx civicline keys new`);
  return [current, ...older] as const;
}

function sendWindowsOf(changes: Values['CIVICLINE_SEND_WINDOWS']): SendWindows {
  const windowsOf = (channel: keyof SendWindows) => ({ ...DEFAULT_WINDOWS[channel], ...changes[channel] });
  return { app: windowsOf('app'), sms: windowsOf('sms'), email: windowsOf('email') } as SendWindows;
}

/** A variable that holds JSON. */
function json<Schema extends z.ZodType>(schema: Schema) {
  return z
    .string()
    .transform((text, context) => {
      try {
        return JSON.parse(text) as unknown;
      } catch {
        context.addIssue({ code: 'custom', message: 'must be JSON' });
        return z.NEVER;
      }
    })
    .pipe(schema);
}

/** An empty variable counts as absent: container files often pass them on so. */
function withoutEmpty(environment: Record<string, string | undefined>): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== undefined && value !== ''));
}

function isLoopback(url: string): boolean {
  return ['127.0.0.1', 'localhost', '[::1]'].includes(new URL(url).hostname);
}

function describePath([variable, ...rest]: PropertyKey[]): string {
  return [String(variable), ...rest.map((part) => `[${String(part)}]`)].join('');
}

function describeIssue(issue: z.core.$ZodIssue): string {
  const missing = issue.code === 'invalid_type' && issue.message.endsWith('received undefined');
  return missing ? 'is missing' : issue.message;
}
