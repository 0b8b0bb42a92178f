import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { createLog } from '../../../platform/http/index.ts';
import { until } from '../testing/office.ts';
import { ARRIVING_MS, type Call, type CallCommand } from './call.ts';
import { createCallWriter } from './call-writer.ts';
import { createLiveCalls } from './live-calls.ts';
import { arrive, type Step } from './machine.ts';
import type { CallStore, Personal } from './store.ts';

const CALL_ID = '01920000-0000-7000-8000-000000000001';
const PERSONAL: Personal = { callingNumber: '+31612345678', attributes: [], note: '' };
const RULES = { queueId: 'algemeen', maxWaitMs: 600_000, ringMs: 20_000, wrapUpMs: 120_000 };
const log = createLog('silent');

function arrived(at: number): Step {
  return arrive({
    id: CALL_ID,
    organisationId: 'voorbeeldstad',
    source: { kind: 'asterisk', asteriskId: 'asterisk-1', channelId: 'caller-1' },
    calledNumber: '+31850000001',
    language: 'nl',
    at,
    code: '',
  });
}

/** One row, in memory; each write can be made to fail, before or after it was done. */
function fakeStore() {
  const row: { call?: Call; personal?: Personal | undefined } = {};
  const faults: ('before' | 'after')[] = [];
  async function write<T>(work: () => T): Promise<T> {
    const fault = faults.shift();
    if (fault === 'before') throw new Error('the database is away');
    const result = work();
    if (fault === 'after') throw new Error('the answer got lost');
    return result;
  }
  const store = {
    save: (call: Call, personal?: Personal) =>
      write(() => {
        row.call = call;
        if (personal) row.personal = personal;
      }),
    claim: (call: Call) =>
      write(() => {
        if (row.call?.state !== 'queued') return false;
        row.call = call;
        return true;
      }),
  } as Partial<CallStore> as CallStore;
  return { store, row, faults };
}

function liveCalls(store: CallStore, execute: (command: CallCommand) => void = () => undefined) {
  return createLiveCalls({
    store,
    execute: async (_live, command) => execute(command),
    setAside: () => undefined,
    log,
    writeAgainMs: 50,
  });
}

