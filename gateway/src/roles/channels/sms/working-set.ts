import type { Kysely } from 'kysely';
import { deleteMany, type LeasedQueue, selectMany, updateMany } from '../../../platform/storage/index.ts';
import { type AttemptEvent, isOut, isPending, type Rules, type SmsAttempt, step } from './machine.ts';
import type { AttemptRow, OutcomeRow, Tables } from './tables.ts';

/**
 * Rows as the last transaction left them, of attempts that are under way: nearly everything that happens, happens to
 * these. Only where no other process writes to the same database.
 */
export type KnownRows = Map<string, AttemptRow>;

/** So many are known; of older ones a receipt means reading the row. */
const KNOWN_MOST = 10_000;

export interface Changed {
  row: AttemptRow;
  after: SmsAttempt;
}

/** The attempts of one transaction: loaded, stepped in memory, saved. */
export interface WorkingSet {
  load(ids: readonly string[]): Promise<void>;
  /** Steps a loaded attempt. null: the event changed nothing, or there is no such attempt. */
  happen(attemptId: string, event: AttemptEvent): { row: AttemptRow; after: SmsAttempt | null } | null;
  save(queue: LeasedQueue): Promise<void>;
  /** What SMIS is to be told, in order. */
  readonly told: Omit<OutcomeRow, 'position'>[];
  /** To be called after the commit. */
  remember(): void;
}

interface Loaded {
  row: AttemptRow;
  before: SmsAttempt;
  after: SmsAttempt | null;
}

export function createWorkingSet(sql: Kysely<Tables>, rules: Rules, known: KnownRows | null): WorkingSet {
  const loaded = new Map<string, Loaded>();
  const told: Omit<OutcomeRow, 'position'>[] = [];
  const putOff: { id: string; dueAt: number }[] = [];

  function add(row: AttemptRow): void {
    const attempt = attemptOf(row);
    loaded.set(row.id, { row, before: attempt, after: attempt });
  }

  function changed(): { kept: Changed[]; forgotten: string[] } {
    const kept: Changed[] = [];
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
      for (const row of await selectMany<AttemptRow>(sql, 'sms_attempts', 'id', missing)) add(row);
    },
    happen(attemptId, event) {
      const attempt = loaded.get(attemptId);
      if (!attempt?.after) return null;
      const { attempt: after, outcome, dueAt } = step(attempt.after, event, rules);
      if (after === attempt.after) return null;
      attempt.after = after;
      if (dueAt !== null) putOff.push({ id: attemptId, dueAt });
      if (outcome) {
        const { kind, reason = null, segments = null } = outcome;
        told.push({ attempt_id: attemptId, kind, reason, segments, at: event.at });
      }
      return attempt;
    },
    async save(queue) {
      const { kept, forgotten } = changed();
      const pending = kept.filter(({ after }) => isPending(after));
      const left = kept.filter(({ after }) => !isPending(after));
      const ended = left.filter(({ row }) => isPending(row)).map(({ row }) => row.id);
      await updateMany(sql, 'sms_attempts', 'id', pending.map(pendingColumns));
      await updateMany(sql, 'sms_attempts', 'id', left.map(leftColumns));
      await deleteMany(sql, 'sms_attempts', 'id', forgotten);
      await queue.done(sql, ended);
      await queue.later(sql, putOff);
    },
    remember() {
      if (!known) return;
      const { kept, forgotten } = changed();
      for (const id of forgotten) known.delete(id);
      for (const { row, after } of kept) {
        if (after.state === 'handing-over') known.set(row.id, { ...row, ...pendingColumns({ row, after }) });
        else if (isOut(after)) known.set(row.id, { ...row, ...leftColumns({ row, after }) });
        else known.delete(row.id);
      }
      for (const id of known.keys()) {
        if (known.size <= KNOWN_MOST) break;
        known.delete(id);
      }
    },
  };
}

function attemptOf({ state, route, segments, awaiting, deadline, expires_at, withdrawn }: AttemptRow): SmsAttempt {
  return { state, route, segments, awaiting, deadline, expiresAt: expires_at, withdrawn: withdrawn === 1 };
}

/** The columns that may change while number and text are still needed. */
function pendingColumns({ row, after: { state, withdrawn } }: Changed) {
  return { id: row.id, state, withdrawn: withdrawn ? 1 : 0 };
}

/** Once it has left, or never will: number and text are erased. */
function leftColumns({ row, after: { state, route, segments, awaiting, deadline } }: Changed) {
  return { id: row.id, state, route, segments, awaiting, deadline, sealed: null };
}
