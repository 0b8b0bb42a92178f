/**
 * The life of one SMS at this channel, as a pure function `(attempt, event) → (attempt, outcome)`.
 *
 *                about to leave              accepted                all receipts are there
 *   waiting ◄──────────────────► handing-over ───────► handed-over ─────────────┬──► delivered
 *    │  │     surely not sent,     │  │   │                   │                 │
 *    │  │     try later            │  │   │ answer lost, or   │                 │
 *    │  │                          │  │   │ worker died       │                 │
 *    │  │                          │  │   └───────► unknown ──│─────────────────┘
 *    │  │                          │  │                │      │
 *    │  │                          │  │ refused        │ a segment failed, or no receipt came
 *    │  │ unreadable, suppressed,  │  ▼                ▼      │
 *    │  └──── expired ─────────────│► failed ◄────────────────┘
 *    │                             ▼
 *    └──── withdrawn ──────────► cancelled   (once it is sure that it did not leave)
 *
 * - `handing-over` is stored before the SMS leaves. An attempt that is found so by another than who put it there may
 *   have gone out: it becomes `unknown` and is never sent again.
 * - Events may come repeated, late or never: one that does not fit the state changes nothing.
 * - An attempt has one timer, `deadline`: expiry while it waits, the missing receipt afterwards, then being forgotten.
 */
import type { Outcome } from '@civicline/protocol/channel';

export const STATES = [
  'waiting',
  'handing-over',
  'handed-over',
  'unknown',
  'delivered',
  'failed',
  'cancelled',
] as const;
export type State = (typeof STATES)[number];

export interface SmsAttempt {
  state: State;
  /** UTC milliseconds; not handed over after this. */
  expiresAt: number;
  /** Which route took it; null before. */
  route: string | null;
  /** How many were sent, as the carrier bills them. */
  segments: number;
  /** How many receipts are still to come. */
  awaiting: number;
  /** Withdrawn while it was being handed over: cancelled if that did not happen. */
  withdrawn: boolean;
  /** UTC milliseconds: when a `deadline` event is due. */
  deadline: number;
}

/** `at`: UTC milliseconds. */
export type AttemptEvent = { at: number } & (
  | { type: 'leaves' }
  /** Claimed from the queue in the state `handing-over`: who handed it over has died. */
  | { type: 'orphaned' }
  /** Cannot or must not be sent. */
  | { type: 'rejected'; reason: string }
  /** `onlyReceipt`: one receipt will speak for all segments. */
  | { type: 'accepted' | 'unknown'; route: string; segments: number; carrierIds: readonly string[]; onlyReceipt?: true }
  | { type: 'refused'; reason: string }
  /** Surely not sent, but worth another try at `retryAt`. */
  | { type: 'put-off'; retryAt: number }
  /** The final receipt of one segment. */
  | { type: 'segment-delivered' }
  | { type: 'segment-failed'; reason: string }
  | { type: 'cancel' }
  | { type: 'deadline' }
);

export type Told = Pick<Outcome, 'kind' | 'reason' | 'segments'>;

export interface Step {
  /** null: forgotten. The very same object: nothing has changed. */
  attempt: SmsAttempt | null;
  /** What SMIS is told. */
  outcome: Told | null;
  /** When the queue gives it out again, after a try in vain. */
  dueAt: number | null;
}

export interface Rules {
  /** After the hand-over, how long a receipt may take: a little longer than the carrier tries. */
  receiptMs: number;
  /** How long an ended attempt is remembered at least, so that a repeated submit does nothing; until it expires anyway. */
  rememberMs: number;
}

/** What the event makes of the attempt. Never throws for an event at the wrong moment. */
export function step(attempt: SmsAttempt, event: AttemptEvent, rules: Rules): Step {
  const { at } = event;
  switch (event.type) {
    case 'leaves':
      if (attempt.state !== 'waiting') return quietly(attempt);
      if (at >= attempt.expiresAt) return fail(attempt, 'EXPIRED', at, rules);
      return quietly({ ...attempt, state: 'handing-over' });
    case 'orphaned':
      return attempt.state === 'handing-over' ? goOut(attempt, 'unknown', NO_ANSWER, at, rules) : quietly(attempt);
    case 'rejected':
      return attempt.state === 'waiting' ? fail(attempt, event.reason, at, rules) : quietly(attempt);
    case 'accepted':
    case 'unknown':
      return mayBeOut(attempt) ? answered(attempt, event, rules) : quietly(attempt);
    case 'refused':
      return mayBeOut(attempt) ? fail(attempt, event.reason, at, rules) : quietly(attempt);
    case 'put-off':
      return mayBeOut(attempt) ? putOff(attempt, event.retryAt, at, rules) : quietly(attempt);
    case 'segment-delivered':
      if (!isOut(attempt)) return quietly(attempt);
      if (attempt.awaiting > 1) return quietly({ ...attempt, awaiting: attempt.awaiting - 1 });
      return end(attempt, 'delivered', undefined, at, rules);
    case 'segment-failed':
      return isOut(attempt) ? fail(attempt, event.reason, at, rules) : quietly(attempt);
    case 'cancel':
      if (attempt.state === 'handing-over') return quietly({ ...attempt, withdrawn: true });
      return attempt.state === 'waiting' ? end(attempt, 'cancelled', undefined, at, rules) : quietly(attempt);
    case 'deadline':
      return at < attempt.deadline ? quietly(attempt) : timeOver(attempt, at, rules);
  }
}

