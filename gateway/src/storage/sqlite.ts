/**
 * SQLite, durable at once: WAL with synchronous=FULL, so what was acknowledged survives kill -9 and a power cut.
 * One connection; its statements are synchronous, so that a group of works runs without ever waiting for anything.
 */
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import BetterSqlite from 'better-sqlite3';
import {
  type CompiledQuery,
  type Kysely,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely';
import type { Database } from './database.ts';
import { directSql, type ManyTimes } from './direct-sql.ts';
import { StorageError } from './errors.ts';
import { createGroupCommit, type GroupCommit, type Job } from './group-commit.ts';

/** One open database: how to read it and how to write it. */
export interface Engine extends Pick<GroupCommit<Kysely<unknown>>, 'write'> {
  engine: Database['engine'];
  sql: Kysely<unknown>;
  /** Called when no write is under way. */
  close(): Promise<void>;
}

const DIALECT = {
  createAdapter: () => new SqliteAdapter(),
  createIntrospector: (sql: Kysely<unknown>) => new SqliteIntrospector(sql),
  createQueryCompiler: () => new SqliteQueryCompiler(),
};

/** Opens or creates the database file; `:memory:` keeps it in memory. */
export function openSqlite(file: string): Engine {
  if (file !== ':memory:') mkdirSync(dirname(file), { recursive: true });
  const driver = new BetterSqlite(file, { timeout: 5_000 });
  driver.pragma('journal_mode = WAL');
  driver.pragma('synchronous = FULL');
  driver.pragma('foreign_keys = ON');
  // What is erased is overwritten, not just unlinked.
  driver.pragma('secure_delete = ON');

  const run = statementRunner(driver);
  const commits = createGroupCommit(groupWriter(driver, run));
  const sql = directSql(DIALECT, async (query) => {
    for (let group = commits.underWay(); group; group = commits.underWay()) await group;
    return run(query);
  });
  return {
    engine: 'sqlite',
    sql,
    write: commits.write,
    async close() {
      driver.close();
    },
  };
}

type RunNow = (query: CompiledQuery) => QueryResult<unknown>;

/** More than the features have queries, however long the lists in them. */
const STATEMENTS_KEPT = 500;

/** Runs statements, each prepared once: preparing took a seventh of the time of redeeming a code. */
function statementRunner(driver: BetterSqlite.Database): RunNow {
  const statements = new Map<string, BetterSqlite.Statement>();

  function prepared(text: string): BetterSqlite.Statement {
    const kept = statements.get(text);
    if (kept) return kept;
    if (statements.size >= STATEMENTS_KEPT) statements.clear();
    const statement = driver.prepare(text);
    statements.set(text, statement);
    return statement;
  }

  return (query) => {
    const statement = prepared(query.sql);
    if ('parameterSets' in query) {
      for (const parameters of (query as ManyTimes).parameterSets) statement.run(parameters);
      return { rows: [] };
    }
    const { parameters } = query;
    if (statement.reader) return { rows: statement.all(parameters) };
    return { rows: [], numAffectedRows: BigInt(statement.run(parameters).changes) };
  };
}

/**
 * Writes a group: one transaction, in which every work has a savepoint of its own. A work that is alone needs none.
 *
 * Some errors, such as a full disk, make SQLite undo the whole transaction by itself. Then all of the group has failed,
 * and what its works still try must not be written outside of the transaction.
 */
function groupWriter(driver: BetterSqlite.Database, run: RunNow): (group: Job<Kysely<unknown>>[]) => Promise<void> {
  const [begin, commit, rollback, savepoint, undo, release] = [
    'BEGIN IMMEDIATE',
    'COMMIT',
    'ROLLBACK',
    'SAVEPOINT work',
    'ROLLBACK TO work',
    'RELEASE work',
  ].map((text) => driver.prepare(text)) as [Command, Command, Command, Command, Command, Command];
  /** The first error of a statement of the present work. */
  let failure: { error: unknown } | undefined;

  const sql = directSql(DIALECT, async (query) => {
    if (failure) throw failure.error;
    if (!driver.inTransaction) throw new StorageError('STORAGE_MISUSED', 'the work has ended.');
    try {
      return run(query);
    } catch (error) {
      failure = { error: named(error) };
      throw failure.error;
    }
  });

  /** Returns how to tell the caller, once the commit is done. */
  async function runJob(job: Job<Kysely<unknown>>, isAlone: boolean): Promise<() => void> {
    failure = undefined;
    if (!isAlone) savepoint.run();
    try {
      const result = await job.run(sql);
      if (failure) throw (failure as { error: unknown }).error;
      if (!isAlone) release.run();
      return () => job.resolve(result as never);
    } catch (error) {
      if (isAlone || !driver.inTransaction) throw error;
      undo.run();
      release.run();
      return () => job.reject(error);
    }
  }

  function tryToUndo(): void {
    try {
      if (driver.inTransaction) rollback.run();
    } catch {
      // The next group tries again, and fails with a reason when it cannot either.
    }
  }

  return async (group) => {
    const answers: (() => void)[] = [];
    try {
      // Left by an error so bad that undoing failed as well.
      if (driver.inTransaction) rollback.run();
      begin.run();
      for (const job of group) answers.push(await runJob(job, group.length === 1));
      commit.run();
    } catch (error) {
      for (const job of group) job.reject(named(error));
      tryToUndo();
      return;
    }
    for (const answer of answers) answer();
  };
}

type Command = BetterSqlite.Statement<[]>;

/** SQLite's own errors that a caller can tell by a code of ours. */
function named(error: unknown): unknown {
  if (!(error instanceof BetterSqlite.SqliteError) || error.code !== 'SQLITE_FULL') return error;
  return new StorageError('STORAGE_FULL', 'the disk has no room for the database; nothing was written.');
}
