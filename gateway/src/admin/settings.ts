import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { z } from 'zod';
import { dataKeysSchema } from '../platform/run/index.ts';
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
  databaseUrl(): string;
  sealer(): Sealer;
  /** Where the gateway answers. */
  gatewayUrl(): string;
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

  return {
    async withDatabase(role, work) {
      const database = await openDatabase({ url: need('DATABASE_URL'), role });
      try {
        return await work(database);
      } finally {
        await database.close();
      }
    },
    databaseUrl: () => need('DATABASE_URL'),
    sealer() {
      const keys = dataKeysSchema.safeParse(need('CIVICLINE_DATA_KEY'));
      // Else what it seals could not be opened by the gateway.
      if (!keys.success) throw new CommandError(`CIVICLINE_DATA_KEY ${keys.error.issues[0]?.message}`);
      return createSealer(keys.data);
    },
    gatewayUrl: () => need('CIVICLINE_GATEWAY_URL').replace(/\/+$/, ''),
  };
}
