/** What the channel keeps. Everything is written in batches: one transaction for all that came in together. */

import type { Kysely } from 'kysely';
import type { LeasedQueue } from '../../../platform/storage/index.ts';
import type { State } from '../kit/attempt.ts';
import type { NewOutcome, Outcomes } from '../kit/outcomes.ts';
import { type AttemptKind, createWorkingSet, type KnownRows } from '../kit/working-set.ts';
import type { CarrierIds } from './carrier-ids.ts';
import { addCosts, type Cost } from './ledger.ts';
import { type AttemptEvent, type Rules, type SmsAttempt, step } from './machine.ts';
import { expectReceipts, type FinalReceipt, keysOf, matchEarly, matchReceipts, type NewSegment } from './receipts.ts';
import { rememberSenders } from './suppressions.ts';
import type { AttemptRow, Tables } from './tables.ts';

export type SmsKind = AttemptKind<AttemptRow, SmsAttempt, AttemptEvent>;

/** How SMS are stepped and kept. */
export function smsKind(rules: Rules): SmsKind {
  return {
    table: 'sms_attempts',
    step: (attempt, event) => step(attempt, event, rules),
    attemptOf: ({ route, segments, awaiting }, common) => ({ ...common, route, segments, awaiting }),
    ownColumns: ({ route, segments, awaiting }) => ({ route, segments, awaiting }),
  };
}

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
  outcomes: readonly NewOutcome[];
  /** Receipts that belong to nothing known so far. */
  unmatched: number;
  /** To be called after the commit. */
  remember(): void;
}

export interface RecordOptions {
  kind: SmsKind;
  queue: LeasedQueue;
  outcomes: Outcomes;
  carrierIds: CarrierIds;
  /** False: surely no receipt is kept that came before its answer. */
  mayBeEarly: boolean;
  /** null: other processes write to the same database. */
  known: KnownRows<AttemptRow> | null;
}

/** Steps all attempts by what happened to them, in the order given; receipts come last. Within a write. */
export async function record(
  sql: Kysely<Tables>,
  happenings: readonly Happening[],
  receipts: readonly FinalReceipt[],
  { kind, queue, outcomes, carrierIds, mayBeEarly, known }: RecordOptions,
): Promise<Recorded> {
  await outcomes.takeTurn(sql);
  const attempts = createWorkingSet(sql, kind, known);
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
  await outcomes.add(sql, attempts.told);
  return { reached, outcomes: attempts.told, unmatched, remember: attempts.remember };
}

type Answer = Extract<AttemptEvent, { type: 'accepted' | 'unknown' }>;

function segmentsOf(attemptId: string, { route, carrierIds, at }: Answer, ids: CarrierIds, leftAt = at): NewSegment[] {
  // By a clock that was put back meanwhile, it has left after its answer.
  const left = Math.min(leftAt, at);
  return carrierIds.map((carrierId) => ({ ...keysOf(ids, route, carrierId), attemptId, leftAt: left }));
}
