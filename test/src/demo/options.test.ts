import { expect } from 'chai';
import { CALL_HELP, readCallOptions } from './options.ts';

describe('options of demo:call', () => {
  it('play a whole call by default, waiting longer where a person watches', () => {
    const { plan, callers, json } = readCallOptions([], true);
    expect(plan).to.deep.equal({
      organisation: 'voorbeeldstad',
      purpose: 'verhuizing',
      language: 'nl',
      code: 'whole',
      toneMs: 100,
      gapMs: 60,
      pauseMs: 2000,
      waitSeconds: 60,
      talkSeconds: 5,
    });
    expect([callers, json]).to.deep.equal([1, false]);
    expect(readCallOptions([], false).plan.waitSeconds).to.equal(5);
    expect(readCallOptions(['--json'], true).plan.waitSeconds).to.equal(5);
    expect(readCallOptions(['--json', '--wait-seconds', '0'], true).plan.waitSeconds).to.equal(0);
  });

  it('take what may go wrong with the code, one thing at a time', () => {
    expect(readCallOptions(['--no-code'], true).plan.code).to.equal('none');
    expect(readCallOptions(['--wrong-code'], true).plan.code).to.equal('wrong');
    expect(readCallOptions(['--half-code'], true).plan.code).to.equal('half');
    expect(() => readCallOptions(['--no-code', '--half-code'], true)).to.throw('choose one');
  });

  it('take the moment of hanging up as a time or as a step of the call', () => {
    expect(readCallOptions(['--hang-up-after', '1.5'], true).plan.hangUpAfter).to.equal(1.5);
    expect(readCallOptions(['--hang-up-after', 'queued'], true).plan.hangUpAfter).to.equal('queued');
    expect(() => readCallOptions(['--hang-up-after', 'never'], true)).to.throw('seconds, or dialling');
  });

  it('say which of them is wrong, and what it takes', () => {
    expect(() => readCallOptions(['--language', 'es'], true)).to.throw('--language takes one of nl, fr, de, en');
    expect(() => readCallOptions(['--callers', '1.5'], true)).to.throw('--callers takes a whole number from 1 to 500');
    expect(() => readCallOptions(['--gap-ms', ''], true)).to.throw('--gap-ms takes a number from 0');
    expect(() => readCallOptions(['--sing'], true)).to.throw('--sing');
  });

  it('are all in the help', () => {
    const named = [...CALL_HELP.matchAll(/^ {2}(--[\w-]+)/gm)].map(([, name]) => name ?? '');
    expect(named).to.have.length(15);
    for (const name of named.filter((one) => /code|json|help/.test(one))) readCallOptions([name], true);
    for (const name of named.filter((one) => !/code|json|help|language/.test(one))) readCallOptions([name, '1'], true);
  });
});
