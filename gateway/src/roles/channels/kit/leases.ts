import type { Database, LeasedQueue } from '../../../platform/storage/index.ts';

/** What this process has claimed from the queue and not let go. */
export interface Leases {
  readonly size: number;
  has(id: string): boolean;
  /** Held, and surely nobody else's yet. */
  isSure(id: string): boolean;
  /** Claimed at `at`, UTC milliseconds. */
  hold(ids: readonly string[], at: number): void;
  /** The queue does not hold it any more, or its lease may run out. */
  release(id: string): void;
  /** It will not leave from here: somebody else may have it at once. */
  giveBack(ids: readonly string[]): Promise<void>;
  /** Begins to renew the leases of what takes longer: an answer that a carrier owes, a route that has to wait. */
  start(): void;
  /** Resolves when nothing is held any more. */
  empty(): Promise<void>;
}

export function createLeases(options: {
  database: Database;
  queue: LeasedQueue;
  leaseMs: number;
  onRelease(size: number): void;
  onError(error: unknown): void;
  now: () => number;
}): Leases {
  const { database, queue, leaseMs, onRelease, onError, now } = options;
  /** Until when the lease runs. */
  const held = new Map<string, number>();
  let announceEmpty: (() => void) | null = null;
  let renewing: NodeJS.Timeout | undefined;

  async function renew(): Promise<void> {
    const at = now();
    // Before a third of it is over; and when it seems longer than any, after our clock was set back.
    const isDue = (rest: number) => rest < (leaseMs * 2) / 3 || rest > leaseMs;
    const ids = [...held].filter(([, until]) => isDue(until - at)).map(([id]) => id);
    if (ids.length === 0) return;
    await database.write((sql) => queue.renew(sql, ids, at + leaseMs));
    // One that had run out meanwhile may be somebody else's, however long it is now.
    const done = now();
    hold(
      ids.filter((id) => (held.get(id) ?? 0) > done),
      at,
    );
  }

  function hold(ids: readonly string[], at: number): void {
    for (const id of ids) held.set(id, at + leaseMs);
  }

  function release(id: string): void {
    if (!held.delete(id)) return;
    onRelease(held.size);
    if (held.size === 0) announceEmpty?.();
  }

  return {
    get size() {
      return held.size;
    },
    has: (id) => held.has(id),
    // The clocks of two gateways may differ a little.
    isSure: (id) => (held.get(id) ?? 0) - now() > leaseMs / 10,
    hold,
    release,
    async giveBack(ids) {
      const items = ids.map((id) => ({ id, dueAt: now() }));
      await database.write((sql) => queue.later(sql, items)).catch(onError);
      for (const id of ids) release(id);
    },
    start() {
      renewing = setInterval(() => renew().catch(onError), leaseMs / 3);
    },
    async empty() {
      if (held.size > 0) {
        await new Promise<void>((resolve) => {
          announceEmpty = resolve;
        });
      }
      clearInterval(renewing);
    },
  };
}
