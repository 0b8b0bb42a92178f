import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { z } from 'zod';
import { ROLE_NAMES, type RoleName } from '../config.ts';
import { dataKeysSchema, listSchema } from '../platform/run/index.ts';
import { createSealer, type Database, openDatabase, type Sealer } from '../platform/storage/index.ts';
import { CommandError } from './command.ts';

const RUN_FILE = resolve(import.meta.dirname, '../../../.civicline/run.json');

const runFileSchema = z.object({
  gatewayUrl: z.string().optional(),
  /** The gateway's settings, by the names of its environment variables. */
  settings: z.record(z.string(), z.string()).default({}),
});

/** How to reach the installation. What a command does not need may be missing. */
export interface Settings {
  /** Runs `work` with a role's database, and closes it. */
  withDatabase<Result>(role: string, work: (database: Database) => Promise<Result>): Promise<Result>;
  /** Of all roles, each once. */
  databaseUrls(): string[];
  /** The roles of this process, or all of them where CIVICLINE_ROLES is not set. */
  roles(): RoleName[];
  /** With the role's own data key, or the one that all share. */
  sealer(role: string): Sealer;
  /** Where the gateway's processes answer. */
  gatewayUrls(): string[];
}

/** From the environment; what is not there, from the run file of `npm start`, which CIVICLINE_RUN_FILE may name. */
export async function readSettings(environment: Record<string, string | undefined>): Promise<Settings> {
  const text = await readFile(environment.CIVICLINE_RUN_FILE || RUN_FILE, 'utf8').catch(() => '{}');
  const { gatewayUrl, settings } = runFileSchema.parse(JSON.parse(text));
  const known: Record<string, string | undefined> = { CIVICLINE_GATEWAY_URL: gatewayUrl, ...settings };

  function need(name: string): string {
    const value = environment[name] || known[name];
    if (!value) throw new CommandError(`Set ${name}, or start Civicline here with: npm start`);
    return value;
  }

  /** The role's own variable, or the one that all share. */
  function ownOrShared(name: string, role: string): { name: string; value: string } {
    const own = `${name}_${role.toUpperCase()}`;
    const value = environment[own] || (environment[name] ? undefined : known[own]);
    return value ? { name: own, value } : { name, value: need(name) };
  }
  const databaseUrl = (role: string) => ownOrShared('DATABASE_URL', role).value;

  return {
    async withDatabase(role, work) {
      const database = await openDatabase({ url: databaseUrl(role), role });
      try {
        return await work(database);
      } finally {
        await database.close();
      }
    },
    databaseUrls() {
      const own = ROLE_NAMES.flatMap((role) => {
        const name = `DATABASE_URL_${role.toUpperCase()}`;
        return environment[name] || known[name] || [];
      });
      const shared = environment.DATABASE_URL || known.DATABASE_URL;
      const urls = new Set(shared ? [shared, ...own] : own);
      return urls.size > 0 ? [...urls] : [need('DATABASE_URL')];
    },
    roles() {
      const chosen = listSchema.parse(environment.CIVICLINE_ROLES);
      return chosen.length === 0 ? [...ROLE_NAMES] : ROLE_NAMES.filter((role) => chosen.includes(role));
    },
    sealer(role) {
      const { name, value } = ownOrShared('CIVICLINE_DATA_KEY', role);
      const keys = dataKeysSchema.safeParse(value);
      // Else what it seals could not be opened by the gateway.
      if (!keys.success) throw new CommandError(`${name} ${keys.error.issues[0]?.message}`);
      return createSealer(keys.data);
    },
    gatewayUrls: () => listSchema.parse(need('CIVICLINE_GATEWAY_URL')).map((url) => url.replace(/\/+$/, '')),
  };
}
