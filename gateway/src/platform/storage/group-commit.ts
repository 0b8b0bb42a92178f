/**
 * Each commit costs a flush to disk: all works that arrive while one is under way share the next one. A group is one
 * transaction, in which every work has a savepoint of its own; a work that is alone needs none.
 *
 *   begin ─► savepoint ─► work ──ok──► release ─┐
 *                 ▲         └─throws─► undo ────┤
 *                 └──────────next work──────────┴──last──► commit ─► answers
 */
import type { Kysely } from 'kysely';
import type { RunStatement } from './direct-sql.ts';
import { StorageError } from './errors.ts';

export type Write = <Result>(
  work: (sql: Kysely<unknown>) => Promise<Result>,
  options?: WriteOptions,
) => Promise<Result>;

export interface WriteOptions {
  /**
   * The work comes first in its commit. A transaction holds the locks of all its works to the end: so what locks rows
   * that every gateway wants, one after another, is to be locked before all others, or two gateways wait for each other.
   */
  first?: boolean;
}

export interface GroupCommit {
  write: Write;
  /** While a group is being written: fulfilled at its end. */
  underWay(): Promise<void> | undefined;
}

/** What an engine does on its one writing connection. */
export interface Transaction {
  begin(): Promise<void>;
  run: RunStatement;
  savepoint(): void;
  release(): void;
  /** Back to the savepoint, which is gone then. */
  undo(): void;
  commit(): Promise<void>;
  /** Back to before the transaction, if there still is one. Does not throw. */
  rollback(): Promise<void>;
  /** false: an error so bad that the engine has undone the transaction by itself. */
  isOpen(): boolean;
}

interface Job {
  work: (sql: Kysely<unknown>) => Promise<unknown>;
  isFirst: boolean;
  resolve: (result: never) => void;
  reject: (error: unknown) => void;
}

type Answer = () => void;

/** `sqlOf`: what a work gets for a way to run its statements. `largestGroup`: how many works share a commit at most. */
export function createGroupCommit(
  sqlOf: (run: RunStatement) => Kysely<unknown>,
  transaction: Transaction,
  largestGroup = Number.POSITIVE_INFINITY,
): GroupCommit {
  let waiting: Job[] = [];
  let writing = false;
  let underWay: Promise<void> | undefined;

  async function writeAll(): Promise<void> {
    while (waiting.length > 0) {
      // The end of this turn of the event loop: what it brings in goes into one commit, and reads get their turn.
      await new Promise(setImmediate);
      const group = inOrder(waiting.slice(0, largestGroup));
      waiting = waiting.slice(group.length);
      underWay = writeGroup(group);
      await underWay;
      underWay = undefined;
    }
    writing = false;
  }

  async function writeGroup(group: Job[]): Promise<void> {
    const answers: Answer[] = [];
    try {
      await transaction.begin();
      for (const job of group) answers.push(await runWork(job, group.length === 1));
      await transaction.commit();
    } catch (error) {
      await transaction.rollback();
      for (const { reject } of group) reject(error);
      return;
    }
    for (const answer of answers) answer();
  }

  /** Returns how to tell the caller once the commit is done. Throws when the whole group has failed. */
  async function runWork({ work, resolve, reject }: Job, isAlone: boolean): Promise<Answer> {
    const statements = statementsOfWork(transaction);
    if (!isAlone) transaction.savepoint();
    try {
      const result = await work(sqlOf(statements.run));
      await statements.end();
      if (!isAlone) transaction.release();
      return () => resolve(result as never);
    } catch (error) {
      await statements.end().catch(() => undefined);
      if (isAlone || !transaction.isOpen()) throw error;
      transaction.undo();
      return () => reject(error);
    }
  }

  return {
    write: (work, { first = false } = {}) =>
      new Promise((resolve, reject) => {
        waiting.push({ work, isFirst: first, resolve, reject });
        if (writing) return;
        writing = true;
        void writeAll();
      }),
    underWay: () => underWay,
  };
}

/** As they came, but those that want to be first. */
function inOrder(group: Job[]): Job[] {
  return [...group.filter(({ isFirst }) => isFirst), ...group.filter(({ isFirst }) => !isFirst)];
}

/** The statements of one work: after one has failed, or the work has ended, no other runs. */
function statementsOfWork(transaction: Transaction): { run: RunStatement; end(): Promise<void> } {
  let failure: { error: unknown } | undefined;
  let hasEnded = false;
  let last: Promise<unknown> | undefined;

  return {
    run(query) {
      if (failure) return Promise.reject(failure.error);
      if (hasEnded) return Promise.reject(new StorageError('STORAGE_MISUSED', 'the work has ended.'));
      const statement = transaction.run(query);
      last = statement.catch((error: unknown) => {
        failure ??= { error };
      });
      return statement;
    },
    /** Waits for what the work has not waited for; throws the error of the statement that failed. */
    async end() {
      await last;
      hasEnded = true;
      if (failure) throw failure.error;
    },
  };
}
