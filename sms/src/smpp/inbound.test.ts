import { expect } from 'chai';
import fc from 'fast-check';
import type { InboundSms } from '../route.ts';
import { createInbound } from './inbound.ts';
import { ESME } from './status.ts';

const PHONE = { from: '+32470000001', to: '8080' };

function setUp() {
  const stored: string[] = [];
  const answers: number[] = [];
  let works = true;
  let time = 0;
  const inbound = createInbound(
    async ({ text }: InboundSms) => {
      if (!works) throw new Error('disk full');
      stored.push(text);
    },
    () => time,
  );
  const part = (text: string, part: number, total: number, reference = 7) =>
    inbound.add({ ...PHONE, text }, { reference, total, part }, (status) => answers.push(status));
  const whole = (text: string) => inbound.add({ ...PHONE, text }, null, (status) => answers.push(status));
  const pass = async (ms: number) => {
    time += ms;
    inbound.tick(time);
    await settled();
  };
  const storing = (does: boolean) => {
    works = does;
  };
  return { stored, answers, part, whole, pass, storing };
}

const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('inbound SMS to the listener', () => {
  it('are answered when stored, with an error when that failed', async () => {
    const { answers, stored, whole, storing } = setUp();
    whole('STOP');
    expect(answers).to.deep.equal([]);
    await settled();
    storing(false);
    whole('STOP again');
    await settled();
    expect(answers).to.deep.equal([ESME.ROK, ESME.RX_T_APPN]);
    expect(stored).to.deep.equal(['STOP']);
  });

  it('are put together from parts in any order, repeated or not', () => {
    const parts = fc.array(fc.string({ minLength: 1 }), { minLength: 2, maxLength: 8 }).chain((texts) => {
      const numbers = texts.map((_, i) => i + 1);
      const repeated = fc.array(fc.constantFrom(...numbers), { maxLength: 5 });
      const order = repeated.chain((more) => fc.shuffledSubarray([...numbers, ...more], { minLength: numbers.length }));
      return fc.tuple(fc.constant(texts), order, fc.shuffledSubarray(numbers, { minLength: numbers.length }));
    });
    return fc.assert(
      fc.asyncProperty(parts, async ([texts, order, rest]) => {
        const { part, answers, stored } = setUp();
        for (const number of order) part(texts[number - 1] ?? '', number, texts.length);
        await settled();
        // Repeated after it was stored: nothing new.
        for (const number of rest) part(texts[number - 1] ?? '', number, texts.length);
        await settled();
        expect(stored).to.deep.equal([texts.join('')]);
        expect(answers).to.deep.equal(new Array(order.length + rest.length).fill(ESME.ROK));
      }),
      { numRuns: 50 },
    );
  });

  it('do not make a carrier wait that sends one part after the other', async () => {
    const { part, answers, pass, stored } = setUp();
    part('a', 1, 2);
    await pass(1000);
    expect(answers).to.deep.equal([]);
    await pass(1500);
    expect(answers).to.deep.equal([ESME.ROK]);
    part('b', 2, 2);
    await settled();
    expect(stored).to.deep.equal(['ab']);
    expect(answers).to.deep.equal([ESME.ROK, ESME.ROK]);
  });

  it('survive that storing fails, even when the carrier does not repeat', async () => {
    const { part, answers, pass, stored, storing } = setUp();
    storing(false);
    part('a', 1, 2);
    part('b', 2, 2);
    await settled();
    expect(answers).to.deep.equal([ESME.RX_T_APPN, ESME.RX_T_APPN]);
    storing(true);
    await pass(1000);
    await pass(1000);
    expect(stored).to.deep.equal(['ab']);
  });

  it('are handed on as they are beyond ten thousand, the oldest alone', async () => {
    const { part, pass, stored } = setUp();
    for (let reference = 0; reference < 10_002; reference++) part(`first ${reference}`, 1, 2, reference);
    await pass(1000);
    expect(stored).to.deep.equal(['first 0', 'first 1']);
    part(' second', 2, 2, 2);
    await settled();
    expect(stored.at(-1)).to.equal('first 2 second');
  });

  it('are handed on as they are when a part never comes, and tell the next SMS with the same reference apart', async () => {
    const { part, pass, stored } = setUp();
    part('only this', 2, 2);
    await pass(11 * 60_000);
    part('new', 1, 2);
    part(' SMS', 2, 2);
    await settled();
    expect(stored).to.deep.equal(['only this', 'new SMS']);
  });
});
