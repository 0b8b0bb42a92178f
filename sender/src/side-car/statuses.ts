/** Follows a service's feed of events at SMIS and records in the side-car's database what became of its messages. */
import { type Loop, startLoop } from '@civicline/protocol/run';
import { type Sender, SenderError } from '../index.ts';
import type { Log } from './log.ts';
import type { SideCarStore } from './store.ts';

export interface StatusesOptions {
  service: string;
  sender: Sender;
  store: SideCarStore;
  onRecorded: () => void;
  log: Log;
}

const AFTER_FAILURE_MS = 10_000;

export function startStatuses({ service, sender, store, onRecorded, log }: StatusesOptions): Loop {
  async function follow(signal: AbortSignal): Promise<number> {
    try {
      for await (const { events, next } of sender.events({ after: store.cursor(service), signal })) {
        await store.record(service, events, next);
        onRecorded();
      }
    } catch (error) {
      if (signal.aborted) return 0;
      if (!(error instanceof SenderError)) throw error;
      log('the feed of events cannot be read', { service, code: error.code });
      // Kept longer than SMIS keeps events, or of another SMIS: what ended is left alone when it comes again.
      if (error.code === 'CURSOR_EXPIRED' || error.code === 'CURSOR_INVALID') await store.forgetCursor(service);
    }
    return AFTER_FAILURE_MS;
  }

  return startLoop(follow, (error) => log('recording events failed', { service, error }));
}
