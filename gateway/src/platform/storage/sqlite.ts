/**
 * SQLite, durable at once: WAL with synchronous=FULL, so what was acknowledged survives kill -9 and a power cut.
 * One connection; its statements are synchronous, so that a group of works runs without ever waiting for anything.
 */
import { closeSync, mkdirSync, openSync } from 'node:fs';
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
import type { Engine } from './database.ts';
import { directSql, type ManyTimes } from './direct-sql.ts';
import { StorageError, type StorageErrorCode } from './errors.ts';
import { createGroupCommit, type Transaction } from './group-commit.ts';

const sqlOf = directSql({
  createAdapter: () => new SqliteAdapter(),
  createIntrospector: (sql: Kysely<unknown>) => new SqliteIntrospector(sql),
  createQueryCompiler: () => new SqliteQueryCompiler(),
});

/** Opens or creates the database file; `:memory:` keeps it in memory. */
export function openSqlite(file: string): Engine {
  if (file !== ':memory:') createForOwner(file);
  const driver = new BetterSqlite(file, { timeout: 5_000 });
  driver.pragma('journal_mode = WAL');
  driver.pragma('synchronous = FULL');
  driver.pragma('foreign_keys = ON');
  // What is erased is overwritten, not just unlinked.
  driver.pragma('secure_delete = ON');

  const prepared = statementKeeper(driver);
  const commits = createGroupCommit(sqlOf, transactionOf(driver, prepared));
  const sql = sqlOf(async (query) => {
    for (let group = commits.underWay(); group; group = commits.underWay()) await group;
    const statement = prepared(query.sql);
    if (!statement.readonly) throw new StorageError('STORAGE_MISUSED', 'only Database.write writes.');
    return runNow(statement, query);
  });
  return {
    engine: 'sqlite',
    sql,
    write: commits.write,
    writeWithoutLimits: commits.write,
    async close() {
      driver.close();
    },
  };
}

/** The file is its owner's alone, whatever the umask; SQLite gives its journals the same permissions. */
function createForOwner(file: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  closeSync(openSync(file, 'a', 0o600));
}

/** More than the features have queries, however long the lists in them. */
const STATEMENTS_KEPT = 500;

/** Prepares each statement once: preparing took a seventh of the time of redeeming a code. */
function statementKeeper(driver: BetterSqlite.Database): (text: string) => BetterSqlite.Statement {
  const statements = new Map<string, BetterSqlite.Statement>();
  return (text) => {
    const kept = statements.get(text);
    if (kept) return kept;
    if (statements.size >= STATEMENTS_KEPT) statements.clear();
    const statement = named(() => driver.prepare(text));
    statements.set(text, statement);
    return statement;
  };
}

function runNow(statement: BetterSqlite.Statement, query: CompiledQuery | ManyTimes): QueryResult<unknown> {
  return named(() => {
    if ('parameterSets' in query) {
      for (const parameters of query.parameterSets) statement.run(parameters);
      return { rows: [] };
    }
    if (statement.reader) return { rows: statement.all(query.parameters) };
    return { rows: [], numAffectedRows: BigInt(statement.run(query.parameters).changes) };
  });
}

function transactionOf(driver: BetterSqlite.Database, prepared: ReturnType<typeof statementKeeper>): Transaction {
  const command = (text: string) => {
    const statement = driver.prepare(text);
    return () => {
      named(() => statement.run());
    };
  };
  const begin = command('BEGIN IMMEDIATE');
  const commit = command('COMMIT');
  const rollback = command('ROLLBACK');
  const undo = command('ROLLBACK TO work');
  const release = command('RELEASE work');
  return {
    async begin() {
      // Left by an error so bad that undoing failed as well.
      if (driver.inTransaction) rollback();
      begin();
    },
    run: async (query) => runNow(prepared(query.sql), query),
    savepoint: command('SAVEPOINT work'),
    release,
    undo() {
      undo();
      release();
    },
    commit: async () => commit(),
    async rollback() {
      try {
        if (driver.inTransaction) rollback();
      } catch {
        // The next group tries again, and fails with a reason when it cannot either.
      }
    },
    isOpen: () => driver.inTransaction,
  };
}

/** SQLite's errors under codes of ours; its messages name tables and columns, never values. */
function named<Result>(step: () => Result): Result {
  try {
    return step();
  } catch (error) {
    if (!(error instanceof BetterSqlite.SqliteError)) throw error;
    throw new StorageError(codeOf(error.code), `${error.message} (${error.code})`);
  }
}

function codeOf(code: string): StorageErrorCode {
  if (code === 'SQLITE_FULL') return 'STORAGE_FULL';
  if (code.startsWith('SQLITE_BUSY')) return 'STORAGE_CONFLICT';
  return /^SQLITE_(IOERR|CANTOPEN|READONLY|CORRUPT|NOTADB)/.test(code) ? 'STORAGE_UNAVAILABLE' : 'STORAGE_REFUSED';
}
