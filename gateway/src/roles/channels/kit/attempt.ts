/**
 * What every channel's attempts go through, as a pure function `(attempt, event) → (attempt, outcome)`. Each channel adds
 * its own events, and draws the whole at the head of its `machine.ts`.
 *
 *             leaves                   the channel's own events
 *   waiting ◄─────────► handing-over ─────────► handed-over ──► delivered ──► read
 *      │     put-off       │  │  └─ orphaned ──► unknown ─────────┘   (or failed)
 *      │                   │  └─ refused, put-off at its end ──► failed
 *      └─ rejected, expired ──► failed    cancel, once it surely did not leave ──► cancelled
 *
 * - `handing-over` is stored before anything leaves. An attempt that is found so by another than who put it there may
 *   have gone out: it becomes `unknown` and is never sent again.
 * - Events may come repeated, late or never: one that does not fit the state changes nothing.
 * - An attempt has one timer, `deadline`: expiry while it waits, the missing report afterwards, then being forgotten.
 */
import type { Outcome } from '@civicline/protocol/channel';
import { createStateTable } from '@civicline/protocol/run';

export type State = 'waiting' | 'handing-over' | Outcome['kind'];

export const STATES = createStateTable<State>('an attempt', {
  waiting: ['handing-over', 'failed', 'cancelled'],
  // A report may overtake the answer that the carrier has accepted it.
  'handing-over': ['waiting', 'handed-over', 'unknown', 'delivered', 'failed', 'cancelled'],
  'handed-over': ['delivered', 'failed'],
  // An answer may come after it was given up.
  unknown: ['handed-over', 'delivered', 'failed'],
  delivered: ['read'],
  read: [],
  failed: [],
  cancelled: [],
});

export interface AttemptState {
  state: State;
  /** UTC milliseconds; not handed over after this. */
  expiresAt: number;
  /** Withdrawn while it was being handed over: cancelled if that did not happen. */
  withdrawn: boolean;
  /** UTC milliseconds: when a `deadline` event is due. */
  deadline: number;
}

/** `at`: UTC milliseconds. */
export type CommonEvent = { at: number } & (
  | { type: 'leaves' }
  /** Claimed from the queue in the state `handing-over`: who handed it over has died. */
  | { type: 'orphaned' }
  /** Cannot or must not be sent. */
  | { type: 'rejected'; reason: string }
  /** By the carrier, for good. */
  | { type: 'refused'; reason: string }
  /** Surely not sent, but worth another try at `retryAt`. */
  | { type: 'put-off'; retryAt: number }
  | { type: 'cancel' }
  | { type: 'deadline' }
);

/** What SMIS is told of an attempt. */
export type Told = Pick<Outcome, 'kind' | 'reason' | 'segments'>;

export interface Step<A extends AttemptState> {
  /** null: forgotten. The very same object: nothing has changed. */
  attempt: A | null;
  outcome: Told | null;
  /** When the queue gives it out again, after a try in vain. */
  dueAt: number | null;
}

/** In what channels differ. */
export interface Ways<A extends AttemptState> {
  /** After a hand-over that nobody answered for, how long to wait for a report, milliseconds. */
  unknownMs: number;
  /** How long an ended attempt is remembered at least, so that a repeated submit does nothing; until it expires anyway. */
  rememberMs: number;
  /** It was given to the carrier, and no answer to that has been recorded. */
  isUnanswered(attempt: A): boolean;
  /** What it means that no report came in time of one that is `handed-over` or `unknown`; a reason: it failed. */
  silenceMeans(attempt: A): 'delivered' | { reason: string };
}

