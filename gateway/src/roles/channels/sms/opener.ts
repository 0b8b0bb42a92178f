import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { SealedPart } from '@civicline/protocol';
import type { SealingPrivateKey } from '@civicline/protocol/sealing/node';
import { type Opened, openSms } from './open-part.ts';

export interface Opener {
  /** In their order. Rejects when the thread has died; the next call starts another one. */
  open(parts: readonly SealedPart[]): Promise<Opened[]>;
  close(): Promise<void>;
}

/** Fewer than these are opened on the spot: telling another thread would take longer. */
const WORTHWHILE = 16;

/**
 * Opens sealed parts in a thread of its own: it is the greatest part of the work for an SMS, and needs nothing but the
 * keys. The thread begins with the first larger batch.
 */
export function createOpener(keys: readonly SealingPrivateKey[]): Opener {
  let thread: Worker | null = null;
  const waiting: { resolve(opened: Opened[]): void; reject(error: unknown): void }[] = [];

  function start(): Worker {
    const started = new Worker(new URL('./opener-thread.mjs', import.meta.url), { workerData: keys });
    started.unref();
    // Answers come in the order of the questions.
    started.on('message', (opened: Opened[]) => waiting.shift()?.resolve(opened));
    const onEnd = (error: unknown) => {
      if (thread !== started) return;
      thread = null;
      for (const { reject } of waiting.splice(0)) reject(error);
    };
    started.on('error', onEnd);
    started.on('exit', () => onEnd(new Error('The thread that opens sealed parts has ended.')));
    return started;
  }

  return {
    async open(parts) {
      if (parts.length < WORTHWHILE) return parts.map((part) => openSms(keys, part));
      thread ??= start();
      thread.postMessage(parts);
      return new Promise((resolve, reject) => waiting.push({ resolve, reject }));
    },
    async close() {
      if (!thread) return;
      const ended = once(thread, 'exit');
      await thread.terminate();
      await ended;
    },
  };
}
