/**
 * Keeps one component running: starts it again when it ends by itself, with a growing pause, until told to stop.
 *
 *   starting → running → (ended by itself) → pausing → starting …
 *       └────────┴────────── stop() ──────────┴──→ stopped
 */
import { setTimeout as sleep } from 'node:timers/promises';

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

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15_000;
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
    let pause = FIRST_PAUSE_MS;
    while (!stopping.signal.aborted) {
      const startedAt = Date.now();
      await current?.exited;
      current = null;
      if (stopping.signal.aborted) return;
      if (Date.now() - startedAt > HEALTHY_AFTER_MS) pause = FIRST_PAUSE_MS;
      log(`${name} ended; starting it again in ${pause} ms.`);
      await sleep(pause, undefined, { signal: stopping.signal }).catch(() => {});
      pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
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
