import type { Logger } from '../../../platform/http/index.ts';
import type { EmailStore } from './store.ts';

const EVERY_MS = 5_000;
const PAGE = 500;

/** What time brings: expiry, delivery after the quiet time, answers given up, forgetting. */
export function createUpkeep({ store, log, now }: { store: EmailStore; log: Logger; now: () => number }) {
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> = Promise.resolve();
  let stopping = false;

  /** Does what is due. */
  async function once(): Promise<void> {
    for (;;) {
      const at = now();
      const due = await store.due(at, PAGE);
      if (due.length > 0)
        await store.happened(due.map((attemptId) => ({ attemptId, event: { type: 'deadline', at } })));
      if (due.length < PAGE || stopping) return;
    }
  }

  async function run(): Promise<void> {
    await once().catch((error: unknown) => log.error({ error }, 'upkeep of e-mails failed'));
    if (stopping) return;
    timer = setTimeout(() => {
      running = run();
    }, EVERY_MS);
    timer.unref();
  }

  return {
    once,
    start() {
      running = run();
    },
    async stop() {
      stopping = true;
      clearTimeout(timer);
      await running;
    },
  };
}
