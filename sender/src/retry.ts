/** When a request to SMIS is worth repeating, and how long to wait before. Pure. */
import { backOff } from '@civicline/protocol/run';

/** All of it left to chance, so that many senders do not come back at the same moment. */
const PAUSES = { firstMs: 250, longestMs: 30_000, jitter: 1 };
/** What SMIS may ask for; a timer counts to 24 days at most. */
const LONGEST_RETRY_AFTER_MS = 24 * 3600_000;

/** Answers after which the same request may succeed; every other refusal is final. */
const WORTH_REPEATING = new Set([408, 425, 429, 500, 502, 503, 504]);

/**
 * Milliseconds to wait before the next try; null: no other try will do. `status` null: no answer came. The wait that
 * SMIS asks for by Retry-After (RFC 9110 §10.2.3), up to a day, comes on top.
 */
export function delayBefore(next: {
  tries: number;
  status: number | null;
  retryAfterMs?: number | undefined;
  random: () => number;
}): number | null {
  if (next.status !== null && !WORTH_REPEATING.has(next.status)) return null;
  return Math.min(next.retryAfterMs ?? 0, LONGEST_RETRY_AFTER_MS) + backOff(next.tries, PAUSES, next.random);
}
