import type { Logger } from '../../../platform/http/index.ts';
import { idFloor } from './ids.ts';
import type { MessageStore } from './store.ts';

const HOUR_MS = 3600_000;
/** Longer than promised, so that a repeat at the last moment still gets its answer. */
const REQUESTS_KEPT_MS = 48 * HOUR_MS;
/** As long as their events. */
const MESSAGES_KEPT_MS = 90 * 24 * HOUR_MS;
const PAGE = 500;

/** Forgets what is long over, page by page; returns how to stop, which waits for the page under way. */
export function startUpkeep(store: MessageStore, log: Logger, now: () => number): () => Promise<void> {
  let stopped = false;
  let working: Promise<void> | null = null;

  async function forgetAll(forget: () => Promise<number>): Promise<void> {
    while (!stopped && (await forget()) === PAGE);
  }

  async function round(): Promise<void> {
    await forgetAll(() => store.forgetRequests(now() - REQUESTS_KEPT_MS, PAGE));
    await forgetAll(() => store.forgetMessages(idFloor(now() - MESSAGES_KEPT_MS), PAGE));
  }

  const timer = setInterval(() => {
    working ??= round()
      .catch((error: unknown) => log.error({ error }, 'upkeep of messages failed'))
      .finally(() => {
        working = null;
      });
  }, HOUR_MS);
  timer.unref();
  return async () => {
    stopped = true;
    clearInterval(timer);
    await working;
  };
}
