/** A loop that works, sleeps until its next time or until it is woken, and ends cleanly. */
export interface Worker {
  /** There is something to do. */
  wake(): void;
  /** Resolves when the work under way has ended. */
  stop(): Promise<void>;
}

/** Asked at least this often, whatever the work expects. */
const LONGEST_MS = 60_000;
/** After a failure that the work did not deal with. */
const AFTER_FAILURE_MS = 5_000;

/**
 * `work` returns the milliseconds until there is more to do. A failure is told to `failed`, and the work tried again
 * after a while.
 */
export function startWorker(work: (signal: AbortSignal) => Promise<number>, failed: (error: unknown) => void): Worker {
  const stopping = new AbortController();
  let woken = false;
  let wakeUp = () => {};

  const sleep = (ms: number) =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, Math.min(ms, LONGEST_MS));
      wakeUp = () => {
        clearTimeout(timer);
        resolve();
      };
      if (woken || stopping.signal.aborted) wakeUp();
    });

  async function loop(): Promise<void> {
    while (!stopping.signal.aborted) {
      woken = false;
      const pause = await work(stopping.signal).catch((error: unknown) => {
        if (!stopping.signal.aborted) failed(error);
        return AFTER_FAILURE_MS;
      });
      await sleep(Math.max(0, pause));
    }
  }

  const ended = loop();
  return {
    wake() {
      woken = true;
      wakeUp();
    },
    async stop() {
      stopping.abort(new Error('stopping'));
      wakeUp();
      await ended;
    },
  };
}
