/** docker-compose.yml and production/example.env, as far as one can read them without Docker. */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';

export const ROOT = resolve(import.meta.dirname, '../../..');

const buildSchema = z.strictObject({ context: z.string(), dockerfile: z.string().default('Dockerfile') });
/** Bounded, since logs without a limit fill the disk. */
const loggingSchema = z.strictObject({
  driver: z.literal('json-file'),
  options: z.strictObject({ 'max-size': z.string(), 'max-file': z.string() }),
});
/** Strict, since `network_mode`, for one, would publish ports without naming them. */
const serviceSchema = z.strictObject({
  image: z.string().optional(),
  build: buildSchema.optional(),
  environment: z.record(z.string(), z.string()).default({}),
  /** SOURCE:TARGET[:ro] */
  volumes: z.array(z.string()).default([]),
  ports: z.array(z.string()).default([]),
  networks: z.array(z.string()),
  depends_on: z.unknown().optional(),
  healthcheck: z.unknown().optional(),
  /** Compose starts it only when COMPOSE_PROFILES names one of them. */
  profiles: z.array(z.string()).default([]),
  restart: z.literal('unless-stopped'),
  logging: loggingSchema,
  stop_grace_period: z.string().optional(),
});
const composeSchema = z.strictObject({
  name: z.string(),
  'x-logging': loggingSchema,
  'x-role': z.unknown(),
  'x-settings': z.unknown(),
  services: z.record(z.string(), serviceSchema),
  networks: z.record(z.string(), z.strictObject({ internal: z.boolean() }).nullable()),
  volumes: z.record(z.string(), z.unknown()),
});

export type Compose = z.output<typeof composeSchema>;

export async function readComposeText(): Promise<string> {
  return await readFile(resolve(ROOT, 'docker-compose.yml'), 'utf8');
}

/** Throws for what is no YAML, or has another form than the file in the repository. */
export function parseCompose(text: string): Compose {
  return composeSchema.parse(parse(text, { merge: true }));
}

/** Names and values; `commented`: also of those that stand behind a comment sign. */
export async function readExample(options: { commented: boolean }): Promise<Record<string, string>> {
  const text = await readFile(resolve(ROOT, 'production/example.env'), 'utf8');
  const line = options.commented ? /^(?:# )?([A-Z_]+)=(.*)$/gm : /^([A-Z_]+)=(.*)$/gm;
  return Object.fromEntries([...text.matchAll(line)].map(([, name, value]) => [name, value]));
}

const PLACE = /\$\{(\w+)(?::([?-])([^}]*))?\}/g;

/** The variables that a text takes from `.env`. */
export function variablesIn(text: string): { name: string; required: boolean }[] {
  return [...text.matchAll(PLACE)].map(([, name = '', operator]) => ({ name, required: operator === '?' }));
}

/** `${NAME}`, `${NAME:-default}` and `${NAME:?message}` filled in as compose does. */
export function fillIn(text: string, values: Record<string, string>): string {
  return text.replace(PLACE, (_, name: string, operator?: string, rest = '') => {
    const value = values[name] ?? '';
    if (value !== '') return value;
    if (operator === '?') throw new Error(`${name} ${rest}`);
    return operator === '-' ? rest : '';
  });
}
