/**
 * Nothing personal is shown before the audit has it: what is to be sent waits here, in order, until the entries that
 * belong to it are durable. Entries of one moment are written together. What shows nothing personal goes at once when
 * nothing waits before it.
 */
import type { Logger } from '../../../platform/http/index.ts';
import type { Audit, Showing } from '../audit/index.ts';

export interface Outbox {
  /** `send` is told whether attributes may be shown: not when the audit could not be written. */
  add(showings: Showing[], send: (mayShow: boolean) => void): void;
  /** Resolves when nothing waits any more. */
  idle(): Promise<void>;
}

export function createOutbox(audit: Audit, log: Logger): Outbox {
  let waiting: { showings: Showing[]; send: (mayShow: boolean) => void }[] = [];
  let writing: Promise<void> | null = null;

  async function recorded(showings: Showing[]): Promise<boolean> {
    try {
      await audit.record(showings);
      return true;
    } catch (error) {
      log.error({ error, entries: showings.length }, 'the audit could not be written: attributes are not shown');
      return false;
    }
  }

  async function writeAll(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting;
      waiting = [];
      const mayShow = await recorded(batch.flatMap(({ showings }) => showings));
      for (const { send } of batch) deliver(send, mayShow);
    }
    writing = null;
  }

  function deliver(send: (mayShow: boolean) => void, mayShow: boolean): void {
    try {
      send(mayShow);
    } catch (error) {
      log.error({ error }, 'consoles could not be told');
    }
  }

  return {
    add(showings, send) {
      if (showings.length === 0 && writing === null) return deliver(send, true);
      waiting.push({ showings, send });
      writing ??= writeAll();
    },
    async idle() {
      while (writing !== null) await writing;
    },
  };
}
