/** What the side-car is told: one YAML file, or the environment for one service. */
import { categorySchema, strategyStepSchema, urgencySchema } from '@civicline/protocol';
import { parseSettings, settingsText } from '@civicline/settings-file';
import { isSupportedCountry } from 'libphonenumber-js';
import { z } from 'zod';

const serviceSchema = z
  .strictObject({
    /** For logs and for the database: do not rename a service that has messages on their way. */
    name: z.string().regex(/^[a-z0-9-]{1,40}$/, 'has lower-case letters, digits and "-" only'),
    /** What the service proves itself with here. Without one it is served on this machine only, and has no RingRing API. */
    apiKey: z.string().min(8).optional(),
    /** The key of this sender at SMIS. */
    key: z.string().min(1).optional(),
    /** Instead of a key: access tokens. */
    client: z
      .strictObject({
        issuer: z.url(),
        clientId: z.string(),
        privateKeyFile: z.string(),
        keyId: z.string().optional(),
        scope: z.string().optional(),
        resource: z.string().optional(),
      })
      .optional(),
    category: categorySchema.default('individual'),
    urgency: urgencySchema.default('normal'),
    strategy: z.array(strategyStepSchema).min(1).optional(),
  })
  .refine(({ key, client }) => (key === undefined) !== (client === undefined), 'needs either "key" or "client"');

const configSchema = z
  .strictObject({
    /** SMIS's. */
    url: z.url(),
    listen: z
      .string()
      .regex(/^(\[[0-9a-fA-F:]+\]|[^:[\]]+):\d{1,5}$/, 'is written as address:port')
      .default('127.0.0.1:8025'),
    /** Where its database and key lie. */
    folder: z.string().default('.civicline-side-car'),
    /** Of numbers that are written without country code. */
    country: z
      .string()
      .refine((code) => isSupportedCountry(code), 'is not an ISO 3166 code such as BE')
      .optional(),
    /** In which the RingRing API's times are written. */
    timeZone: z
      .string()
      .refine((zone) => isTimeZone(zone), 'is not a time zone such as Europe/Brussels')
      .default('Europe/Brussels'),
    services: z.array(serviceSchema).min(1),
  })
  .superRefine(({ listen, services }, context) => {
    const names = new Set(services.map(({ name }) => name));
    if (names.size < services.length)
      context.addIssue({ code: 'custom', path: ['services'], message: 'have one name twice' });
    const keys = services.flatMap(({ apiKey }) => (apiKey === undefined ? [] : [apiKey]));
    if (new Set(keys).size < keys.length)
      context.addIssue({ code: 'custom', path: ['services'], message: 'share an apiKey' });
    if (keys.length === services.length) return;
    if (services.length > 1) context.addIssue({ code: 'custom', path: ['services'], message: 'need an apiKey each' });
    if (!/^(127\.|localhost:|\[::1\])/.test(listen)) {
      context.addIssue({ code: 'custom', path: ['listen'], message: 'may be another machine’s only with an apiKey' });
    }
  });

export type SideCarConfig = z.output<typeof configSchema>;
export type ServiceConfig = SideCarConfig['services'][number];

/** The configuration is wrong; says where. */
export class ConfigError extends Error {}

/** Reads the YAML file. A value written as `${NAME}` is taken from the environment. Throws {@link ConfigError}. */
export function readConfig(file: string, environment: NodeJS.ProcessEnv): SideCarConfig {
  const text = settingsText(file, ConfigError);
  const replace = (value: unknown) => fromEnvironment(value, environment);
  return parseSettings(text, { file, schema: configSchema, Failure: ConfigError, replace }).content;
}

/** One service, told by the environment; `destination` is SMIS's address and key. */
export function configFromEnvironment(
  environment: NodeJS.ProcessEnv,
  destination: { url: string; key: string },
): SideCarConfig {
  const {
    CIVICLINE_SIDE_CAR_LISTEN: listen,
    CIVICLINE_SIDE_CAR_FOLDER: folder,
    CIVICLINE_SIDE_CAR_API_KEY: apiKey,
    CIVICLINE_SIDE_CAR_CATEGORY: category,
    CIVICLINE_SIDE_CAR_COUNTRY: country,
  } = environment;
  const service = { name: 'service', key: destination.key, apiKey, category };
  return checkConfig({ url: destination.url, listen, folder, country, services: [service] }, 'environment');
}

/** The configuration that this value is; `where` it comes from is named in errors. Throws {@link ConfigError}. */
export function checkConfig(value: unknown, where: string): SideCarConfig {
  const parsed = configSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const mistakes = parsed.error.issues.map(
    ({ path, message }) => `${where}: ${path.join('.') || 'all of it'}: ${message}`,
  );
  throw new ConfigError(mistakes.join('\n'));
}

function fromEnvironment(value: unknown, environment: NodeJS.ProcessEnv): unknown {
  const [, name] = typeof value === 'string' ? (/^\$\{(\w+)\}$/.exec(value) ?? []) : [];
  if (name === undefined) return value;
  if (environment[name] !== undefined) return environment[name];
  throw new ConfigError(`the environment has no ${name}`);
}

function isTimeZone(zone: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }) !== null;
  } catch {
    return false;
  }
}