describe('live calls', () => {
  const realNow = Date.now;
  afterEach(() => {
    Date.now = realNow;
  });

  const rejected = (at: number) =>
    ({
      type: 'rejected',
      reason: 'no-code',
      mayRetry: false,
      admission: { kind: 'admitted', rules: RULES },
      at,
    }) as const;
  const redeemed = (attributes: Personal['attributes'], at: number) =>
    ({
      type: 'redeemed',
      requestId: 'request-1',
      purposeId: 'algemeen',
      language: 'nl',
      disclosedAt: at,
      binding: 'app-dialled',
      numberAgrees: null,
      attributes,
      admission: { kind: 'admitted', rules: RULES },
      at,
    }) as const;
  const claim = (at: number) => ({ type: 'claim', agentId: 'agent-a', device: 'browser', at }) as const;

  it('keep a deadline whose timer fires early', async () => {
    const live = liveCalls(fakeStore().store);
    await live.begin(arrived(Date.now() - ARRIVING_MS + 20), PERSONAL);
    Date.now = () => realNow() - 60;
    await until(() => live.get(CALL_ID) === undefined);
    await live.close();
  });

  it('begin what follows from their arrival while it is written, so that both are in one commit', async () => {
    const { store } = fakeStore();
    const done: string[] = [];
    const save = store.save;
    store.save = async (...given) => {
      done.push('writing');
      await sleep(20);
      await save(...given);
      done.push('written');
    };
    const live = liveCalls(store, ({ type }) => done.push(type));
    live.onChange(() => done.push('told'));
    await live.begin(arrived(Date.now()), PERSONAL);
    expect(done).to.deep.equal(['writing', 'redeem', 'written', 'told']);
    await live.close();
  });

  it('can be claimed although the queue was not written', async () => {
    const { store, row, faults } = fakeStore();
    const live = liveCalls(store);
    await live.begin(arrived(Date.now()), PERSONAL);
    faults.push('before');
    await live.dispatch(CALL_ID, rejected(Date.now()));
    expect([live.get(CALL_ID)?.call.state, row.call?.state]).to.deep.equal(['queued', 'arriving']);
    expect(await live.dispatch(CALL_ID, claim(Date.now()))).to.equal(true);
    expect(row.call?.state).to.equal('claimed');
    await live.close();
  });

  it('can be claimed although the answer to an earlier claim got lost', async () => {
    const { store, row, faults } = fakeStore();
    const live = liveCalls(store);
    await live.begin(arrived(Date.now()), PERSONAL);
    await live.dispatch(CALL_ID, rejected(Date.now()));
    faults.push('after');
    const failed = await live.dispatch(CALL_ID, claim(Date.now())).catch((error: Error) => error.message);
    expect([failed, row.call?.state]).to.deep.equal(['the answer got lost', 'claimed']);
    expect(live.get(CALL_ID)?.call.state).to.equal('queued');
    expect(await live.dispatch(CALL_ID, claim(Date.now()))).to.equal(true);
    await live.close();
  });

  it('are not claimed when somebody else has taken them over', async () => {
    const { store, row } = fakeStore();
    const live = liveCalls(store);
    await live.begin(arrived(Date.now()), PERSONAL);
    await live.dispatch(CALL_ID, rejected(Date.now()));
    row.call = { ...(row.call as Call), state: 'claimed' };
    expect(await live.dispatch(CALL_ID, claim(Date.now()))).to.equal(false);
    await live.close();
  });

  it('report, which erases the request’s copy of the attributes, only once they have written their own', async () => {
    const { store, row, faults } = fakeStore();
    const carriedOut: string[] = [];
    const attributesAtReport: unknown[] = [];
    const live = liveCalls(store, (command) => {
      carriedOut.push(command.type);
      if (command.type === 'report') attributesAtReport.push(row.personal?.attributes);
    });
    await live.begin(arrived(Date.now()), PERSONAL);
    faults.push('before', 'before');
    const attributes = [{ id: 'name', value: 'Jansen' }];
    await live.dispatch(CALL_ID, redeemed(attributes, Date.now()));
    await live.idle();
    expect(carriedOut).to.deep.equal(['redeem', 'set-language', 'wait']);
    await until(() => attributesAtReport.length === 2);
    expect(attributesAtReport).to.deep.equal([attributes, attributes]);

    // The end as well, although the call is live no more.
    faults.push('before');
    await live.dispatch(CALL_ID, { type: 'caller-gone', at: Date.now() });
    expect([attributesAtReport.length, row.call?.state]).to.deep.equal([2, 'queued']);
    await until(() => attributesAtReport.length === 3);
    expect([live.get(CALL_ID), row.call?.state]).to.deep.equal([undefined, 'abandoned']);
    await live.close();
  });

  it('make up for their reports with the next event that is written, after what it has to do', async () => {
    const { store, faults } = fakeStore();
    const carriedOut: string[] = [];
    const live = liveCalls(store, ({ type }) => void carriedOut.push(type));
    await live.begin(arrived(Date.now()), PERSONAL);
    faults.push('before');
    await live.dispatch(CALL_ID, redeemed([], Date.now()));
    await live.dispatch(CALL_ID, claim(Date.now()));
    await live.idle();
    expect(carriedOut).to.deep.equal(['redeem', 'set-language', 'wait', 'originate', 'report', 'report']);
    await live.close();
  });

  it('are written again until it succeeds, ended ones too', async () => {
    const { store, row, faults } = fakeStore();
    const writer = createCallWriter({ store, log, writeAgainMs: 5 });
    const { call } = arrived(0);
    const ended: Call = { ...call, state: 'abandoned', endedAt: 1 };
    const entry = { call: ended, personal: { ...PERSONAL, note: 'a note' }, chain: Promise.resolve() };
    faults.push('before', 'before', 'after');
    await writer.record(entry, ended);
    expect(row.call).to.equal(undefined);
    await until(() => row.call === ended && faults.length === 0);
    expect(row.personal).to.equal(entry.personal);
    await sleep(15);
    await writer.close();
  });
});
