import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import type { PhoneCall } from '../../test/src/phone/index.ts';
import { INSTALLING_MS, installed, openApplication, type StasisStart } from './test-asterisk.ts';
import { type Alone, arrivals, startAlone, untilHeard } from './test-telephony.ts';

const CODE = '12345678';
/** Waits for the next prompt instead of a time. */
const PROMPT = 'prompt';

type Keyed = string | number | typeof PROMPT;

/** What is keyed one after another, with pauses in milliseconds, and the code that the gateway is given. */
const CASES: [name: string, keyed: Keyed[], code: string][] = [
  ['a star before the code', [`*${CODE}`], CODE],
  ['a hash before the code', [`#${CODE}`], CODE],
  ['a star in the middle', ['1234*5678'], CODE],
  ['stars and hashes throughout', ['1*2*3#4*5##6*7*8'], CODE],
  ['more stars than there are digits', [`**********${CODE}`], CODE],
  ['a hash at the end', [`${CODE}#`], CODE],
  ['letters of a keypad that has them', ['A12B34C56D78'], CODE],
  ['two groups, four seconds apart', ['1234', 4_000, '5678'], CODE],
  ['four groups', ['12', 2_000, '34', 2_000, '56', 2_000, '78'], CODE],
  ['groups with a star between, slowly', ['1234', 3_000, '*', 3_000, '5678'], CODE],
  ['the rest after the question', ['1234', PROMPT, '5678'], CODE],
  ['the whole code after the question', ['1122', PROMPT, CODE], CODE],
  ['the whole code after the second question', ['112', PROMPT, '1122', PROMPT, CODE], CODE],
  ['more than the rest, and then the rest of that', ['98765', PROMPT, '1234', PROMPT, '5678'], CODE],
  ['half a code and nothing more', ['1234', PROMPT], '1234'],
  ['stars only', ['**'], ''],
  ['a hash only', ['#'], ''],
  ['nothing', [], ''],
];

describe('a code as people key it', function () {
  this.timeout(90_000);
  let alone: Alone;
  let arrived: Map<string, StasisStart>;
  const numberOf = (index: number) => `+318500020${String(index).padStart(2, '0')}`;

  before(async function () {
    this.timeout(INSTALLING_MS);
    await installed();
  });
  before(async () => {
    alone = await startAlone({ firstDigitSeconds: 1 });
    const application = await openApplication(alone.asterisk);
    const arriving = arrivals(application, CASES.length);
    const calls = CASES.map(async ([, keyed], index) => {
      const call = await alone.caller.call({ number: numberOf(index), callerId: '+31612345678' });
      await call.answered;
      await untilHeard(call, 25);
      await key(call, keyed);
      return call;
    });
    arrived = await arriving;
    for (const call of await Promise.all(calls)) await call.hangUp();
  });
  after(() => alone?.stop());

  for (const [index, [name, , code]] of CASES.entries()) {
    it(`${name}: ${code === CODE ? 'the code' : code === '' ? 'no code' : 'what there is'}`, () => {
      expect(arrived.get(numberOf(index))?.args[2]).to.equal(code);
    });
  }
});

async function key(call: PhoneCall, keyed: Keyed[]): Promise<void> {
  for (const one of keyed) {
    if (one === PROMPT) await untilHeard(call, call.ear.packets + 25);
    else if (typeof one === 'number') await sleep(one);
    else await call.sendDigits(one, { toneMs: 80, gapMs: 60 });
  }
}
