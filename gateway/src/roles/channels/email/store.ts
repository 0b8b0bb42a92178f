/** What the channel keeps: every event of an attempt changes its row, the queue and the outcomes in one transaction. */

import type { Attempt, Outcome } from '@civicline/protocol/channel';
import type { Kysely } from 'kysely';
import {
  type ClaimOptions,
  claimWithRows,
  type Database,
  deleteMany,
  insertMany,
  type LeasedQueue,
  selectMany,
  updateMany,
} from '../../../platform/storage/index.ts';
import { type EmailEvent, isPending, type Rules, type State, step } from './machine.ts';
import type { AttemptRow, OutcomeRow, Tables } from './tables.ts';

export interface Happening {
  attemptId: string;
  event: EmailEvent;
  /** Asked at the last moment, when no other process can step the attempt any more. False: nothing happens to it. */
  isOurs?: () => boolean;
}

export type EmailStore = ReturnType<typeof createStore>;

export function createStore(options: {
  database: Database<Tables>;
  queue: LeasedQueue;
  rules: Rules;
  onOutcomes(outcomes: readonly Outcome[]): void;
}) {
  const { database, queue, rules, onOutcomes } = options;

  /** Steps all attempts, in the order given. Resolves when stored, with the state that each reached; null: unchanged. */
  async function happened(happenings: readonly Happening[]): Promise<(State | null)[]> {
    const { reached, outcomes } = await database.write((sql) => record(sql, happenings));
    if (outcomes.length > 0) onOutcomes(outcomes);
    return reached;
  }

  async function record(sql: Kysely<Tables>, happenings: readonly Happening[]) {
    const { last } = await nextPosition(sql);
    const ids = [...new Set(happenings.map(({ attemptId }) => attemptId))];
    const rows = new Map<string, AttemptRow>();
    for (const row of await selectMany<AttemptRow>(sql, 'email_attempts', 'id', ids)) rows.set(row.id, row);
    const changed = new Map<string, AttemptRow | null>();
    const later: { id: string; dueAt: number }[] = [];
    const told: OutcomeRow[] = [];
    const reached = happenings.map(({ attemptId, event, isOurs }) => {
      const row = rows.get(attemptId);
      if (!row || isOurs?.() === false) return null;
      const attempt = attemptOf(row);
      const { attempt: next, outcome, dueAt } = step(attempt, event, rules);
      if (next === attempt) return null;
      if (next === null) {
        rows.delete(attemptId);
        changed.set(attemptId, null);
        return null;
      }
      const { state, withdrawn, deadline } = next;
      // What has left needs its address and text no more.
      const sealed = isPending(next) ? row.sealed : null;
      const changedRow = { ...row, state, deadline, sealed, withdrawn: withdrawn ? 1 : 0 };
      rows.set(attemptId, changedRow);
      changed.set(attemptId, changedRow);
      if (dueAt !== null) later.push({ id: attemptId, dueAt });
      if (outcome) {
        const { kind, reason = null } = outcome;
        told.push({ position: last + told.length + 1, attempt_id: attemptId, kind, reason, at: event.at });
      }
      return state;
    });
    await save(sql, changed, later);
    await insertMany(sql, 'email_outcomes', told);
    if (told.length > 0)
      await sql
        .updateTable('email_positions')
        .set({ last: last + told.length })
        .execute();
    return { reached, outcomes: told.map(outcomeOf) };
  }

  /** Processes record one after another: none steps an attempt that another has read. */
  function nextPosition(sql: Kysely<Tables>): Promise<{ last: number }> {
    const position = sql.selectFrom('email_positions').select('last');
    return (database.engine === 'postgresql' ? position.forUpdate() : position).executeTakeFirstOrThrow();
  }

  async function save(
    sql: Kysely<Tables>,
    changed: Map<string, AttemptRow | null>,
    later: { id: string; dueAt: number }[],
  ) {
    const kept = [...changed.values()].filter((row) => row !== null);
    const forgotten = [...changed].filter(([, row]) => row === null).map(([id]) => id);
    const columns = kept.map(({ id, state, withdrawn, deadline, sealed }) => ({
      id,
      state,
      withdrawn,
      deadline,
      sealed,
    }));
    await updateMany(sql, 'email_attempts', 'id', columns);
    await deleteMany(sql, 'email_attempts', 'id', forgotten);
    await queue.later(sql, later);
    await queue.done(sql, [...kept.filter((row) => !isPending(row)).map(({ id }) => id), ...forgotten]);
  }

  return {
    happened,

    /** Resolves when stored; one that is known stays as it is. */
    submit: (attempts: readonly Attempt[], laneOf: (attempt: Attempt) => number, at: number) =>
      database.write(async (sql) => {
        const rows = attempts.map((attempt) => rowOf(attempt, laneOf(attempt), at));
        await insertMany(sql, 'email_attempts', rows, { ignoreConflicts: true });
        // One that was submitted before and has ended comes out of the queue again, and is dropped there.
        await queue.put(
          sql,
          rows.map(({ id, lane, sender_id: share }) => ({ id, lane, share, dueAt: at })),
        );
      }),

    /** Takes from the queue, with the attempts as they stand. */
    claim: (options: ClaimOptions) =>
      database.write((sql) => claimWithRows<AttemptRow>(sql, queue, 'email_attempts', options)),

    /** Attempts whose timer has run out, at most `limit`. */
    async due(at: number, limit: number): Promise<string[]> {
      const rows = await database.sql
        .selectFrom('email_attempts')
        .select('id')
        .where('deadline', '<=', at)
        .where('state', '!=', 'handing-over')
        .orderBy('deadline')
        .limit(limit)
        .execute();
      return rows.map(({ id }) => id);
    },

    /** Of these, those that were withdrawn while they were being handed over. */
    async withdrawn(ids: readonly string[]): Promise<string[]> {
      const rows = await database.sql
        .selectFrom('email_attempts')
        .select('id')
        .where('id', 'in', ids)
        .where('withdrawn', '=', 1)
        .execute();
      return rows.map(({ id }) => id);
    },

    /** Claimed items that are not wanted any more, or longer. */
    drop: (ids: readonly string[]) => database.write((sql) => queue.done(sql, ids)),
    renew: (ids: readonly string[], until: number) => database.write((sql) => queue.renew(sql, ids, until)),

    async outcomes(after: number, limit: number): Promise<Outcome[]> {
      const rows = await database.sql
        .selectFrom('email_outcomes')
        .selectAll()
        .where('position', '>', after)
        .orderBy('position')
        .limit(limit)
        .execute();
      return rows.map(outcomeOf);
    },

    async acknowledge(position: number): Promise<void> {
      await database.write((sql) => sql.deleteFrom('email_outcomes').where('position', '<=', position).execute());
    },
  };
}

function rowOf({ id, sender, expiresAt, part }: Attempt, lane: number, at: number): AttemptRow {
  return {
    id,
    sender_id: sender.id,
    sender_name: sender.name,
    lane,
    created_at: at,
    expires_at: expiresAt,
    key_id: part.keyId,
    sealed: part.sealed,
    state: 'waiting',
    withdrawn: 0,
    deadline: expiresAt,
  };
}

function attemptOf({ state, expires_at, withdrawn, deadline }: AttemptRow) {
  return { state, expiresAt: expires_at, withdrawn: withdrawn === 1, deadline };
}

function outcomeOf({ position, attempt_id, kind, reason, at }: OutcomeRow): Outcome {
  return { position, attemptId: attempt_id, kind, ...(reason === null ? {} : { reason }), at };
}
