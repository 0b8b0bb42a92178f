import { expect } from 'chai';
import { call as exampleCall } from './examples.ts';
import { conversationOf, figuresOf, readToday, withConversation, writeToday } from './today.ts';

const NOON = new Date(2026, 2, 1, 12);

function storage() {
  const kept = new Map<string, string>();
  return {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => kept.set(key, value),
  };
}

describe('today', () => {
  it('counts each conversation once, however many tabs tell of it', () => {
    const store = storage();
    for (const length of [0, 60_000, 0]) {
      writeToday(store, withConversation(readToday(store, 'agent-a', NOON), 'first', length));
    }
    writeToday(store, withConversation(readToday(store, 'agent-a', NOON), 'second', 30_000));
    expect(figuresOf(readToday(store, 'agent-a', NOON))).to.deep.equal({ answered: 2, talkMs: 90_000 });
  });

  it('begins anew on another day, for another agent, and when what is kept cannot be read', () => {
    const store = storage();
    writeToday(store, withConversation(readToday(store, 'agent-a', NOON), 'first', 60_000));
    const nothing = { answered: 0, talkMs: 0 };
    expect(figuresOf(readToday(store, 'agent-a', new Date(2026, 2, 2, 0, 1)))).to.deep.equal(nothing);
    expect(figuresOf(readToday(store, 'agent-b', NOON))).to.deep.equal(nothing);
    for (const text of ['{', '3', '{"agentId":"agent-a"}']) {
      expect(figuresOf(readToday({ getItem: () => text }, 'agent-a', NOON))).to.deep.equal(nothing);
    }
  });

  it('takes conversations of this agent only, a second one with the same caller as another', () => {
    const call = exampleCall({
      id: 'one',
      state: 'connected',
      agentId: 'agent-a',
      connectedAt: '2026-03-01T11:00:00Z',
    });
    const key = conversationOf(call, 'agent-a');
    expect(key).to.be.a('string');
    expect(conversationOf({ ...call, connectedAt: '2026-03-01T11:09:00Z' }, 'agent-a')).not.to.equal(key);
    expect(conversationOf(call, 'agent-b')).to.equal(null);
    expect(conversationOf({ ...call, state: 'wrapping-up' }, 'agent-a')).to.equal(null);
  });
});
