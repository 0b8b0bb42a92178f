/**
 * One role's database, on SQLite or PostgreSQL; features write their SQL with Kysely and see no difference. What was
 * acknowledged survives kill -9 and a power cut; the group commit (group-commit.ts) makes that cheap.
 */
import { join } from 'node:path';
import type { Kysely } from 'kysely';
import type { Write, WriteOptions } from './group-commit.ts';
import { type Migration, migrate } from './migrate.ts';
import { openPostgres } from './postgresql.ts';
import { openSqlite } from './sqlite.ts';

/** One open database: how to read it and how to write it. */
export interface Engine {
  engine: Database['engine'];
  sql: Kysely<unknown>;
  write: Write;
  /** For migrations, which take as long as they take. */
  writeWithoutLimits: Write;
  /** Called when no write is under way. */
  close(): Promise<void>;
}

export interface Database<Tables = unknown> {
  readonly engine: 'sqlite' | 'postgresql';
  /** For reading, outside of a write's work. It sees what was acknowledged before. */
  readonly sql: Kysely<Tables>;
  /**
   * Runs `work` atomically and durably: resolves after the commit. The works of this process run one after another
   * (those of other gateways on PostgreSQL beside them); several share one commit, and one that throws undoes only
   * itself. A statement that fails fails its work, also when the work catches the error. `work` may wait for its own
   * SQL only, for nothing else. Rejects with a {@link StorageError} when the database fails.
   */
  write<Result>(work: (sql: Kysely<Tables>) => Promise<Result>, options?: WriteOptions): Promise<Result>;
  /** The same database, seen as the tables of one feature. */
  withTables<Others>(): Database<Others>;
  /** Brings the feature's tables up to its last migration. */
  migrate(feature: string, migrations: readonly Migration[]): Promise<void>;
  /** Waits for the writes under way. Repeats wait for the first. */
  close(): Promise<void>;
}

/**
 * Opens or creates the database of a role. `url`: `file:FOLDER` (SQLite, the file FOLDER/<role>.db), `memory:` or
 * `postgres://…` (the schema <role> of that database). `role`: lower-case letters and `_`. Throws a
 * {@link StorageError} when a server does not answer within seconds.
 */
export async function openDatabase({ url, role }: { url: string; role: string }): Promise<Database> {
  if (!/^[a-z_]+$/.test(role)) throw new Error(`"${role}" is no name of a role.`);
  if (url === 'memory:') return databaseOf(openSqlite(':memory:'));
  if (url.startsWith('file:')) return databaseOf(openSqlite(join(url.slice('file:'.length), `${role}.db`)));
  if (/^postgres(ql)?:/.test(url)) return databaseOf(await openPostgres(url, role));
  throw new Error('A database URL begins with file:, postgres: or memory:.');
}

function databaseOf({ engine, sql, write, writeWithoutLimits, close }: Engine): Database {
  let closed: Promise<void> | undefined;
  const database: Database = {
    engine,
    sql,
    write,
    withTables: <Others>() => database as unknown as Database<Others>,
    migrate: (feature, migrations) => migrate(writeWithoutLimits, feature, migrations),
    close: () => (closed ??= closeAfterWrites()),
  };

  async function closeAfterWrites(): Promise<void> {
    await write(async () => undefined).catch(() => undefined);
    await close();
  }

  return database;
}