/** Handed over as far as is known, and without a final receipt. */
export function isOut({ state }: Pick<SmsAttempt, 'state'>): boolean {
  return state === 'handed-over' || state === 'unknown';
}

/** The queue holds it, and its number and text are still needed. */
export function isPending({ state }: Pick<SmsAttempt, 'state'>): boolean {
  return state === 'waiting' || state === 'handing-over';
}

/** Its submit has left, and no answer to it has been recorded. */
function mayBeOut({ state, route }: SmsAttempt): boolean {
  return state === 'handing-over' || (state === 'unknown' && route === null);
}

type Answer = Pick<SmsAttempt, 'route' | 'segments' | 'awaiting'>;
const NO_ANSWER: Answer = { route: null, segments: 0, awaiting: 0 };

/** The route's answer. One that comes after the attempt was given up as orphaned only says which receipts to expect. */
function answered(
  attempt: SmsAttempt,
  { type, at, route, segments, carrierIds, onlyReceipt }: Extract<AttemptEvent, { type: 'accepted' | 'unknown' }>,
  rules: Rules,
): Step {
  // Some carriers give one id for all segments. Of a lost answer, what is not known can never be told delivered.
  const known = onlyReceipt ? 1 : carrierIds.length;
  const awaiting = type === 'accepted' ? known : Math.max(segments, carrierIds.length, 1);
  const answer = { route, segments, awaiting };
  if (attempt.state === 'unknown') return quietly({ ...attempt, ...answer });
  return goOut(attempt, type === 'accepted' ? 'handed-over' : 'unknown', answer, at, rules);
}

function putOff(attempt: SmsAttempt, retryAt: number, at: number, rules: Rules): Step {
  // It was told as unknown already, and must not start anew.
  if (attempt.state === 'unknown') return fail(attempt, 'NOT_SENT', at, rules);
  if (attempt.withdrawn) return end(attempt, 'cancelled', undefined, at, rules);
  if (retryAt >= attempt.expiresAt) return fail(attempt, 'EXPIRED', at, rules);
  return { attempt: { ...attempt, state: 'waiting' }, outcome: null, dueAt: retryAt };
}

function timeOver(attempt: SmsAttempt, at: number, rules: Rules): Step {
  if (attempt.state === 'waiting') return fail(attempt, 'EXPIRED', at, rules);
  if (isOut(attempt)) return fail(attempt, 'RECEIPT_MISSING', at, rules);
  // Its answer is under way, or its lease runs out.
  if (attempt.state === 'handing-over') return quietly(attempt);
  return { attempt: null, outcome: null, dueAt: null };
}

function goOut(attempt: SmsAttempt, kind: 'handed-over' | 'unknown', answer: Answer, at: number, rules: Rules): Step {
  const deadline = at + rules.receiptMs;
  const { segments } = answer;
  return {
    attempt: { ...attempt, ...answer, state: kind, deadline },
    outcome: segments > 0 ? { kind, segments } : { kind },
    dueAt: null,
  };
}

function fail(attempt: SmsAttempt, reason: string, at: number, rules: Rules): Step {
  return end(attempt, 'failed', reason, at, rules);
}

function end(
  attempt: SmsAttempt,
  kind: 'delivered' | 'failed' | 'cancelled',
  reason: string | undefined,
  at: number,
  rules: Rules,
): Step {
  const deadline = Math.max(at + rules.rememberMs, attempt.expiresAt);
  const outcome: Told = { kind };
  if (reason !== undefined) outcome.reason = reason;
  if (attempt.segments > 0) outcome.segments = attempt.segments;
  return { attempt: { ...attempt, state: kind, awaiting: 0, deadline }, outcome, dueAt: null };
}

function quietly(attempt: SmsAttempt): Step {
  return { attempt, outcome: null, dueAt: null };
}
