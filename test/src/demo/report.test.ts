import { expect } from 'chai';
import type { CitizenCall, Ending } from './citizen-plan.ts';
import { createTeller, summary, wentWrong } from './report.ts';

function call(ended: Ending, accepted: boolean, connected = false): CitizenCall {
  return {
    call: 1,
    organisation: 'voorbeeldstad',
    purpose: 'verhuizing',
    disclosed: [],
    dialled: null,
    accepted,
    connected,
    ended,
    heard: { packets: 0, lost: 0, agentTone: false },
    milliseconds: {},
  };
}

describe('report of demo:call', () => {
  it('calls it a failure when the code was not accepted, or one was that should not be', () => {
    expect(wentWrong(call('hung-up-while-waiting', true), 'whole')).to.equal(false);
    expect(wentWrong(call('hung-up-while-waiting', false), 'whole')).to.equal(true);
    expect(wentWrong(call('hung-up-while-waiting', false), 'wrong')).to.equal(false);
    expect(wentWrong(call('agent-hung-up', true), 'half')).to.equal(true);
    expect(wentWrong(call('hung-up-after-talking', false), 'none')).to.equal(false);
  });

  it('expects nothing of a call that was to end early, and never forgives one that was lost', () => {
    expect(wentWrong(call('hung-up-as-planned', false), 'whole')).to.equal(false);
    expect(wentWrong(call('interrupted', false), 'whole')).to.equal(false);
    for (const ended of ['failed', 'disclosure-failed', 'not-reached', 'connection-lost'] as const) {
      expect(wentWrong(call(ended, true), 'whole')).to.equal(true);
    }
  });

  it('tells every step in a line with its time, and what went wrong', () => {
    const lines: string[] = [];
    const tell = createTeller('[2] ', (line) => lines.push(line.replace(/\d+\.\d s/, 'T')));
    tell({ kind: 'disclosed', attributes: [{ id: 'scheme.gemeente.personalData.bsn', value: '999990007' }] });
    tell({ kind: 'state', state: 'disclosed' });
    tell({ kind: 'ended', call: { ...call('disclosure-failed', false), error: 'The wallet was closed.' } });
    expect(lines.map((line) => line.replace(/ +/g, ' '))).to.deep.equal([
      '[2] T discloses with the wallet:',
      '[2] bsn: 999990007',
      '[2] T it came to no call',
      '[2] The wallet was closed.',
    ]);
  });

  it('sums up', () => {
    const calls = [call('agent-hung-up', true, true), call('hung-up-while-waiting', true), call('not-reached', false)];
    expect(summary(calls)).to.equal('3 calls, 2 with an accepted code, 1 answered by an agent.');
  });
});
