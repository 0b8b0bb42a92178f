/** Until the storage brings them. */
import type { Kysely } from 'kysely';
import type { Database } from '../../storage/index.ts';

export type Engine = 'sqlite' | 'postgresql';

export function engineOf(database: Database): Engine {
  return (database as { engine?: Engine }).engine ?? 'sqlite';
}

export async function insertMany(sql: Kysely<unknown>, table: string, rows: readonly object[]): Promise<void> {
  for (let i = 0; i < rows.length; i += 500) {
    await (sql as Kysely<Record<string, object>>)
      .insertInto(table)
      .values(rows.slice(i, i + 500) as never)
      .execute();
  }
}
