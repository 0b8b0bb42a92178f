import { expect } from 'chai';
import type { Ari } from '../../../platform/ari/index.ts';
import { createLog } from '../../../platform/http/index.ts';
import type { LiveCalls } from './live-calls.ts';
import { createRecovery } from './recovery.ts';
import type { CallStore } from './store.ts';

describe('recovery', () => {
  it('sweeps once at a time, however slow Asterisk is, and again after a failure', async () => {
    const listings: { answer: (channels: []) => void; fail: (error: Error) => void }[] = [];
    const recovery = createRecovery({
      ari: {
        id: 'asterisk-1',
        application: 'civicline',
        channels: { list: () => new Promise((answer, fail) => listings.push({ answer, fail })) },
        bridges: { list: async () => [] },
      } as unknown as Ari,
      live: { all: () => [].values() } as Partial<LiveCalls> as LiveCalls,
      store: {} as CallStore,
      callerArrived: async () => undefined,
      log: createLog('silent'),
    });
    const slow = recovery.sweep();
    await recovery.sweep();
    expect(listings).to.have.length(1);
    listings[0]?.fail(new Error('no answer in time'));
    await slow.catch(() => undefined);
    const next = recovery.sweep();
    expect(listings).to.have.length(2);
    listings[1]?.answer([]);
    await next;
  });
});
