/**
 * Calls back what is about to leave. An attempt is recorded as leaving before it waits for the carrier, and that may take
 * minutes; a cancellation or a STOP that is stored meanwhile counts all the same, up to the moment when the carrier is given the
 * first octets. That moment asks {@link Recall.mayLeave}, which does not wait for anything.
 *
 * Where several gateways share the database, each looks there for what the others have stored, and lets nothing leave
 * whose last look is older than {@link STALE_MS}: so after that time, `everywhere`, all of them know.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { State } from './attempt.ts';

export interface Recall<Why extends string> {
  /** It will leave soon. */
  add(id: string): void;
  /** To be called before it is recorded as leaving: what is stored later is looked for. */
  leaves(id: string): void;
  has(id: string): boolean;
  /** It has left, or will not. */
  end(id: string): void;
  /** It must not leave. What has left already, or is not here, is passed over. */
  stop(id: string, why: Why): void;
  /** As `stop`, of attempts in these states; resolves when none of them can leave any more, wherever they are. */
  withdraw(attempts: readonly { id: string; state: State | null }[], why: Why): Promise<void>;
  /** Why it must not leave; null: it was not stopped. */
  whyNot(id: string): Why | null;
  /** False: it was stopped, or nobody can say at this moment. */
  mayLeave(id: string): boolean;
  /** Resolves when what is stored now is obeyed by every gateway. */
  everywhere(): Promise<void>;
  start(): void;
  close(): void;
}

const LOOK_MS = 250;
/** How old the last look may be. */
export const STALE_MS = 1_000;

interface Entry<Why> {
  /** When it was recorded as leaving, of `performance.now()`; null: not yet. */
  since: number | null;
  why: Why | null;
}

export function createRecall<Why extends string>(options: {
  /** Whether other gateways write to the same database. */
  isShared: boolean;
  /** Of these that are leaving, those that must not, by what is stored. */
  find(ids: readonly string[]): Promise<Iterable<readonly [id: string, why: Why]>>;
  /** Called once for one that must not leave, for those who wait and do not ask. */
  onStop?(id: string): void;
  onError(error: unknown): void;
}): Recall<Why> {
  const { isShared, find, onStop, onError } = options;
  const entries = new Map<string, Entry<Why>>();
  let lookedAt = Number.NEGATIVE_INFINITY;
  let isLooking = false;
  let timer: NodeJS.Timeout | undefined;

  async function look(): Promise<void> {
    if (isLooking) return;
    isLooking = true;
    try {
      const at = performance.now();
      const ids = [...entries].filter(([, { since, why }]) => since !== null && why === null).map(([id]) => id);
      if (ids.length > 0) for (const [id, why] of await find(ids)) stop(id, why);
      lookedAt = at;
    } finally {
      isLooking = false;
    }
  }

  function stop(id: string, why: Why): void {
    const entry = entries.get(id);
    if (!entry || entry.why !== null) return;
    entry.why = why;
    onStop?.(id);
  }

  const everywhere = () => (isShared ? delay(STALE_MS) : Promise.resolve());

  return {
    add: (id) => void entries.set(id, { since: null, why: null }),
    leaves(id) {
      const entry = entries.get(id);
      if (entry) entry.since = performance.now();
    },
    has: (id) => entries.has(id),
    end: (id) => void entries.delete(id),
    stop,
    async withdraw(attempts, why) {
      const isElsewhere = attempts.some(({ id, state }) => state === 'handing-over' && !entries.has(id));
      for (const { id } of attempts) stop(id, why);
      if (isElsewhere) await everywhere();
    },
    whyNot: (id) => entries.get(id)?.why ?? null,
    mayLeave(id) {
      const entry = entries.get(id);
      if (!entry || entry.why !== null) return false;
      return !isShared || performance.now() - Math.max(entry.since ?? lookedAt, lookedAt) < STALE_MS;
    },
    everywhere,
    start() {
      if (!isShared) return;
      timer = setInterval(() => void look().catch(onError), LOOK_MS);
    },
    close: () => clearInterval(timer),
  };
}
