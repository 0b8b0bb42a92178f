import { type BackOff, backOff } from './back-off.ts';

/** Work that is done round after round, never two at once, until it is stopped. */
export interface Loop {
  /** There is something to do: ends the rest, or makes the round under way be followed by another at once. */
  wake(): void;
  /** Aborts `stopping`; resolves when the round under way has ended. Repeats wait for the same. */
  stop(): Promise<void>;
}

/**
 * Resolves with the milliseconds until there is something to do unless somebody wakes the loop: 0 for at once, Infinity
 * for nothing in sight.
 */
export type Round = (stopping: AbortSignal) => Promise<number>;

/** Whatever a round expects, another one follows after this: a hint may get lost, and clocks are set. */
const LONGEST_REST_MS = 60_000;
const AFTER_FAILURE: BackOff = { firstMs: 500, longestMs: 30_000 };

/**
 * Begins with a round at once. When one rejects, `onError` hears why, and the rests grow until one succeeds; nobody can
 * wake the loop from those, so that whatever has failed is not asked all the time. What `stopping` made a round reject
 * with is no failure.
 */
export function startLoop(
  round: Round,
  onError: (error: unknown) => void,
  { afterFailure = AFTER_FAILURE }: { afterFailure?: BackOff } = {},
): Loop {
  const stopping = new AbortController();
  const { signal } = stopping;
  let failures = 0;
  let woken = false;
  let endRest = () => {};

  function rest(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, Math.min(milliseconds, LONGEST_REST_MS));
      endRest = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** How long to rest after it. */
  async function runOnce(): Promise<number> {
    try {
      const pause = await round(signal);
      failures = 0;
      return woken ? 0 : pause;
    } catch (error) {
      if (error !== signal.reason) onError(error);
      failures++;
      return backOff(failures, afterFailure);
    }
  }

  async function run(): Promise<void> {
    while (!signal.aborted) {
      woken = false;
      const pause = await runOnce();
      if (pause > 0 && !signal.aborted) await rest(pause);
    }
  }

  const running = run();
  return {
    wake() {
      woken = true;
      if (failures === 0) endRest();
    },
    stop() {
      stopping.abort(new Error('stopping'));
      endRest();
      return running;
    },
  };
}
