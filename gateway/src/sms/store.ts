/** What the channel keeps. Everything is written in batches: one transaction for all that came in together. */
import type { Kysely } from 'kysely';
import type { Outcome } from '../smis/channel.ts';
import type { LeasedQueue } from '../storage/index.ts';
import { type Database, deleteMany, insertMany, selectMany, updateMany } from '../storage/index.ts';
import { addCosts, type Cost } from './ledger.ts';
import { type AttemptEvent, isPending, type Rules, type SmsAttempt, type State, step } from './machine.ts';
import { expectReceipts, type FinalReceipt, matchEarly, matchReceipts } from './receipts.ts';
import { rememberSenders } from './suppressions.ts';
import { type AttemptRow, carrierKey, type OutcomeRow, type SegmentRow, type Tables } from './tables.ts';

/** Something that happened to an attempt. */
export interface Happening {
  attemptId: string;
  event: AttemptEvent;
  /** With `leaves`: keyed digest of the number that it goes to. */
  recipient?: string;
  /** With `accepted` or `unknown`: what the carrier takes for it. */
  cost?: Pick<Cost, 'segments' | 'price'>;
}

export interface Recorded {
  /** Per happening: the state that it led to; null: it changed nothing. */
  reached: (State | null)[];
  outcomes: Outcome[];
  /** Receipts that belong to nothing known so far. */
  unmatched: number;
}

export interface RecordOptions {
  rules: Rules;
  queue: LeasedQueue;
  /** False: surely no receipt is kept that came before its answer. */
  mayBeEarly: boolean;
  /** Other processes write to the same database. */
  isShared: boolean;
}

/** An attempt in the course of one transaction. */
interface Loaded {
  row: AttemptRow;
  before: SmsAttempt;
  after: SmsAttempt | null;
}

/** Steps all attempts by what happened to them, in the order given; receipts come last. */
export async function record(
  sql: Kysely<Tables>,
  happenings: readonly Happening[],
  receipts: readonly FinalReceipt[],
  { rules, queue, mayBeEarly, isShared }: RecordOptions,
): Promise<Recorded> {
  if (isShared) await lock(sql);
  const loaded = new Map<string, Loaded>();
  const told: Omit<OutcomeRow, 'position'>[] = [];
  const put: { id: string; dueAt: number }[] = [];
  const segments: SegmentRow[] = [];
  const costs: Cost[] = [];
  const recipients = new Map<string, { senderId: string; at: number }>();

  await load(happenings.map(({ attemptId }) => attemptId));
  const reached: (State | null)[] = [];
  for (const { attemptId, event, recipient, cost } of happenings) {
    const attempt = happen(attemptId, event);
    reached.push(attempt?.after?.state ?? null);
    if (!attempt) continue;
    const { row } = attempt;
    if (recipient !== undefined) recipients.set(recipient, { senderId: row.sender_id, at: event.at });
    if (event.type !== 'accepted' && event.type !== 'unknown') continue;
    for (const carrierId of event.carrierIds) {
      segments.push({ carrier: carrierKey(event.route, carrierId), attempt_id: row.id, created_at: event.at });
    }
    if (cost) costs.push({ at: event.at, route: event.route, senderId: row.sender_id, ...cost });
  }
  await expectReceipts(sql, segments);
  const early = mayBeEarly ? await matchEarly(sql, segments) : [];
  const { matched, unmatched } = await matchReceipts(sql, receipts);
  const final = [...early, ...matched];
  await load(final.map(({ attemptId }) => attemptId));
  for (const { attemptId, event } of final) happen(attemptId, event);

  await rememberSenders(sql, recipients);
  await addCosts(sql, costs);
  await save();
  return { reached, outcomes: await tell(sql, told), unmatched };

  async function load(ids: string[]): Promise<void> {
    const missing = [...new Set(ids)].filter((id) => !loaded.has(id));
    for (const row of await selectMany<AttemptRow>(sql, 'sms_attempts', 'id', missing)) {
      const attempt = attemptOf(row);
      loaded.set(row.id, { row, before: attempt, after: attempt });
    }
  }

  /** Returns the attempt if the event changed it. */
  function happen(attemptId: string, event: AttemptEvent): Loaded | null {
    const attempt = loaded.get(attemptId);
    if (!attempt?.after) return null;
    const { attempt: after, outcome, dueAt } = step(attempt.after, event, rules);
    if (after === attempt.after) return null;
    attempt.after = after;
    if (dueAt !== null) put.push({ id: attemptId, dueAt });
    if (outcome) {
      const { kind, reason = null, segments: sent = null } = outcome;
      told.push({ attempt_id: attemptId, kind, reason, segments: sent, at: event.at });
    }
    return attempt;
  }

  async function save(): Promise<void> {
    const changed = [...loaded.values()].filter(({ before, after }) => before !== after);
    const pending = changed.flatMap(({ row, after }) => (after && isPending(after) ? [{ row, after }] : []));
    const out = changed.flatMap(({ row, after }) => (after && !isPending(after) ? [{ row, after }] : []));
    await updateMany(
      sql,
      'sms_attempts',
      'id',
      pending.map(({ row, after }) => ({ id: row.id, state: after.state, withdrawn: after.withdrawn ? 1 : 0 })),
    );
    await updateMany(
      sql,
      'sms_attempts',
      'id',
      out.map(({ row, after: { state, route, segments, awaiting, deadline } }) => {
        return { id: row.id, state, route, segments, awaiting, deadline, sealed: null };
      }),
    );
    await deleteMany(
      sql,
      'sms_attempts',
      'id',
      changed.flatMap(({ row, after }) => (after ? [] : [row.id])),
    );
    const ended = out.filter(({ row }) => isPending(row));
    await queue.done(
      sql,
      ended.map(({ row }) => row.id),
    );
    await queue.later(sql, put);
  }
}

/** Processes record one after another: none steps an attempt that another has loaded. */
async function lock(sql: Kysely<Tables>): Promise<void> {
  await sql.selectFrom('sms_positions').select('last').forUpdate().execute();
}

function attemptOf(row: AttemptRow): SmsAttempt {
  const { state, route, segments, awaiting, deadline } = row;
  return { state, route, segments, awaiting, deadline, expiresAt: row.expires_at, withdrawn: row.withdrawn === 1 };
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
