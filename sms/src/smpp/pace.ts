/**
 * How fast the carrier may be given segments. A token bucket with the agreed rate as its ceiling; when the carrier says
 * that it is too fast, nothing goes for a pause, and then no faster than it took segments before, and at most half as fast
 * as was tried; from there the rate grows by a quarter a second.
 *
 *   open ──throttled──► pausing ──pause over──► slowed ──rate back at the ceiling──► open
 *                         ▲                        │
 *                         └───────throttled────────┘   a longer pause each time, until something is accepted
 *
 * Times are milliseconds of a clock that never jumps.
 */
export interface Pace {
  /** How long to wait before the next segment may go; 0: now. */
  delay(now: number): number;
  take(now: number, segments: number): void;
  accepted(now: number, segments: number): void;
  throttled(now: number): void;
}

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 30_000;
const GROWTH_PER_SECOND = 0.25;
const SLOWEST = 5;
/** Having given the carrier little says little about how much it takes. */
const FIRST_GUESS = 20;
/** Without an agreed rate, faster than this is as good as none. */
const UNLIMITED = 50_000;
/** Share of a second's segments that may go at once after idleness. */
const BURST = 0.05;

/** `ceiling`: segments per second agreed with the carrier; null: as fast as it takes them. */
export function createPace(ceiling: number | null, start: number): Pace {
  const limit = ceiling ?? Number.POSITIVE_INFINITY;
  let rate = limit;
  let tokens = 1;
  let filledAt = start;
  let pauseUntil = start;
  let pause = 0;
  let acceptedSince = start;
  let acceptedCount = 0;
  let acceptedRate = 0;

  function fill(now: number): void {
    const seconds = Math.max(0, now - filledAt) / 1000;
    filledAt = now;
    if (rate === Number.POSITIVE_INFINITY) return;
    if (rate < limit) rate = Math.min(limit, rate * (1 + GROWTH_PER_SECOND * Math.min(seconds, 1)));
    if (limit === Number.POSITIVE_INFINITY && rate > UNLIMITED) rate = limit;
    tokens = Math.min(Math.max(1, rate * BURST), tokens + seconds * rate);
  }

  function delay(now: number): number {
    if (now < pauseUntil) return pauseUntil - now;
    fill(now);
    return rate === Number.POSITIVE_INFINITY || tokens >= 1 ? 0 : ((1 - tokens) / rate) * 1000;
  }

  function take(now: number, segments: number): void {
    fill(now);
    tokens -= segments;
  }

  function accepted(now: number, segments: number): void {
    if (now >= pauseUntil) pause = 0;
    acceptedCount += segments;
    if (now - acceptedSince < 1000) return;
    acceptedRate = (acceptedCount * 1000) / (now - acceptedSince);
    acceptedSince = now;
    acceptedCount = 0;
  }

  /** A whole window is throttled at once: what comes during the pause says nothing new. */
  function throttled(now: number): void {
    if (now < pauseUntil) return;
    pause = Math.min(LONGEST_PAUSE_MS, Math.max(FIRST_PAUSE_MS, pause * 2));
    pauseUntil = now + pause;
    filledAt = pauseUntil;
    const recent = Math.max(acceptedRate, acceptedCount / (Math.max(1000, now - acceptedSince) / 1000));
    rate = Math.min(limit, Math.max(SLOWEST, Math.min(rate / 2, Math.max(recent, FIRST_GUESS))));
    tokens = 0;
  }

  return { delay, take, accepted, throttled };
}
