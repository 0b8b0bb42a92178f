/** When a request to SMIS is worth repeating, and how long to wait before. Pure. */

const FIRST_MS = 250;
const LONGEST_MS = 30_000;

/** Answers after which the same request may succeed; every other refusal is final. */
const WORTH_REPEATING = new Set([408, 425, 429, 500, 502, 503, 504]);

/**
 * Milliseconds to wait before the next try; null: no other try will do. `status` null: no answer came.
 * Exponential with full jitter, so that many senders do not come back at the same moment; what SMIS asks for by
 * Retry-After (RFC 9110 §10.2.3) comes on top of nothing and is never undercut.
 */
export function delayBefore(next: {
  tries: number;
  status: number | null;
  retryAfterSeconds?: number | undefined;
  random: () => number;
}): number | null {
  if (next.status !== null && !WORTH_REPEATING.has(next.status)) return null;
  const jittered = next.random() * Math.min(LONGEST_MS, FIRST_MS * 2 ** (next.tries - 1));
  return next.retryAfterSeconds === undefined ? jittered : next.retryAfterSeconds * 1000 + jittered;
}

/** Seconds from a Retry-After header, which holds seconds or a date; undefined: none, or not understood. */
export function retryAfterSeconds(header: string | null, now: number): number | undefined {
  if (header === null) return undefined;
  if (/^\d{1,9}$/.test(header.trim())) return Number(header);
  const at = Date.parse(header);
  return Number.isNaN(at) ? undefined : Math.max(0, Math.ceil((at - now) / 1000));
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