/** What the event makes of the attempt. Never throws for an event at the wrong moment. */
export function stepCommon<A extends AttemptState>(attempt: A, event: CommonEvent, ways: Ways<A>): Step<A> {
  const { at } = event;
  const { state } = attempt;
  switch (event.type) {
    case 'leaves':
      if (state !== 'waiting') return quietly(attempt);
      if (at >= attempt.expiresAt) return fail(attempt, 'EXPIRED', at, ways);
      return quietly(enter(attempt, 'handing-over'));
    case 'orphaned':
      return state === 'handing-over' ? goOut(attempt, 'unknown', at + ways.unknownMs) : quietly(attempt);
    case 'rejected':
      return state === 'waiting' ? fail(attempt, event.reason, at, ways) : quietly(attempt);
    case 'refused':
      return ways.isUnanswered(attempt) ? fail(attempt, event.reason, at, ways) : quietly(attempt);
    case 'put-off':
      return ways.isUnanswered(attempt) ? putOff(attempt, event.retryAt, at, ways) : quietly(attempt);
    case 'cancel':
      if (state === 'handing-over') return quietly({ ...attempt, withdrawn: true });
      return state === 'waiting' ? end(attempt, 'cancelled', at, ways) : quietly(attempt);
    case 'deadline':
      return at < attempt.deadline ? quietly(attempt) : timeOver(attempt, at, ways);
  }
}

/** The queue holds it, and its address and content are still needed. */
export function isPending({ state }: Pick<AttemptState, 'state'>): boolean {
  return state === 'waiting' || state === 'handing-over';
}

/** Handed over as far as is known, and without a final report. */
export function isOut({ state }: Pick<AttemptState, 'state'>): boolean {
  return state === 'handed-over' || state === 'unknown';
}

/** Nothing is told of it. */
export function quietly<A extends AttemptState>(attempt: A): Step<A> {
  return { attempt, outcome: null, dueAt: null };
}

export function enter<A extends AttemptState>(attempt: A, state: State, changes: Partial<AttemptState> = {}): A {
  return { ...attempt, ...changes, state: STATES.move(attempt.state, state) };
}

/** It has left, or may have. A report is awaited until `deadline`. */
export function goOut<A extends AttemptState>(attempt: A, state: 'handed-over' | 'unknown', deadline: number): Step<A> {
  return { attempt: enter(attempt, state, { deadline }), outcome: { kind: state }, dueAt: null };
}

export function fail<A extends AttemptState>(
  attempt: A,
  reason: string,
  at: number,
  ways: Pick<Ways<A>, 'rememberMs'>,
): Step<A> {
  const ended = end(attempt, 'failed', at, ways);
  return { ...ended, outcome: { kind: 'failed', reason } };
}

export function end<A extends AttemptState>(
  attempt: A,
  state: 'delivered' | 'failed' | 'cancelled',
  at: number,
  { rememberMs }: Pick<Ways<A>, 'rememberMs'>,
): Step<A> {
  const deadline = Math.max(at + rememberMs, attempt.expiresAt);
  return { attempt: enter(attempt, state, { deadline }), outcome: { kind: state }, dueAt: null };
}

function putOff<A extends AttemptState>(attempt: A, retryAt: number, at: number, ways: Ways<A>): Step<A> {
  // It was told as unknown already, and must not start anew.
  if (attempt.state === 'unknown') return fail(attempt, 'NOT_SENT', at, ways);
  if (attempt.withdrawn) return end(attempt, 'cancelled', at, ways);
  if (retryAt >= attempt.expiresAt) return fail(attempt, 'EXPIRED', at, ways);
  return { attempt: enter(attempt, 'waiting'), outcome: null, dueAt: retryAt };
}

function timeOver<A extends AttemptState>(attempt: A, at: number, ways: Ways<A>): Step<A> {
  if (attempt.state === 'waiting') return fail(attempt, 'EXPIRED', at, ways);
  // Its answer is under way, or its lease runs out.
  if (attempt.state === 'handing-over') return quietly(attempt);
  if (!isOut(attempt)) return { attempt: null, outcome: null, dueAt: null };
  const silence = ways.silenceMeans(attempt);
  return silence === 'delivered' ? end(attempt, 'delivered', at, ways) : fail(attempt, silence.reason, at, ways);
}
