import { expect } from 'chai';
import { announcements, condensed } from './announcements.ts';
import { type ConsoleEvent, initialState, reduce } from './console-state.ts';
import { call, snapshot } from './examples.ts';

const online = reduce(initialState, { type: 'snapshot', snapshot: snapshot(), receivedAt: 0 });

function heard(events: ConsoleEvent[]): string[] {
  let state = online;
  return events.flatMap((event) => {
    const before = state;
    state = reduce(before, event);
    return announcements(before, state).map((said) => (said.kind === 'removed' ? said.reason : said.kind));
  });
}

describe('announcements', () => {
  it('follow a call from ringing to wrap-up', () => {
    const mine = { id: 'c1', agentId: 'me' };
    expect(
      heard([
        { type: 'call-changed', sequence: 1, call: call({ id: 'c1' }) },
        { type: 'call-changed', sequence: 2, call: call({ ...mine, state: 'connecting' }) },
        { type: 'call-changed', sequence: 3, call: call({ ...mine, state: 'connected' }) },
        { type: 'call-changed', sequence: 4, call: call({ ...mine, state: 'connected', held: true }) },
        { type: 'call-changed', sequence: 5, call: call({ ...mine, state: 'connected' }) },
        { type: 'call-changed', sequence: 6, call: call({ ...mine, state: 'wrapping-up' }) },
        { type: 'call-removed', sequence: 7, callId: 'c1', reason: 'closed' },
      ]),
    ).to.deep.equal(['ringing', 'connected', 'on-hold', 'resumed', 'wrap-up']);
  });

  it('tell once why a call left', () => {
    expect(
      heard([
        { type: 'call-changed', sequence: 1, call: call({ id: 'c1' }) },
        { type: 'call-changed', sequence: 2, call: call({ id: 'c2' }) },
        { type: 'call-removed', sequence: 3, callId: 'c1', reason: 'answered-elsewhere' },
        { type: 'telephony-changed', sequence: 4, available: true },
      ]),
    ).to.deep.equal(['ringing', 'ringing', 'answered-elsewhere']);
  });

  it('gather the calls of a snapshot in one sentence, and tell that the connection is back', () => {
    const back = snapshot({ sequence: 9, calls: [call({ id: 'c1' }), call({ id: 'c2' })] });
    expect(heard([{ type: 'disconnected' }, { type: 'snapshot', snapshot: back, receivedAt: 0 }])).to.deep.equal([
      'online',
      'ringing-many',
    ]);
  });

  it('never carry attributes', () => {
    const ringing = call({ id: 'c1', attributes: [{ id: 'a.b.c.bsn', label: { nl: 'BSN' }, value: '999990019' }] });
    const after = reduce(online, { type: 'call-changed', sequence: 1, call: ringing });
    const [said] = announcements(online, after);
    expect(said?.kind).to.equal('ringing');
    expect(JSON.stringify(said)).not.to.contain('999990019');
  });

  it('make one sentence of calls that come together, and leave the rest alone', () => {
    const ringing = (waiting: number) => ({ kind: 'ringing', verified: true, purpose: null, waiting }) as const;
    expect(condensed([ringing(1)])).to.deep.equal([ringing(1)]);
    expect(condensed([{ kind: 'online' }])).to.deep.equal([{ kind: 'online' }]);
    expect(condensed([ringing(1), { kind: 'muted' }, ringing(2), ringing(3)])).to.deep.equal([
      { kind: 'muted' },
      { kind: 'ringing-many', waiting: 3 },
    ]);
  });
});
