/**
 * One role's database. SQLite today; features write their SQL with Kysely, so that PostgreSQL can be the second engine
 * without a change in them.
 *
 * Durable at once: WAL with synchronous=FULL, so what was acknowledged survives kill -9 and a power cut. Each commit
 * costs a flush to disk, hence the group commit: all writes that arrive while one is under way share the next one.
 */
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import BetterSqlite from 'better-sqlite3';
import { type ControlledTransaction, Kysely, SqliteDialect } from 'kysely';
import { type Migration, migrate } from './migrate.ts';

export interface Database<Tables = unknown> {
  /** For reading. A statement here waits for a group of writes that is under way, and must not be used within one. */
  readonly sql: Kysely<Tables>;
  /**
   * Runs `work` atomically and durably: resolves after the commit. Works run one after another; several share one
   * commit, and one that throws undoes only itself. `work` may wait for its own SQL only, for nothing else.
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
  if (file !== ':memory:') mkdirSync(dirname(file), { recursive: true });
  const driver = new BetterSqlite(file, { timeout: 5_000 });
  driver.pragma('journal_mode = WAL');
  driver.pragma('synchronous = FULL');
  driver.pragma('foreign_keys = ON');
  // What is erased is overwritten, not just unlinked.
  driver.pragma('secure_delete = ON');
  return databaseOf(new Kysely<unknown>({ dialect: new SqliteDialect({ database: keepingStatements(driver) }) }));
}

/** More than the features have queries, however long the lists in them. */
const STATEMENTS_KEPT = 500;

/** Prepares each statement once: preparing took a seventh of the time of redeeming a code. */
function keepingStatements(driver: BetterSqlite.Database) {
  const statements = new Map<string, BetterSqlite.Statement>();
  return {
    prepare(text: string): BetterSqlite.Statement {
      const kept = statements.get(text);
      if (kept) return kept;
      if (statements.size >= STATEMENTS_KEPT) statements.clear();
      const statement = driver.prepare(text);
      statements.set(text, statement);
      return statement;
    },
    close: () => driver.close(),
  };
}

function databaseOf(sql: Kysely<unknown>): Database {
  const write = groupCommit(sql);
  const database: Database = {
    sql,
    write,
    withTables: <Others>() => database as unknown as Database<Others>,
    migrate: (feature, migrations) => migrate(database, feature, migrations),
    async close() {
      await write(async () => undefined);
      await sql.destroy();
    },
  };
  return database;
}

interface Job {
  run: (sql: Kysely<unknown>) => Promise<unknown>;
  resolve: (result: never) => void;
  reject: (error: unknown) => void;
}

function groupCommit(sql: Kysely<unknown>): Database['write'] {
  let waiting: Job[] = [];
  let writing = false;

  async function writeAll(): Promise<void> {
    while (waiting.length > 0) {
      const group = waiting;
      waiting = [];
      await writeGroup(sql, group);
    }
    writing = false;
  }

  return (run) =>
    new Promise((resolve, reject) => {
      waiting.push({ run, resolve, reject });
      if (writing) return;
      writing = true;
      // The end of this turn of the event loop: everything that it brought in goes into one commit.
      setImmediate(() => void writeAll());
    });
}

async function writeGroup(sql: Kysely<unknown>, group: Job[]): Promise<void> {
  const settle: (() => void)[] = [];
  try {
    let transaction: ControlledTransaction<unknown, string[]> = await sql.startTransaction().execute();
    try {
      for (const job of group) {
        transaction = await transaction.savepoint('work').execute();
        try {
          const result = await job.run(transaction);
          settle.push(() => job.resolve(result as never));
        } catch (error) {
          await transaction.rollbackToSavepoint('work').execute();
          settle.push(() => job.reject(error));
        }
        await transaction.releaseSavepoint('work').execute();
      }
      await transaction.commit().execute();
    } catch (error) {
      await transaction.rollback().execute();
      throw error;
    }
  } catch (error) {
    for (const job of group) job.reject(error);
    return;
  }
  for (const answer of settle) answer();
}
