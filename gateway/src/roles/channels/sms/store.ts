/** What the channel keeps. Everything is written in batches: one transaction for all that came in together. */

import type { Outcome } from '@civicline/protocol/channel';
import type { Kysely } from 'kysely';
import type { LeasedQueue } from '../../../platform/storage/index.ts';
import { type Database, insertMany } from '../../../platform/storage/index.ts';
import type { CarrierIds } from './carrier-ids.ts';
import { addCosts, type Cost } from './ledger.ts';
import type { AttemptEvent, Rules, State } from './machine.ts';
import { expectReceipts, type FinalReceipt, keysOf, matchEarly, matchReceipts, type NewSegment } from './receipts.ts';
import { rememberSenders } from './suppressions.ts';
import type { OutcomeRow, Tables } from './tables.ts';
import { createWorkingSet, type KnownRows } from './working-set.ts';

/** Something that happened to an attempt. */
export interface Happening {
  attemptId: string;
  event: AttemptEvent;
  /** Recorded before what waits and is not. */
  urgent?: boolean;
  /** With `leaves`: keyed digest of the number that it goes to. */
  recipient?: string;
  /** Asked at the last moment, when no other process can step the attempt any more. False: nothing happens to it. */
  isOurs?: () => boolean;
  /** With `accepted` or `unknown`: when it left, UTC milliseconds. No receipt of it can be older. */
  leftAt?: number;
  /** With `accepted` or `unknown`: what the carrier takes for it. */
  cost?: Pick<Cost, 'route' | 'segments' | 'price'>;
}

export interface Recorded {
  /** Per happening: the state that it led to; null: it changed nothing. */
  reached: (State | null)[];
  outcomes: Outcome[];
  /** Receipts that belong to nothing known so far. */
  unmatched: number;
  /** To be called after the commit. */
  remember(): void;
}

export interface RecordOptions {
  rules: Rules;
  queue: LeasedQueue;
  carrierIds: CarrierIds;
  /** False: surely no receipt is kept that came before its answer. */
  mayBeEarly: boolean;
  /** null: other processes write to the same database. */
  known: KnownRows | null;
}

/** Steps all attempts by what happened to them, in the order given; receipts come last. Within a write. */
export async function record(
  sql: Kysely<Tables>,
  happenings: readonly Happening[],
  receipts: readonly FinalReceipt[],
  { rules, queue, carrierIds, mayBeEarly, known }: RecordOptions,
): Promise<Recorded> {
  if (!known) await lock(sql);
  const attempts = createWorkingSet(sql, rules, known);
  const segments: NewSegment[] = [];
  const costs: Cost[] = [];
  const recipients = new Map<string, { senderId: string; at: number }>();

  await attempts.load(happenings.map(({ attemptId }) => attemptId));
  const reached = happenings.map(({ attemptId, event, isOurs, recipient, leftAt, cost }) => {
    if (isOurs?.() === false) return null;
    const changed = attempts.happen(attemptId, event);
    if (!changed) return null;
    const { row, after } = changed;
    if (recipient !== undefined) recipients.set(recipient, { senderId: row.sender_id, at: event.at });
    if (event.type === 'accepted' || event.type === 'unknown') {
      segments.push(...segmentsOf(row.id, event, carrierIds, leftAt));
    }
    if (cost) costs.push({ at: event.at, senderId: row.sender_id, ...cost });
    return after?.state ?? null;
  });
  await expectReceipts(sql, segments);
  const early = mayBeEarly ? await matchEarly(sql, segments) : [];
  const { matched, unmatched } = await matchReceipts(sql, receipts, segments);
  const final = [...early, ...matched];
  await attempts.load(final.map(({ attemptId }) => attemptId));
  for (const { attemptId, event } of final) attempts.happen(attemptId, event);

  await rememberSenders(sql, recipients);
  await addCosts(sql, costs);
  await attempts.save(queue);
  return { reached, outcomes: await tell(sql, attempts.told), unmatched, remember: attempts.remember };
}

type Answer = Extract<AttemptEvent, { type: 'accepted' | 'unknown' }>;

function segmentsOf(attemptId: string, { route, carrierIds, at }: Answer, ids: CarrierIds, leftAt = at): NewSegment[] {
  // By a clock that was put back meanwhile, it has left after its answer.
  const left = Math.min(leftAt, at);
  return carrierIds.map((carrierId) => ({ ...keysOf(ids, route, carrierId), attemptId, leftAt: left }));
}

/** Processes record one after another: none steps an attempt that another has loaded. */
async function lock(sql: Kysely<Tables>): Promise<void> {
  await sql.selectFrom('sms_positions').select('last').forUpdate().execute();
}

/** Stores outcomes at the next positions. */
async function tell(sql: Kysely<Tables>, told: readonly Omit<OutcomeRow, 'position'>[]): Promise<Outcome[]> {
  if (told.length === 0) return [];
  const { last } = await sql
    .updateTable('sms_positions')
    .set((expression) => ({ last: expression('last', '+', told.length) }))
    .returning('last')
    .executeTakeFirstOrThrow();
  const rows = told.map((row, index) => ({ position: last - told.length + 1 + index, ...row }));
  await insertMany(sql, 'sms_outcomes', rows);
  return rows.map(outcomeOf);
}

/** Of these attempts, those that were withdrawn while they were being handed over. */
export async function readWithdrawn(database: Database<Tables>, ids: readonly string[]): Promise<string[]> {
  if (ids.length === 0) return [];
  const rows = await database.sql
    .selectFrom('sms_attempts')
    .select('id')
    .where('id', 'in', ids)
    .where('withdrawn', '=', 1)
    .execute();
  return rows.map(({ id }) => id);
}

export async function readOutcomes(database: Database<Tables>, after: number, limit: number): Promise<Outcome[]> {
  const rows = await database.sql
    .selectFrom('sms_outcomes')
    .selectAll()
    .where('position', '>', after)
    .orderBy('position')
    .limit(limit)
    .execute();
  return rows.map(outcomeOf);
}

function outcomeOf({ position, attempt_id, kind, reason, segments, at }: OutcomeRow): Outcome {
  return {
    position,
    attemptId: attempt_id,
    kind,
    ...(reason === null ? {} : { reason }),
    ...(segments === null ? {} : { segments }),
    at,
  };
}
