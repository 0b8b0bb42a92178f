/** Writes live calls, and writes again what could not be written: no event may ever come that would do it. */
import type { Logger } from '../../../platform/http/index.ts';
import type { Call } from './call.ts';
import type { CallStore, Personal } from './store.ts';

/** What is written, in its turn: everything about one call happens on its chain. */
export interface Writable {
  readonly call: Call;
  readonly personal: Personal;
  chain: Promise<unknown>;
}

export interface CallWriter<Entry extends Writable> {
  /** Writes `call`, and `personal` where it changed. Rejects when that failed. */
  save(entry: Entry, call: Call, personal?: Personal): Promise<void>;
  /** The same for whom serving the caller goes before keeping the record: never rejects. */
  record(entry: Entry, call: Call, personal?: Personal): Promise<void>;
  /** Whether the claim won. Rejects when it could not be written. */
  claim(entry: Entry, claimed: Call): Promise<boolean>;
  /** Whether the database has the call as it was before, or that is not certain. */
  isBehind(entry: Entry): boolean;
  close(): Promise<void>;
}

const WRITE_AGAIN_MS = 5_000;

export function createCallWriter<Entry extends Writable>(options: {
  store: CallStore;
  log: Logger;
  /** What waited until a call was written, which now is although no event came. */
  writtenAgain?: (entry: Entry) => Promise<void>;
  writeAgainMs?: number | undefined;
}): CallWriter<Entry> {
  const { store, log, writtenAgain = async () => undefined, writeAgainMs = WRITE_AGAIN_MS } = options;
  /** Whose last write failed, ended calls too: what the database has of them is older, or not certain. */
  const behind = new Set<Entry>();
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  async function write<T>(entry: Entry, work: () => Promise<T>): Promise<T> {
    try {
      const result = await work();
      behind.delete(entry);
      return result;
    } catch (error) {
      behind.add(entry);
      timer ??= setTimeout(writeAgain, writeAgainMs).unref();
      throw error;
    }
  }

  function writeAgain(): void {
    timer = undefined;
    for (const entry of behind) {
      entry.chain = entry.chain.then(async () => {
        if (!behind.has(entry) || closed) return;
        await record(entry, entry.call);
        if (!behind.has(entry)) await writtenAgain(entry);
      });
    }
  }

  function save(entry: Entry, call: Call, personal?: Personal): Promise<void> {
    const changed = personal ?? (behind.has(entry) ? entry.personal : undefined);
    return write(entry, () => store.save(call, changed));
  }

  async function record(entry: Entry, call: Call, personal?: Personal): Promise<void> {
    try {
      await save(entry, call, personal);
    } catch (error) {
      log.error({ error, callId: call.id, state: call.state }, 'a call could not be written');
    }
  }

  return {
    save,
    record,
    async claim(entry, claimed) {
      // It wins in the queue of the database only, so that has to be up to date.
      if (behind.has(entry)) await save(entry, entry.call);
      return write(entry, () => store.claim(claimed));
    },
    isBehind: (entry) => behind.has(entry),
    async close() {
      closed = true;
      clearTimeout(timer);
      await Promise.all([...behind].map(({ chain }) => chain));
    },
  };
}
