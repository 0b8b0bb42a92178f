/**
 * Keeps messages away from a route that fails, and lets one at a time find out whether it works again.
 *
 *              5 failures in a row                 the pause is over
 *   closed ────────────────────────────► open ────────────────────────► half-open (one message on trial)
 *     ▲ ▲                                 │ ▲                               │   │
 *     │ └──── an earlier one succeeds ────┘ └── it fails; a pause of twice ─┘   │
 *     └──────────────────────────── it succeeds ────────────────────────────────┘
 *
 * A pure value; times are milliseconds of a clock that never jumps.
 */
export type Breaker =
  | { state: 'closed'; failures: number }
  | { state: 'open'; until: number; pause: number }
  | { state: 'half-open'; pause: number };

/** `neutral`: says nothing about the route. */
export type Trial = 'success' | 'failure' | 'neutral';

export const CLOSED: Breaker = { state: 'closed', failures: 0 };

const FAILURES = 5;
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 60_000;

/** Whether a message may go; then it counts as gone. */
export function admit(breaker: Breaker, now: number): { admitted: boolean; breaker: Breaker } {
  if (breaker.state === 'closed') return { admitted: true, breaker };
  if (breaker.state === 'half-open' || now < breaker.until) return { admitted: false, breaker };
  return { admitted: true, breaker: { state: 'half-open', pause: breaker.pause } };
}

/** What became of a message that was admitted. */
export function conclude(breaker: Breaker, trial: Trial, now: number): Breaker {
  if (trial === 'success') return CLOSED;
  switch (breaker.state) {
    case 'closed':
      if (trial === 'neutral') return breaker;
      return breaker.failures + 1 < FAILURES
        ? { state: 'closed', failures: breaker.failures + 1 }
        : { state: 'open', until: now + FIRST_PAUSE_MS, pause: FIRST_PAUSE_MS };
    case 'half-open': {
      const pause = trial === 'neutral' ? breaker.pause : Math.min(LONGEST_PAUSE_MS, breaker.pause * 2);
      return { state: 'open', until: trial === 'neutral' ? now : now + pause, pause };
    }
    case 'open':
      // One that left before it opened.
      return breaker;
  }
}
