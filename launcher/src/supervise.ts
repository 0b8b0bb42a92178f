/**
 * Keeps one component running: starts it again when it ends by itself, with a growing pause, until told to stop.
 *
 *   starting → running → (ended by itself) → pausing → starting …
 *       └────────┴────────── stop() ──────────┴──→ stopped
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { backOff } from '@civicline/protocol/run';

/** A started process. */
export interface Component {
  /** Settles when the process has ended, for whatever reason. */
  exited: Promise<void>;
  /** Ends it, gently at first; settles when it is gone. */
  stop(): Promise<void>;
}

export interface Supervised {
  stop(): Promise<void>;
}

const PAUSES = { firstMs: 500, longestMs: 15_000, jitter: 0 };
/** After running this long a component counts as healthy, and its next pause is short again. */
const HEALTHY_AFTER_MS = 30_000;

/**
 * Takes over an already started component and restarts it by `start` whenever it ends.
 * `log` hears one line per end and per failed start.
 */
export function supervise(
  name: string,
  first: Component,
  start: () => Promise<Component>,
  log: (line: string) => void,
): Supervised {
  const stopping = new AbortController();
  let current: Component | null = first;

  const loop = (async () => {
    let ends = 0;
    while (!stopping.signal.aborted) {
      const startedAt = Date.now();
      await current?.exited;
      current = null;
      if (stopping.signal.aborted) return;
      if (Date.now() - startedAt > HEALTHY_AFTER_MS) ends = 0;
      const pause = backOff(++ends, PAUSES);
      log(`${name} ended; starting it again in ${pause} ms.`);
      await sleep(pause, undefined, { signal: stopping.signal }).catch(() => {});
      if (stopping.signal.aborted) return;
      current = await start().catch((error: Error) => {
        log(`${name} did not start: ${error.message}`);
        return null;
      });
      if (current && !stopping.signal.aborted) log(`${name} runs again.`);
    }
  })();

  return {
    async stop() {
      stopping.abort();
      await current?.stop();
      await loop;
      // A start that was under way when stop() came has finished by now.
      await current?.stop();
    },
  };
}
