/**
 * What one agent's consoles may ask: a person with several tabs gets nowhere near it, a script does. Each request costs
 * something (a snapshot writes into the audit), so the allowance is per agent and not per connection.
 */
export interface Allowance {
  /** false: too much was asked of late. `at` in UTC milliseconds. */
  take(agentId: string, at: number): boolean;
}

/** So many at once, and then so many a second. */
const BURST = 60;
const PER_SECOND = 10;
/** Agents whose allowance is whole again are forgotten, now and then. */
const FORGET_MS = 60_000;

interface Bucket {
  left: number;
  at: number;
}

export function createAllowance(): Allowance {
  const buckets = new Map<string, Bucket>();
  let forgotten = 0;

  function forget(at: number): void {
    if (at - forgotten < FORGET_MS) return;
    forgotten = at;
    for (const [agentId, bucket] of buckets) if (at - bucket.at >= FORGET_MS) buckets.delete(agentId);
  }

  return {
    take(agentId, at) {
      forget(at);
      const { left, at: before } = buckets.get(agentId) ?? { left: BURST, at };
      // A clock that was set back gives nothing and takes nothing.
      const now = Math.max(at, before);
      const refilled = Math.min(BURST, left + ((now - before) / 1000) * PER_SECOND);
      const granted = refilled >= 1;
      buckets.set(agentId, { left: granted ? refilled - 1 : refilled, at: now });
      return granted;
    },
  };
}
