/** What the channel keeps: every event of an attempt changes its row, the queue and the outcomes in one transaction. */

import type { Attempt } from '@civicline/protocol/channel';
import type { Kysely } from 'kysely';
import {
  type ClaimOptions,
  claimWithRows,
  type Database,
  insertMany,
  type LeasedQueue,
} from '../../../platform/storage/index.ts';
import type { AttemptState, State } from '../kit/attempt.ts';
import { newAttemptRow } from '../kit/attempt-row.ts';
import type { Outcomes } from '../kit/outcomes.ts';
import { type AttemptKind, createWorkingSet, readOverdue, readWithdrawn } from '../kit/working-set.ts';
import { type EmailEvent, type Rules, step } from './machine.ts';
import type { AttemptRow, Tables } from './tables.ts';

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
  outcomes: Outcomes;
}) {
  const { database, queue, rules, outcomes } = options;
  const everything = database.withTables();
  const table = 'email_attempts';
  const emails: AttemptKind<AttemptRow, AttemptState, EmailEvent> = {
    table,
    step: (attempt, event) => step(attempt, event, rules),
    attemptOf: (_row, common) => common,
    ownColumns: () => ({}),
  };

  async function record(sql: Kysely<Tables>, happenings: readonly Happening[]) {
    await outcomes.takeTurn(sql);
    const attempts = createWorkingSet(sql, emails, null);
    await attempts.load(happenings.map(({ attemptId }) => attemptId));
    const reached = happenings.map(({ attemptId, event, isOurs }) =>
      isOurs?.() === false ? null : (attempts.happen(attemptId, event)?.after?.state ?? null),
    );
    await attempts.save(queue);
    await outcomes.add(sql, attempts.told);
    return { reached, told: attempts.told };
  }

  return {
    /** Steps all attempts, in the order given. Resolves when stored, with the state that each reached; null: unchanged. */
    async happened(happenings: readonly Happening[]): Promise<(State | null)[]> {
      const { reached, told } = await database.write((sql) => record(sql, happenings));
      if (told.length > 0) outcomes.hint();
      return reached;
    },

    /** Resolves when stored; one that is known stays as it is. */
    submit: (attempts: readonly Attempt[], at: number) =>
      database.write(async (sql) => {
        const rows = attempts.map((attempt) => ({ ...newAttemptRow(attempt, at), sender_name: attempt.sender.name }));
        await insertMany(sql, table, rows, { ignoreConflicts: true });
        // One that was submitted before and has ended comes out of the queue again, and is dropped there.
        await queue.put(
          sql,
          rows.map(({ id, lane, sender_id: share }) => ({ id, lane, share, dueAt: at })),
        );
      }),

    /** Takes from the queue, with the attempts as they stand. */
    claim: (claim: ClaimOptions) => database.write((sql) => claimWithRows<AttemptRow>(sql, queue, table, claim)),

    overdue: (at: number, limit: number) => readOverdue(everything, table, at, limit),
    withdrawn: (ids: readonly string[]) => readWithdrawn(everything, table, ids),

    /** Claimed items that are not wanted any more. */
    drop: (ids: readonly string[]) => database.write((sql) => queue.done(sql, ids)),
  };
}
