/** What every kind of route does, as a mocha suite against the SMSC simulator. */
import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import type { InboundSms, OutgoingSms, Receipt, Route, RouteListener, SendResult } from './route.ts';
import { type BehaviourInput, type SmscSimulator, startSmscSimulator } from './simulator/index.ts';
import { isSameId } from './smpp/testing/same-id.ts';

const NUMBER = '+32470000001';
const SENDER = '8850';

/** How long the routes under test wait for an answer; shorter than the simulator is when it is slow. */
export const RESPONSE_TIMEOUT_MS = 900;

/**
 * `connect` gives a route of the kind to the simulator, with the sender 8850, {@link RESPONSE_TIMEOUT_MS} and as quick to
 * come back as it can be.
 */
export function describeRoute(
  kind: string,
  connect: (simulator: SmscSimulator, listener: RouteListener) => Route,
): void {
  describe(`route over ${kind}`, () => {
    let simulator: SmscSimulator;
    let route: Route;
    let log: Log;
    /** Of what has begun, however far that came. */
    let end: () => Promise<void>;

    beforeEach(() => begin());
    afterEach(() => end());

    async function begin(behaviour: BehaviourInput = {}): Promise<void> {
      simulator = await startSmscSimulator({ behaviour });
      end = () => simulator.stop();
      log = createLog();
      route = connect(simulator, log.listener);
      end = () => route.close().finally(() => simulator.stop());
      await log.until(() => route.up());
    }
    const send = (fields: Partial<OutgoingSms> = {}) => route.send(sms(fields));
    const texts = () => simulator.messages().map(({ text }) => text);

    it('hands an SMS over once, from the sender to the number', async () => {
      const result = await send({ text: 'Uw afspraak is morgen om 10:00' });
      expect(result).to.include({ kind: 'accepted', segments: 1 });
      expect(accepted(result)).to.have.length(1);
      expect(simulator.messages()).to.have.length(1);
      expect(simulator.messages()[0]).to.include({
        number: NUMBER,
        counterpart: SENDER,
        text: 'Uw afspraak is morgen om 10:00',
        encoding: 'gsm',
      });
    });

    it('stands in with its own sender for one that no route carries', async () => {
      for (const from of ['Gemeente Gent', 'Liège', '12']) {
        expect(await send({ from, text: from })).to.include({ kind: 'accepted' });
        expect(simulator.messages().at(-1)).to.include({ text: from, counterpart: SENDER });
      }
      await send({ from: 'Stad Gent' });
      expect(simulator.messages().at(-1)).to.include({ counterpart: 'Stad Gent' });
    });

    it('carries long texts and every character', async () => {
      for (const [text, segments] of [
        ['a'.repeat(160), 1],
        ['a'.repeat(161), 2],
        [`${'€'.repeat(80)}[x]`, 2],
        ['Être là, ça va ✓', 1],
        ['é€ ✓ 👍🏽 '.repeat(25), 4],
      ] as const) {
        expect(await send({ text })).to.include({ kind: 'accepted', segments });
        expect(simulator.messages().at(-1)).to.include({ text, segments });
      }
    });

    it('hands over many at once, each once, also when answers come in another order', async () => {
      simulator.setBehaviour({ faults: [{ kind: 'out-of-order' }] });
      const results = await Promise.all(
        Array.from({ length: 200 }, (_, i) => send({ text: `number ${i}`, to: numberOf(i) })),
      );
      expect(new Set(results.flatMap(accepted)).size).to.equal(200);
      expect(new Set(texts()).size).to.equal(200);
      expect(texts()).to.have.length(200);
    });

    it('sends what is urgent before all that waits for room', async () => {
      const others = Array.from({ length: 200 }, (_, i) => send({ text: `number ${i}`, to: numberOf(i) }));
      const urgent = send({ text: 'urgent', urgent: true });
      await Promise.all([...others, urgent]);
      // At most a window was under way before it, of either kind of route.
      expect(texts().indexOf('urgent')).to.be.within(0, 50);
    });

    it('says that a number is refused for good', async () => {
      simulator.setBehaviour({ refusedNumbers: [NUMBER] });
      const result = await send();
      expect(result).to.include({ kind: 'refused', permanent: true });
      expect(result)
        .to.have.property('reason')
        .that.matches(/^[A-Z]\w+$/);
      expect(texts()).to.deep.equal([]);
      expect(await send({ to: numberOf(2) })).to.include({ kind: 'accepted' });
    });

    it('says that another route may do what this one could not', async () => {
      simulator.setBehaviour({ faults: [{ kind: 'failed', times: 1 }] });
      expect(await send()).to.include({ kind: 'refused', permanent: false });
      expect(await send()).to.include({ kind: 'accepted' });
      expect(texts()).to.have.length(1);
    });

    it('gives nothing to the carrier after its time', async () => {
      expect(await send({ validUntil: Date.now() - 1 })).to.deep.include({ kind: 'refused', reason: 'EXPIRED' });
      expect(simulator.counts().submits).to.equal(0);
    });

    it('slows down when it is throttled, and loses and doubles nothing', async () => {
      simulator.setBehaviour({ faults: [{ kind: 'throttled', after: 2, times: 3 }] });
      const results = await Promise.all([1, 2, 3, 4, 5, 6].map((i) => send({ text: `number ${i}`, to: numberOf(i) })));
      expect(new Set(results.flatMap(accepted)).size).to.equal(6);
      expect(texts().sort()).to.deep.equal([1, 2, 3, 4, 5, 6].map((i) => `number ${i}`));
    });

    it('gives the carrier nothing that was withdrawn while it throttled', async () => {
      expect(await send({ text: 'before it' })).to.include({ kind: 'accepted' });
      simulator.setBehaviour({ faults: [{ kind: 'throttled' }] });
      let asked = 0;
      let isWithdrawn = false;
      const mayLeave = () => ++asked > 0 && !isWithdrawn;
      const sending = Array.from({ length: 15 }, (_, i) => send({ to: numberOf(i), mayLeave }));
      while (asked === 0) await new Promise(setImmediate);
      isWithdrawn = true;
      const results = await Promise.all(sending);
      expect(new Set(results.map(({ kind }) => kind))).to.deep.equal(new Set(['withdrawn']));
      simulator.setBehaviour({});
      expect(await send({ text: 'after it' })).to.include({ kind: 'accepted' });
      expect(texts()).to.deep.equal(['before it', 'after it']);
    });

    it('gives the carrier nothing that was withdrawn before', async () => {
      expect(await send({ mayLeave: () => false })).to.deep.equal({ kind: 'withdrawn' });
      expect(simulator.counts().submits).to.equal(0);
    });

    it('when the carrier’s queue is full, has either waited or surely not sent', async () => {
      simulator.setBehaviour({ faults: [{ kind: 'queue-full', times: 1 }] });
      const { kind } = await send();
      expect(kind).to.be.oneOf(['accepted', 'unavailable']);
      expect(texts()).to.have.length(kind === 'accepted' ? 1 : 0);
    });

    for (const fault of ['no-answer', 'close'] as const) {
      it(`does not send again what may have been sent (${fault})`, async () => {
        simulator.setBehaviour({ faults: [{ kind: fault, times: 1 }] });
        expect(await send({ text: 'perhaps' })).to.include({ kind: 'unknown' });
        await log.until(() => route.up());
        expect(await send({ text: 'surely' })).to.include({ kind: 'accepted' });
        expect(texts()).to.deep.equal(['perhaps', 'surely']);
      });
    }

    it('does not report as sent what was not (no answer, and not taken)', async () => {
      simulator.setBehaviour({ faults: [{ kind: 'no-answer-not-taken', times: 1 }] });
      expect(await send()).to.include({ kind: 'unknown' });
      expect(texts()).to.deep.equal([]);
    });

    for (const fault of ['unknown-pdu', 'bad-length'] as const) {
      it(`survives nonsense (${fault})`, async () => {
        simulator.setBehaviour({ faults: [{ kind: fault, times: 1 }] });
        const { kind } = await send();
        expect(kind).to.be.oneOf(['accepted', 'unknown']);
        if (kind === 'accepted') expect(texts()).to.have.length(1);
        simulator.setBehaviour({});
        await log.until(() => route.up());
        expect(await send({ text: 'after it' })).to.include({ kind: 'accepted' });
        expect(texts().at(-1)).to.equal('after it');
      });
    }

    it('is unavailable while the carrier is away, and comes back by itself', async () => {
      const ports = { smppPort: simulator.smppPort, httpPort: Number(new URL(simulator.url).port) };
      await simulator.stop();
      while (route.up()) expect((await send()).kind).to.be.oneOf(['unavailable', 'unknown']);
      expect(await send()).to.deep.equal({ kind: 'unavailable' });
      expect(log.states.at(-1)).to.equal(false);
      simulator = await startSmscSimulator(ports);
      await log.until(() => route.up());
      expect(log.states.at(-1)).to.equal(true);
      expect(await send()).to.include({ kind: 'accepted' });
      expect(texts()).to.have.length(1);
    });

    it('tells that an SMS was delivered, or under way before', async () => {
      simulator.setBehaviour({ receipts: { states: ['ENROUTE', 'DELIVRD'], delayMs: 50 } });
      const [id = ''] = accepted(await send());
      await log.until(() => log.receipts.length >= 2);
      expect(log.receipts.map(({ carrierId, state }) => [isSameId(carrierId, id), state])).to.deep.equal([
        [true, 'pending'],
        [true, 'delivered'],
      ]);
    });

    it('tells that an SMS failed, and how', async () => {
      for (const [state, reason] of [
        ['UNDELIV', 'RECEIPT_UNDELIVERABLE'],
        ['UNKNOWN', 'RECEIPT_UNKNOWN'],
      ] as const) {
        simulator.setBehaviour({ receipts: { states: [state], delayMs: 50 } });
        const before = log.receipts.length;
        const [id = ''] = accepted(await send());
        await log.until(() => log.receipts.length > before);
        const receipt = log.receipts.at(-1) as Receipt;
        expect(isSameId(receipt.carrierId, id)).to.equal(true);
        expect(receipt).to.include({ state: 'failed', reason });
      }
    });

    it('tells repeated, early and strangers’ receipts as they come', async () => {
      const receipts = { states: ['DELIVRD' as const, 'DELIVRD' as const], strangers: true, early: true };
      simulator.setBehaviour({ receipts, messageIds: 'hexadecimal' });
      const [id = ''] = accepted(await send());
      await log.until(() => log.receipts.length >= 4);
      expect(log.receipts.filter(({ carrierId }) => isSameId(carrierId, id))).to.have.length(2);
      expect(log.receipts.every(({ state }) => state === 'delivered')).to.equal(true);
    });

    it('matches ids that the carrier writes in two ways', async () => {
      simulator.setBehaviour({ messageIds: 'hexadecimal', receipts: { ids: 'decimal', form: 'text' } });
      const [id = ''] = accepted(await send());
      await log.until(() => log.receipts.length > 0);
      expect(isSameId(log.receipts[0]?.carrierId ?? '', id)).to.equal(true);
    });

    it('gets a receipt again that could not be stored, also after the connection was lost', async () => {
      log.storing = false;
      await send();
      await log.until(() => log.refusals > 0);
      simulator.cut();
      log.storing = true;
      await log.until(() => log.receipts.length > 0);
      expect(log.receipts[0]).to.include({ state: 'delivered' });
    });

    it('brings what people write, short and long', async () => {
      await send();
      const long = 'Je ne veux plus ça ✓ '.repeat(10);
      simulator.write(NUMBER, SENDER, 'STOP');
      simulator.write(NUMBER, SENDER, long);
      await log.until(() => log.inbound.length >= 2);
      expect(log.inbound).to.deep.equal([
        { from: NUMBER, to: SENDER, text: 'STOP' },
        { from: NUMBER, to: SENDER, text: long },
      ]);
    });

    it('finishes what is under way when it closes, and then sends nothing more', async () => {
      const results = Array.from({ length: 50 }, (_, i) => send({ to: numberOf(i) }));
      await route.close();
      const kinds = (await Promise.all(results)).map(({ kind }) => kind);
      expect(kinds.filter((kind) => kind === 'accepted').length).to.equal(texts().length);
      expect(new Set(kinds)).not.to.include('unknown');
      expect(route.up()).to.equal(false);
      expect(await send()).to.deep.equal({ kind: 'unavailable' });
      await route.close();
      expect(simulator.counts().sessions).to.equal(0);
    });
  });
}

