/** When a request to SMIS is worth repeating, and how long to wait before. Pure. */

const FIRST_MS = 250;
const LONGEST_MS = 30_000;
/** What SMIS may ask for; a timer counts to 24 days at most. */
const LONGEST_RETRY_AFTER_MS = 24 * 3600_000;

/** Answers after which the same request may succeed; every other refusal is final. */
const WORTH_REPEATING = new Set([408, 425, 429, 500, 502, 503, 504]);

/**
 * Milliseconds to wait before the next try; null: no other try will do. `status` null: no answer came.
 * Exponential with full jitter, so that many senders do not come back at the same moment. The wait that SMIS asks for by
 * Retry-After (RFC 9110 §10.2.3), up to a day, is added to it.
 */
export function delayBefore(next: {
  tries: number;
  status: number | null;
  retryAfterMs?: number | undefined;
  random: () => number;
}): number | null {
  if (next.status !== null && !WORTH_REPEATING.has(next.status)) return null;
  const jittered = next.random() * Math.min(LONGEST_MS, FIRST_MS * 2 ** (next.tries - 1));
  return Math.min(next.retryAfterMs ?? 0, LONGEST_RETRY_AFTER_MS) + jittered;
}

/** Resolves after `ms`, or rejects when `signal` aborts. */
export function wait(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const aborted = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', aborted);
      resolve();
    }, ms);
    signal?.addEventListener('abort', aborted, { once: true });
  });
}
