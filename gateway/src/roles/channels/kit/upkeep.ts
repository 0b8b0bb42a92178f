import { type BackOff, type Loop, startLoop } from '@civicline/protocol/run';

const EVERY_MS = 5_000;
const AFTER_FAILURE: BackOff = { firstMs: EVERY_MS, longestMs: EVERY_MS, jitter: 0 };
/** Attempts stepped at once. */
const PAGE = 500;

/** What time brings: expiry, missing reports, and forgetting. */
export interface Upkeep {
  start(): void;
  /** Does what is due. */
  once(): Promise<void>;
  /** Resolves when the round under way has ended. */
  stop(): Promise<void>;
}

export function createUpkeep(options: {
  /** Attempts whose timer has run out at `at`, at most `limit`. */
  overdue(at: number, limit: number): Promise<string[]>;
  /** Resolves when all of them were stepped by their `deadline`. */
  step(ids: readonly string[], at: number): Promise<unknown>;
  /** What else is due. */
  also?(stopping: AbortSignal): Promise<void>;
  onError(error: unknown): void;
  now: () => number;
}): Upkeep {
  const { overdue, step, also, onError, now } = options;
  const never = new AbortController().signal;
  let loop: Loop | null = null;

  async function deadlines(stopping: AbortSignal): Promise<void> {
    while (!stopping.aborted) {
      const at = now();
      const ids = await overdue(at, PAGE);
      if (ids.length > 0) await step(ids, at);
      if (ids.length < PAGE) return;
    }
  }

  async function once(stopping = never): Promise<void> {
    await deadlines(stopping);
    await also?.(stopping);
  }

  async function round(stopping: AbortSignal): Promise<number> {
    await once(stopping);
    return EVERY_MS;
  }

  return {
    start() {
      loop ??= startLoop(round, onError, { afterFailure: AFTER_FAILURE });
    },
    once: () => once(),
    stop: async () => loop?.stop(),
  };
}
