import type { Database, LeasedQueue } from '../storage/index.ts';

/** What this process has claimed from the queue and not let go. */
export interface Leases {
  readonly size: number;
  has(id: string): boolean;
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
    const ids = [...held].filter(([, until]) => until - at < (leaseMs * 2) / 3).map(([id]) => id);
    if (ids.length === 0) return;
    hold(ids, at);
    const items = ids.map((id) => ({ id, dueAt: at + leaseMs }));
    await database.write((sql) => queue.later(sql, items));
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
