/**
 * One role's database. SQLite today; features write their SQL with Kysely, so that PostgreSQL can be the second engine
 * without a change in them. What was acknowledged survives kill -9 and a power cut; the group commit (group-commit.ts)
 * makes that cheap.
 */
import { join } from 'node:path';
import type { Kysely } from 'kysely';
import { deleteMany, insertMany, selectMany, updateMany } from './batch.ts';
import { type Migration, migrate } from './migrate.ts';
import { type Engine, openSqlite } from './sqlite.ts';

export interface Database<Tables = unknown> {
  readonly engine: 'sqlite' | 'postgresql';
  /** For reading. A statement here waits for a group of writes that is under way, and must not be used within one. */
  readonly sql: Kysely<Tables>;
  /**
   * Runs `work` atomically and durably: resolves after the commit. Works run one after another; several share one
   * commit, and one that throws undoes only itself. A statement that fails fails its work, also when the work catches
   * the error. `work` may wait for its own SQL only, for nothing else.
   */
  write<Result>(work: (sql: Kysely<Tables>) => Promise<Result>): Promise<Result>;
  /** Hundreds of rows by one statement: see batch.ts. */
  readonly insertMany: typeof insertMany;
  readonly updateMany: typeof updateMany;
  readonly deleteMany: typeof deleteMany;
  readonly selectMany: typeof selectMany;
  /** The same database, seen as the tables of one feature. */
  withTables<Others>(): Database<Others>;
  /** Brings the feature's tables up to its last migration. */
  migrate(feature: string, migrations: readonly Migration[]): Promise<void>;
  /** Waits for the writes under way. */
  close(): Promise<void>;
}

/** Opens or creates a SQLite file; `:memory:` keeps it in memory. Being replaced by the one below. */
export function openDatabase(file: string): Database;
/**
 * Opens or creates the database of a role. `url`: `file:FOLDER` (SQLite, the file FOLDER/<role>.db) or `memory:`.
 * `role`: lower-case letters and `_`.
 */
export function openDatabase(options: { url: string; role: string }): Promise<Database>;
export function openDatabase(options: string | { url: string; role: string }): Database | Promise<Database> {
  if (typeof options === 'string') return databaseOf(openSqlite(options));
  return openRole(options.url, options.role);
}

async function openRole(url: string, role: string): Promise<Database> {
  if (!/^[a-z_]+$/.test(role)) throw new Error(`"${role}" is no name of a role.`);
  if (url === 'memory:') return databaseOf(openSqlite(':memory:'));
  if (url.startsWith('file:')) return databaseOf(openSqlite(join(url.slice('file:'.length), `${role}.db`)));
  throw new Error('A database URL begins with file: or memory:.');
}

function databaseOf({ engine, sql, write, close }: Engine): Database {
  const database: Database = {
    engine,
    sql,
    write,
    insertMany,
    updateMany,
    deleteMany,
    selectMany,
    withTables: <Others>() => database as unknown as Database<Others>,
    migrate: (feature, migrations) => migrate(database, feature, migrations),
    async close() {
      await write(async () => undefined);
      await close();
    },
  };
  return database;
}
