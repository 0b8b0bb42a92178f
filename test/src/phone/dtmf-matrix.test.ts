import { expect } from 'chai';
import { type Caller, createCaller } from './index.ts';
import { KEY_PATTERNS, TELLING_CODES } from './key-patterns.ts';
import { startTestAsterisk, type TestAsterisk } from './test-asterisk.ts';

describe('codes keyed into Asterisk', function () {
  this.timeout(120_000);
  let asterisk: TestAsterisk;
  let caller: Caller;

  before(async () => {
    asterisk = await startTestAsterisk();
    caller = await createCaller({ server: asterisk.server });
  });
  after(async () => {
    await caller?.close();
    await asterisk?.stop();
  });

  it('arrive exactly, whatever the lengths of tones and gaps', async () => {
    const calls = TELLING_CODES.flatMap((code) => KEY_PATTERNS.map(([toneMs, gapMs]) => ({ code, toneMs, gapMs })));
    const arrived = await Promise.all(
      calls.map(async ({ code, toneMs, gapMs }, index) => {
        const number = `+3185${String(index).padStart(7, '0')}`;
        return { code, toneMs, gapMs, arrived: await keyIn(number, { digits: code, toneMs, gapMs }) };
      }),
    );
    expect(arrived).to.deep.equal(calls.map((call) => ({ ...call, arrived: call.code })));
  });

  it('arrive when two of the three end packets of every digit are lost', async () => {
    const code = '12345678';
    expect(await keyIn('+31850100001', { digits: code, toneMs: 80, gapMs: 40, endPackets: 1 })).to.equal(code);
  });

  it('arrive although the phone sends no sound beside the digits', async () => {
    expect(await keyIn('+31850100002', { digits: '11223344', toneMs: 100, gapMs: 20 }, 'off')).to.equal('11223344');
  });

  /** Dials, keys, and tells which code the application in the gateway's place was given. */
  async function keyIn(
    number: string,
    digits: { digits: string; toneMs: number; gapMs: number; endPackets?: number },
    sound: 'silence' | 'off' = 'silence',
  ): Promise<string | undefined> {
    const arrival = asterisk.event((event) => event.type === 'StasisStart' && event.args?.[1] === number);
    const call = await caller.call({ number, callerId: '+31612345678', sound, key: { ...digits, afterMs: 100 } });
    await call.answered;
    const { args } = await arrival;
    await call.hangUp();
    return args?.[2];
  }
});
