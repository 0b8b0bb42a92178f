/**
 * Settings: environment variables → a schema per role → one object, parsed once at start. A process needs the settings
 * of its own roles and no others. Nothing else in the gateway reads the environment.
 */
import { z } from 'zod';

export type Environment = Record<string, string | undefined>;

/** Names each variable that is missing or wrong. */
export class ConfigError extends Error {
  readonly code = 'CONFIG_INVALID';
}

export const urlSchema = z.url({ protocol: /^https?$/ }).transform((url) => url.replace(/\/+$/, ''));

/** Scheme, host and port, as browsers write them. */
export const originSchema = z
  .url({ protocol: /^https?$/ })
  .refine((url) => /^\/*$/.test(new URL(url).pathname), 'must be a host without a path')
  .transform((url) => new URL(url).origin);

export const keySchema = z
  .string({ error: 'is missing; make one with: openssl rand -base64 32' })
  .transform((text) => Buffer.from(text, 'base64'))
  .refine((key) => key.length === 32, 'must be 32 bytes in base64; make one with: openssl rand -base64 32')
  .refine(looksRandom, 'is no random key; make one with: openssl rand -base64 32');

/** Several, separated by commas: the first seals, all of them open (key rotation). */
export const dataKeysSchema = z
  .string({ error: 'is missing; make one with: openssl rand -base64 32' })
  .transform((text) => text.split(','))
  .pipe(z.array(keySchema).min(1));

/** X25519, base64url: opens what senders sealed. The first is published for senders to seal for; all of them open. */
export const sealingKeysSchema = json(
  z.array(
    z.strictObject({
      keyId: z.string().regex(/^[\w-]{1,64}$/, 'must be letters, digits, hyphens and underscores'),
      privateKey: z
        .string()
        .regex(/^[\w-]{43}$/, 'must be 32 bytes in base64url')
        .refine((key) => looksRandom(Buffer.from(key, 'base64url')), 'is no random key'),
    }),
  ),
)
  .prefault('[]')
  .transform(([current, ...older], context) => {
    if (current) return [current, ...older] as const;
    context.addIssue({ code: 'custom', message: 'is missing; make one with: npx civicline keys new' });
    return z.NEVER;
  });

/** A variable that holds JSON. */
export function json<Schema extends z.ZodType>(schema: Schema) {
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

/** Values separated by commas. */
export const listSchema = z
  .string()
  .default('')
  .transform((text) => text.split(',').flatMap((part) => part.trim() || []));

/** Where the process listens, and where browsers, carriers and senders reach it; absent: the address it listens on. */
export const addressShape = {
  CIVICLINE_LISTEN: z
    .string()
    .regex(/^(\[[0-9a-fA-F:]+\]|[\w.-]+):\d{1,5}$/, 'must be HOST:PORT, such as 127.0.0.1:3000')
    .default('127.0.0.1:3000')
    .describe('address and port'),
  CIVICLINE_PUBLIC_URL: originSchema
    .optional()
    .describe('under which browsers, carriers and senders reach it; absent: where it listens'),
};

/** Variables that may be insecure, by comma: their networks are reached by nobody else. See `exposure.ts`. */
export const safetyShape = {
  CIVICLINE_ALLOW_INSECURE: listSchema.describe('variables that may be insecure, by comma, see *What is refused*'),
};

export function publicUrlOf(values: z.output<z.ZodObject<typeof addressShape>>): string {
  return values.CIVICLINE_PUBLIC_URL ?? `http://${values.CIVICLINE_LISTEN}`;
}

const databaseUrlSchema = z
  .string({ error: 'is missing; use file:FOLDER, or postgres://USER:PASSWORD@HOST/DATABASE' })
  .regex(/^(file:.|memory:$|postgres(ql)?:\/\/.)/, 'must begin with file: or postgres://');

/** Where a role keeps what it knows, and what it seals with. */
export interface StorageSettings {
  /** `file:FOLDER`: SQLite, one file per role; `postgres://…`: one schema per role. */
  databaseUrl: string;
  /** The first seals, all of them open. Empty: the role seals nothing. */
  dataKeys: readonly Buffer[];
}

/**
 * `DATABASE_URL_SMS` goes before `DATABASE_URL`, and `CIVICLINE_DATA_KEY_SMS` before `CIVICLINE_DATA_KEY`: roles may have
 * a database user and a key of their own, or share them.
 */
export function storageSchema(role: string, seals: boolean): z.ZodType<StorageSettings> {
  const own = (variable: string) => `${variable}_${role.toUpperCase()}`;
  return z.record(z.string(), z.string().optional()).transform((environment, context) => {
    const read = <Schema extends z.ZodType>(variable: string, schema: Schema): z.output<Schema> => {
      const name = environment[own(variable)] === undefined ? variable : own(variable);
      const parsed = schema.safeParse(environment[name]);
      if (parsed.success) return parsed.data;
      for (const { message, path } of parsed.error.issues) {
        context.addIssue({ code: 'custom', message, path: [name, ...path] });
      }
      return z.NEVER;
    };
    return {
      databaseUrl: read('DATABASE_URL', databaseUrlSchema),
      dataKeys: seals ? read('CIVICLINE_DATA_KEY', dataKeysSchema) : [],
    };
  });
}

/**
 * Parses the environment by all schemas, and answers what each gave by its name. Throws {@link ConfigError}, which names
 * every mistake and never repeats a value: it may be a secret.
 */
export function readSettings(
  schemas: readonly (readonly [name: string, schema: z.ZodType])[],
  environment: Environment,
): Record<string, unknown> {
  const present = withoutEmpty(environment);
  const mistakes = new Set<string>();
  const settings: Record<string, unknown> = {};
  for (const [name, schema] of schemas) {
    const { data, error } = schema.safeParse(present);
    settings[name] = data;
    for (const issue of error?.issues ?? []) mistakes.add(`  ${describePath(issue.path)}: ${describeIssue(issue)}`);
  }
  if (mistakes.size === 0) return settings;
  throw new ConfigError(`The gateway's configuration is not complete:\n${[...mistakes].join('\n')}`);
}

/** A variable as the documentation shows it. */
export interface Variable {
  name: string;
  required: boolean;
  /** As it would be written; empty: none, or what `meaning` says. */
  standard: string;
  meaning: string;
}

/** The variables that a schema of settings reads. */
export function variablesOf(schema: z.ZodType): string[] {
  return Object.keys(shapeOf(schema));
}

/** The same with what their schemas say of them. */
export function describeVariables(schema: z.ZodType): Variable[] {
  return Object.entries(shapeOf(schema)).map(([name, variable]) => ({
    name,
    required: !variable.safeParse(undefined).success,
    standard: standardOf(variable),
    meaning: variable.description ?? '',
  }));
}

function shapeOf(schema: z.ZodType): Record<string, z.ZodType> {
  if (schema instanceof z.ZodPipe) return shapeOf(schema.in as z.ZodType);
  if (!(schema instanceof z.ZodObject)) throw new TypeError('Settings are an object of variables.');
  return schema.shape as Record<string, z.ZodType>;
}

function standardOf(schema: z.ZodType): string {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) return String(schema.def.defaultValue);
  return schema instanceof z.ZodPipe ? standardOf(schema.in as z.ZodType) : '';
}

/** What {@link storageSchema} reads. */
export function describeStorage(seals: boolean): Variable[] {
  const url = { name: 'DATABASE_URL', meaning: 'see *The database*' };
  const key = {
    name: 'CIVICLINE_DATA_KEY',
    meaning: '32 bytes in base64; several by comma, see *Changing a data key*',
  };
  return (seals ? [url, key] : [url]).map((one) => ({ ...one, required: true, standard: '' }));
}

/** The variables that {@link storageSchema} reads. */
export function storageVariables(role: string, seals: boolean): string[] {
  const names = seals ? ['DATABASE_URL', 'CIVICLINE_DATA_KEY'] : ['DATABASE_URL'];
  return names.flatMap((name) => [name, `${name}_${role.toUpperCase()}`]);
}

/** An empty variable counts as absent: container files often pass them on so. */
function withoutEmpty(environment: Environment): Record<string, string> {
  const present = Object.entries(environment).filter(([, value]) => value !== undefined && value !== '');
  return Object.fromEntries(present) as Record<string, string>;
}

/** Whether what is sent there never leaves this machine. */
export function isLoopback(url: string): boolean {
  return ['127.0.0.1', 'localhost', '[::1]'].includes(new URL(url).hostname);
}

/** Not zeros or a pattern: of 32 random bytes fewer than 16 differ once in 10¹⁶ times. */
function looksRandom(key: Buffer): boolean {
  return new Set(key).size >= 16;
}

function describePath([variable, ...rest]: PropertyKey[]): string {
  return [String(variable), ...rest.map((part) => `[${String(part)}]`)].join('');
}

function describeIssue(issue: z.core.$ZodIssue): string {
  const missing = issue.code === 'invalid_type' && issue.message.endsWith('received undefined');
  return missing ? 'is missing' : issue.message;
}
