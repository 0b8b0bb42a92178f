/**
 * The life of one SMS at this channel, as a pure function `(attempt, event) → (attempt, outcome)`.
 *
 *             claimed, about to leave           accepted                    every segment's receipt says so
 *   waiting ─────────────────────────► handing-over ────► handed-over ─────────────────────────► delivered
 *    │   ▲                               │  │  │               │
 *    │   └── surely not sent, try later ─┘  │  │               ├─ a segment failed, or no receipt came ──► failed
 *    │                                      │  │               │                                              ▲
 *    │      answer lost, or this process ───┘  │  ┌────────────┘                                              │
 *    │      died meanwhile                     │  │ the same: receipts of the segments that are known         │
 *    │                        └─────────► unknown ┘                                                           │
 *    │                                         └── refused for good ──────────────────────────────────────────┤
 *    ├── unreadable, suppressed, expired ─────────────────────────────────────────────────────────────────────┘
 *    └── cancelled
 *
 * - `handing-over` is stored before the SMS leaves. An attempt that is found so by another than who put it there may
 *   have gone out: it becomes `unknown` and is never sent again.
 * - Events may come repeated, late or never: one that does not fit the state changes nothing.
 * - An attempt has one timer, `deadline`: expiry while it waits, the missing receipt afterwards, then being forgotten.
 */
import type { Outcome } from '../smis/channel.ts';

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
  | { type: 'accepted' | 'unknown'; route: string; segments: number; carrierIds: readonly string[] }
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
  /** After the hand-over, how long a receipt may take. */
  receiptMs: number;
  /** How long an ended attempt is remembered at least, so that a repeated submit does nothing; until it expires anyway. */
  rememberMs: number;
}

/** What the event makes of the attempt. Never throws for an event at the wrong moment. */
export function step(attempt: SmsAttempt, event: AttemptEvent, rules: Rules): Step {
  const { at } = event;
  const to = moves(attempt, at, rules);
  switch (event.type) {
    case 'leaves':
      if (attempt.state !== 'waiting') return unchanged(attempt);
      return at < attempt.expiresAt ? quietly({ ...attempt, state: 'handing-over' }) : to.failed('EXPIRED');
    case 'orphaned':
      return attempt.state === 'handing-over' ? to.unknown(null, 0, 0) : unchanged(attempt);
    case 'rejected':
      return attempt.state === 'waiting' ? to.failed(event.reason) : unchanged(attempt);
    case 'accepted':
    case 'unknown':
      return answered(attempt, event, to);
    case 'refused':
      return mayBeOut(attempt) ? to.failed(event.reason) : unchanged(attempt);
    case 'put-off':
      return putOff(attempt, event.retryAt, to);
    case 'segment-delivered':
      if (!isOut(attempt)) return unchanged(attempt);
      return attempt.awaiting > 1 ? quietly({ ...attempt, awaiting: attempt.awaiting - 1 }) : to.delivered();
    case 'segment-failed':
      return isOut(attempt) ? to.failed(event.reason) : unchanged(attempt);
    case 'cancel':
      if (attempt.state === 'handing-over') return quietly({ ...attempt, withdrawn: true });
      return attempt.state === 'waiting' ? to.cancelled() : unchanged(attempt);
    case 'deadline':
      return at < attempt.deadline ? unchanged(attempt) : timeOver(attempt, to);
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

type Answer = Extract<AttemptEvent, { type: 'accepted' | 'unknown' }>;

/** The route's answer. One that comes after the attempt was given up as orphaned only says which receipts to expect. */
function answered(attempt: SmsAttempt, event: Answer, to: ReturnType<typeof moves>): Step {
  if (!mayBeOut(attempt)) return unchanged(attempt);
  const { route, segments } = event;
  // Some carriers give one id for all segments. Of a lost answer, what is not known can never be told delivered.
  const awaiting = event.type === 'accepted' ? event.carrierIds.length : Math.max(segments, event.carrierIds.length, 1);
  if (attempt.state === 'unknown') return quietly({ ...attempt, route, segments, awaiting });
  return event.type === 'accepted' ? to.handedOver(route, segments, awaiting) : to.unknown(route, segments, awaiting);
}

function putOff(attempt: SmsAttempt, retryAt: number, to: ReturnType<typeof moves>): Step {
  if (!mayBeOut(attempt)) return unchanged(attempt);
  // It was told as unknown already, and must not start anew.
  if (attempt.state === 'unknown') return to.failed('NOT_SENT');
  if (attempt.withdrawn) return to.cancelled();
  if (retryAt >= attempt.expiresAt) return to.failed('EXPIRED');
  return { attempt: { ...attempt, state: 'waiting' }, outcome: null, dueAt: retryAt };
}

function timeOver(attempt: SmsAttempt, to: ReturnType<typeof moves>): Step {
  if (attempt.state === 'waiting') return to.failed('EXPIRED');
  if (isOut(attempt)) return to.failed('RECEIPT_MISSING');
  // Its answer is under way, or its lease runs out.
  if (attempt.state === 'handing-over') return unchanged(attempt);
  return { attempt: null, outcome: null, dueAt: null };
}

/** The changes that SMIS is told. */
function moves(attempt: SmsAttempt, at: number, { receiptMs, rememberMs }: Rules) {
  const end = (state: State, outcome: Told): Step => ({
    attempt: { ...attempt, state, awaiting: 0, deadline: Math.max(at + rememberMs, attempt.expiresAt) },
    outcome,
    dueAt: null,
  });
  const out = (state: 'handed-over' | 'unknown', route: string | null, segments: number, awaiting: number): Step => ({
    attempt: { ...attempt, state, route, segments, awaiting, deadline: at + receiptMs },
    outcome: segments > 0 ? { kind: state, segments } : { kind: state },
    dueAt: null,
  });
  const sent = attempt.segments > 0 ? { segments: attempt.segments } : {};
  return {
    handedOver: (route: string, segments: number, awaiting: number) => out('handed-over', route, segments, awaiting),
    unknown: (route: string | null, segments: number, awaiting: number) => out('unknown', route, segments, awaiting),
    delivered: () => end('delivered', { kind: 'delivered', ...sent }),
    failed: (reason: string) => end('failed', { kind: 'failed', reason, ...sent }),
    cancelled: () => end('cancelled', { kind: 'cancelled' }),
  };
}

function quietly(attempt: SmsAttempt): Step {
  return { attempt, outcome: null, dueAt: null };
}

function unchanged(attempt: SmsAttempt): Step {
  return quietly(attempt);
}
