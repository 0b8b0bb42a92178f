/**
 * What follows from a receiver's answer, per webhook. Pure.
 *
 *   sound ──failed──► failing ──failed, waits spent or too long──► disabled
 *     ▲                  │                                            │
 *     └────delivered─────┘◄──────────── replay ───────────────────────┤
 *                                            gone (410), from any ────┘
 */

/** After each failure, milliseconds; the example of Standard Webhooks. */
const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
export const WAITS = [
  5 * SECOND,
  5 * MINUTE,
  30 * MINUTE,
  2 * HOUR,
  5 * HOUR,
  10 * HOUR,
  14 * HOUR,
  20 * HOUR,
  24 * HOUR,
] as const;

/** All waits together: how long a receiver may be away. */
export const GIVE_UP_MS = WAITS.reduce<number>((sum, wait) => sum + wait, 0);
/** Of the wait, in either direction, so that receivers that failed together are not tried together. */
const JITTER = 0.2;
const LONGEST_RETRY_AFTER_MS = 24 * HOUR;

export interface Failing {
  /** UTC milliseconds; null: the last call went well. */
  since: number | null;
  tries: number;
}

export type Answer =
  | { kind: 'delivered' }
  | { kind: 'gone' }
  /** `retryAfterMs`: how long the receiver asks to be left alone. */
  | { kind: 'failed'; reason: FailureReason; retryAfterMs?: number };

export type FailureReason =
  /** An answer other than 2xx. */
  | 'status'
  /** Redirects are not followed. */
  | 'redirect'
  | 'timeout'
  | 'unreachable'
  /** Its address is not public. */
  | 'address-refused'
  /** It was not called: its secret cannot be opened. */
  | 'unsigned';

/**
 * Each failure in a row makes the pause longer. A receiver may ask for a longer one, up to a day, never for a shorter.
 * `random`: from 0 to 1.
 */
export function afterFailure(
  before: Failing,
  answer: Exclude<Answer, { kind: 'delivered' }>,
  now: number,
  random: number,
): { next: 'retry'; failing: Failing; nextAt: number } | { next: 'disable'; reason: 'GONE' | 'UNREACHABLE' } {
  if (answer.kind === 'gone') return { next: 'disable', reason: 'GONE' };
  const since = before.since ?? now;
  const wait = WAITS[before.tries];
  // Who asks for long pauses is not waited for longer than who asks for none.
  const isSpent = answer.retryAfterMs !== undefined && now - since > GIVE_UP_MS * (1 + JITTER);
  if (wait === undefined || isSpent) return { next: 'disable', reason: 'UNREACHABLE' };
  const jittered = Math.round(wait * (1 - JITTER + 2 * JITTER * random));
  const asked = Math.min(answer.retryAfterMs ?? 0, LONGEST_RETRY_AFTER_MS);
  return { next: 'retry', failing: { since, tries: before.tries + 1 }, nextAt: now + Math.max(jittered, asked) };
}
