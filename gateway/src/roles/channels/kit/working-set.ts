import {
  type Database,
  deleteMany,
  type LeasedQueue,
  type Sql,
  selectMany,
  updateMany,
} from '../../../platform/storage/index.ts';
import { type AttemptState, isOut, isPending, type Step } from './attempt.ts';
import type { AttemptRow } from './attempt-row.ts';
import type { NewOutcome } from './outcomes.ts';

/** How a channel's attempts are stepped and kept. */
export interface AttemptKind<Row extends AttemptRow, A extends AttemptState, Event extends { at: number }> {
  table: string;
  step(attempt: A, event: Event): Step<A>;
  /** `common`: what every channel keeps. */
  attemptOf(row: Row, common: AttemptState): A;
  /** What else changes when it leaves, or never will. */
  ownColumns(attempt: A): Partial<Row>;
}

/**
 * Rows as the last transaction left them, of attempts that are under way: nearly everything that happens, happens to
 * these. Only where no other process writes to the same database.
 */
export type KnownRows<Row> = Map<string, Row>;

/** The attempts of one transaction: loaded, stepped in memory, saved. */
export interface WorkingSet<Row, A, Event> {
  load(ids: readonly string[]): Promise<void>;
  /** Steps a loaded attempt. null: the event changed nothing, or there is no such attempt. */
  happen(attemptId: string, event: Event): { row: Row; after: A | null } | null;
  save(queue: LeasedQueue): Promise<void>;
  /** What SMIS is to be told, in order. */
  readonly told: NewOutcome[];
  /** To be called after the commit. */
  remember(): void;
}

/** So many are known; of older ones a report means reading the row. */
const KNOWN_MOST = 10_000;

interface Loaded<Row, A> {
  row: Row;
  before: A;
  after: A | null;
}

/** `known`: null where other processes write to the same database. */
export function createWorkingSet<Row extends AttemptRow, A extends AttemptState, Event extends { at: number }>(
  sql: Sql,
  { table, step, attemptOf, ownColumns }: AttemptKind<Row, A, Event>,
  known: KnownRows<Row> | null,
): WorkingSet<Row, A, Event> {
  const loaded = new Map<string, Loaded<Row, A>>();
  const told: NewOutcome[] = [];
  const putOff: { id: string; dueAt: number }[] = [];

  function add(row: Row): void {
    const { state, deadline, expires_at: expiresAt, withdrawn } = row;
    const attempt = attemptOf(row, { state, deadline, expiresAt, withdrawn: withdrawn === 1 });
    loaded.set(row.id, { row, before: attempt, after: attempt });
  }

  /** Those that the queue goes on holding may change by little. */
  function pendingColumns({ id }: Row, { state, withdrawn }: A) {
    return { id, state, withdrawn: withdrawn ? 1 : 0 };
  }

  /** Once it has left, or never will: address and content are erased. */
  function leftColumns({ id }: Row, after: A) {
    return { id, state: after.state, ...ownColumns(after), deadline: after.deadline, sealed: null };
  }

  function changed() {
    const kept: { row: Row; after: A }[] = [];
    const forgotten: string[] = [];
    for (const { row, before, after } of loaded.values()) {
      if (!after) forgotten.push(row.id);
      else if (after !== before) kept.push({ row, after });
    }
    return { kept, forgotten };
  }

  return {
    told,
    async load(ids) {
      const missing: string[] = [];
      for (const id of new Set(ids)) {
        if (loaded.has(id)) continue;
        const row = known?.get(id);
        if (row) add(row);
        else missing.push(id);
      }
      for (const row of await selectMany<Row>(sql, table, 'id', missing)) add(row);
    },
    happen(attemptId, event) {
      const attempt = loaded.get(attemptId);
      if (!attempt?.after) return null;
      const { attempt: after, outcome, dueAt } = step(attempt.after, event);
      if (after === attempt.after) return null;
      attempt.after = after;
      if (dueAt !== null) putOff.push({ id: attemptId, dueAt });
      if (outcome) told.push({ attemptId, ...outcome, at: event.at });
      return attempt;
    },
    async save(queue) {
      const { kept, forgotten } = changed();
      const pending = kept.filter(({ after }) => isPending(after));
      const left = kept.filter(({ after }) => !isPending(after));
      const ended = left.filter(({ row }) => isPending(row)).map(({ row }) => row.id);
      await updateMany(
        sql,
        table,
        'id',
        pending.map(({ row, after }) => pendingColumns(row, after)),
      );
      await updateMany(
        sql,
        table,
        'id',
        left.map(({ row, after }) => leftColumns(row, after)),
      );
      await deleteMany(sql, table, 'id', forgotten);
      await queue.done(sql, ended);
      await queue.later(sql, putOff);
    },
    remember() {
      if (!known) return;
      const { kept, forgotten } = changed();
      for (const id of forgotten) known.delete(id);
      for (const { row, after } of kept) {
        if (after.state === 'handing-over') known.set(row.id, { ...row, ...pendingColumns(row, after) });
        else if (isOut(after)) known.set(row.id, { ...row, ...leftColumns(row, after) });
        else known.delete(row.id);
      }
      for (const id of known.keys()) {
        if (known.size <= KNOWN_MOST) break;
        known.delete(id);
      }
    },
  };
}

/** Of these attempts, those that were withdrawn while they were being handed over. */
export async function readWithdrawn(database: Database, table: string, ids: readonly string[]): Promise<string[]> {
  if (ids.length === 0) return [];
  const rows = await (database.sql as Sql)
    .selectFrom(table)
    .select('id')
    .where('id', 'in', ids)
    .where('withdrawn', '=', 1)
    .execute();
  return rows.map(({ id }) => id);
}

/** Attempts whose timer has run out, the longest overdue first, at most `limit`. */
export async function readOverdue(database: Database, table: string, at: number, limit: number): Promise<string[]> {
  const rows = await (database.sql as Sql)
    .selectFrom(table)
    .select('id')
    .where('deadline', '<=', at)
    .where('state', '!=', 'handing-over')
    .orderBy('deadline')
    .limit(limit)
    .execute();
  return rows.map(({ id }) => id);
}
