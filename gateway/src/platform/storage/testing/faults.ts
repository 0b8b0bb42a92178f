/** Databases that fail on purpose. */
import type { Kysely } from 'kysely';
import type { Database } from '../database.ts';
import { StorageError } from '../errors.ts';

type StateOf = (sql: Kysely<unknown>) => Promise<string | undefined>;

/** The same database, with its writes done in another way. */
export function withWrite(database: Database, write: Database['write']): Database {
  const changed: Database = { ...database, write, withTables: <Others>() => changed as unknown as Database<Others> };
  return changed;
}

/**
 * The same database, but the answer to the first write that takes `state` from one value to the other is lost: what it
 * wrote is there, and whoever wrote it is told `STORAGE_UNAVAILABLE`. `meanwhile` happens before that.
 */
export function losingAnswer(
  database: Database,
  { state, from, to, meanwhile }: { state: StateOf; from: string; to: string; meanwhile: () => void },
): { database: Database; lost: () => number } {
  let lost = 0;
  const lossy = withWrite(database, async (work) => {
    let isIt = false;
    const result = await database.write(async (sql) => {
      const before = await state(sql);
      const done = await work(sql);
      isIt = before === from && (await state(sql)) === to;
      return done;
    });
    if (!isIt || lost > 0) return result;
    lost++;
    meanwhile();
    throw unavailable();
  });
  return { database: lossy, lost: () => lost };
}

export function unavailable(): StorageError {
  return new StorageError('STORAGE_UNAVAILABLE', 'on purpose');
}
