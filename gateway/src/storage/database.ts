/**
 * One role's database. SQLite today; features write their SQL with Kysely, so that PostgreSQL can be the second engine
 * without a change in them. What was acknowledged survives kill -9 and a power cut; the group commit (group-commit.ts)
 * makes that cheap.
 */
import type { Kysely } from 'kysely';
import { type Migration, migrate } from './migrate.ts';
import { type Engine, openSqlite } from './sqlite.ts';

export interface Database<Tables = unknown> {
  /** For reading. A statement here waits for a group of writes that is under way, and must not be used within one. */
  readonly sql: Kysely<Tables>;
  /**
   * Runs `work` atomically and durably: resolves after the commit. Works run one after another; several share one
   * commit, and one that throws undoes only itself. A statement that fails fails its work, also when the work catches
   * the error. `work` may wait for its own SQL only, for nothing else.
   */
  write<Result>(work: (sql: Kysely<Tables>) => Promise<Result>): Promise<Result>;
  /** The same database, seen as the tables of one feature. */
  withTables<Others>(): Database<Others>;
  /** Brings the feature's tables up to its last migration. */
  migrate(feature: string, migrations: readonly Migration[]): Promise<void>;
  /** Waits for the writes under way. */
  close(): Promise<void>;
}

/** Opens or creates the database file; `:memory:` keeps it in memory. */
export function openDatabase(file: string): Database {
  return databaseOf(openSqlite(file));
}

function databaseOf({ sql, write, close }: Engine): Database {
  const database: Database = {
    sql,
    write,
    withTables: <Others>() => database as unknown as Database<Others>,
    migrate: (feature, migrations) => migrate(database, feature, migrations),
    async close() {
      await write(async () => undefined);
      await close();
    },
  };
  return database;
}