interface Log {
  listener: RouteListener;
  receipts: Receipt[];
  inbound: InboundSms[];
  states: boolean[];
  /** Whether receipts can be stored; how often one could not. */
  storing: boolean;
  refusals: number;
  /** Resolves as soon as it holds, which is looked at whenever something was told. */
  until(holds: () => boolean): Promise<void>;
}

function createLog(): Log {
  const waiting = new Set<() => void>();
  const told = () => {
    for (const look of waiting) look();
  };
  const log: Log = {
    receipts: [],
    inbound: [],
    states: [],
    storing: true,
    refusals: 0,
    until: (holds) =>
      new Promise((resolve) => {
        const look = () => {
          if (!holds()) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      }),
    listener: {
      async receipt(receipt) {
        if (log.storing) log.receipts.push(receipt);
        else log.refusals++;
        told();
        if (!log.storing) throw new Error('cannot store');
      },
      async inbound(message) {
        log.inbound.push(message);
        told();
      },
      state(up) {
        log.states.push(up);
        told();
      },
    },
  };
  return log;
}

function sms(fields: Partial<OutgoingSms>): OutgoingSms {
  return { id: randomUUID(), to: NUMBER, text: 'Hello', validUntil: Date.now() + 60_000, urgent: false, ...fields };
}

function accepted(result: SendResult): string[] {
  expect(result).to.include({ kind: 'accepted' });
  return result.kind === 'accepted' ? result.carrierIds : [];
}

function numberOf(i: number): string {
  return `+3247000${String(i).padStart(4, '0')}`;
}
