import type { CallView, Snapshot } from '@civicline/protocol';
import { expect } from 'chai';
import fc from 'fast-check';
import {
  activeCall,
  type ConsoleEvent,
  type ConsoleState,
  initialState,
  ownCalls,
  reduce,
  ringingCalls,
} from './console-state.ts';
import { call, snapshot } from './examples.ts';

const NOW = Date.parse('2025-03-01T10:00:00Z');

function afterSnapshot(given: Partial<Snapshot> = {}): ConsoleState {
  return reduce(initialState, { type: 'snapshot', snapshot: snapshot(given), receivedAt: NOW });
}

describe('console state', () => {
  it('is online with the first snapshot and counts from the clock of the gateway', () => {
    const state = afterSnapshot({ now: '2025-03-01T10:00:05Z' });
    expect(state.connection).to.equal('online');
    expect(state.data?.clockOffset).to.equal(5000);
  });

  it('takes in the next event and ignores a repeated one', () => {
    const ring: ConsoleEvent = { type: 'call-changed', sequence: 1, call: call({ id: 'c1' }) };
    const once = reduce(afterSnapshot(), ring);
    expect(once.data?.calls).to.have.length(1);
    expect(reduce(once, ring)).to.equal(once);
  });

  it('waits for a snapshot after a gap', () => {
    const gap = reduce(afterSnapshot(), { type: 'telephony-changed', sequence: 3, available: false });
    expect(gap.resyncNeeded).to.equal(true);
    expect(gap.data?.telephonyAvailable).to.equal(true);
    const late = reduce(gap, { type: 'telephony-changed', sequence: 1, available: false });
    expect(late).to.equal(gap);
    const repaired = reduce(gap, { type: 'snapshot', snapshot: snapshot({ sequence: 3 }), receivedAt: NOW });
    expect(repaired.resyncNeeded).to.equal(false);
  });

  it('keeps showing what it knew while offline, and forgets everything on signing out', () => {
    const ringing = afterSnapshot({ calls: [call({ id: 'c1' })] });
    const offline = reduce(ringing, { type: 'disconnected' });
    expect(offline.connection).to.equal('offline');
    expect(offline.data?.calls).to.have.length(1);
    expect(reduce(offline, { type: 'signed-out' })).to.deep.equal(initialState);
  });

  it('says why a call left, until another one comes', () => {
    const ringing = afterSnapshot({ calls: [call({ id: 'c1' })] });
    const gone = reduce(ringing, { type: 'call-removed', sequence: 1, callId: 'c1', reason: 'answered-elsewhere' });
    expect(gone.data?.calls).to.deep.equal([]);
    expect(gone.lastRemoval).to.deep.equal({ callId: 'c1', reason: 'answered-elsewhere' });
    const next = reduce(gone, { type: 'call-changed', sequence: 2, call: call({ id: 'c2' }) });
    expect(next.lastRemoval).to.equal(null);
  });

  it('says it no longer once it has been read, and only that', () => {
    const ringing = afterSnapshot({ calls: [call({ id: 'c1' }), call({ id: 'c2' })] });
    const gone = reduce(ringing, { type: 'call-removed', sequence: 1, callId: 'c1', reason: 'answered-elsewhere' });
    expect(reduce(gone, { type: 'removal-read', callId: 'c2' })).to.equal(gone);
    expect(reduce(gone, { type: 'removal-read', callId: 'c1' }).lastRemoval).to.equal(null);
  });

  it('keeps the figures of every queue for a transfer, and of the own ones for the desk', () => {
    const queue = { id: 'burgerzaken', name: {}, open: true, waiting: 0, agentsReady: 1 };
    const other = { ...queue, id: 'algemeen' };
    const before = afterSnapshot({ queues: [queue], transferQueues: [queue, other] });
    const after = reduce(before, { type: 'queue-changed', sequence: 1, queue: { ...other, waiting: 2 } });
    expect(after.data?.queues).to.deep.equal([queue]);
    expect(after.data?.transferQueues).to.deep.equal([queue, { ...other, waiting: 2 }]);
  });

  it('says nothing when the agent closed the call', () => {
    const state = afterSnapshot({ calls: [call({ id: 'c1', state: 'wrapping-up', agentId: 'me' })] });
    const closed = reduce(state, { type: 'call-removed', sequence: 1, callId: 'c1', reason: 'closed' });
    expect(closed.lastRemoval).to.equal(null);
  });

  it('lists a caller who was cut off before those who have waited longer', () => {
    const cutOff = call({ id: 'c2', queuedAt: '2025-03-01T09:59:30Z', cutOffFrom: { agentId: 'b', name: 'B' } });
    const calls = [call({ id: 'c1', queuedAt: '2025-03-01T09:50:00Z' }), cutOff, call({ id: 'c3', offeredTo: 'me' })];
    const { data } = afterSnapshot({ calls });
    expect(data && ringingCalls(data).map(({ id }) => id)).to.deep.equal(['c3', 'c2', 'c1']);
  });

  it('lists calls offered to this agent first, then the longest waiting', () => {
    const { data } = afterSnapshot({
      calls: [
        call({ id: 'late', queuedAt: '2025-03-01T09:59:00Z' }),
        call({ id: 'early', queuedAt: '2025-03-01T09:50:00Z' }),
        call({ id: 'offered', queuedAt: '2025-03-01T09:59:30Z', offeredTo: 'me' }),
        call({ id: 'mine', state: 'connected', agentId: 'me' }),
      ],
    });
    expect(data && ringingCalls(data).map(({ id }) => id)).to.deep.equal(['offered', 'early', 'late']);
  });

  it('tells the call with a voice from the one in wrap-up', () => {
    const { data } = afterSnapshot({
      calls: [
        call({ id: 'done', state: 'wrapping-up', agentId: 'me' }),
        call({ id: 'speaking', state: 'connected', agentId: 'me' }),
        call({ id: 'theirs', state: 'connected', agentId: 'other' }),
      ],
    });
    if (data === null) throw new Error('no data');
    expect(ownCalls(data).map(({ id }) => id)).to.deep.equal(['speaking', 'done']);
    expect(activeCall(data)?.id).to.equal('speaking');
  });
});

/** What the gateway would say in this order, without numbers. */
const change = fc.oneof(
  fc.record({ type: fc.constant('ring' as const), id: fc.integer({ min: 0, max: 5 }) }),
  fc.record({ type: fc.constant('gone' as const), id: fc.integer({ min: 0, max: 5 }) }),
  fc.record({ type: fc.constant('telephony' as const), available: fc.boolean() }),
);
type Change = typeof change extends fc.Arbitrary<infer T> ? T : never;

function numbered(changes: readonly Change[]): ConsoleEvent[] {
  return changes.map((item, index): ConsoleEvent => {
    const sequence = index + 1;
    if (item.type === 'ring') return { type: 'call-changed', sequence, call: call({ id: `c${item.id}` }) };
    if (item.type === 'gone') return { type: 'call-removed', sequence, callId: `c${item.id}`, reason: 'abandoned' };
    return { type: 'telephony-changed', sequence, available: item.available };
  });
}

/** The gateway's own book-keeping, as simple as can be. */
function truth(changes: readonly Change[]): { ids: string[]; telephonyAvailable: boolean } {
  const ids = new Set<string>();
  let telephonyAvailable = true;
  for (const item of changes) {
    if (item.type === 'ring') ids.add(`c${item.id}`);
    if (item.type === 'gone') ids.delete(`c${item.id}`);
    if (item.type === 'telephony') telephonyAvailable = item.available;
  }
  return { ids: [...ids].sort(), telephonyAvailable };
}

function known(state: ConsoleState) {
  const calls: CallView[] = state.data?.calls ?? [];
  return { ids: calls.map(({ id }) => id).sort(), telephonyAvailable: state.data?.telephonyAvailable };
}

describe('console state, whatever the network does', () => {
  it('repeats change nothing', () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 30 }), fc.infiniteStream(fc.boolean()), (changes, repeat) => {
        const events = numbered(changes).flatMap((event) => (repeat.next().value ? [event, event] : [event]));
        expect(known(events.reduce(reduce, afterSnapshot()))).to.deep.equal(truth(changes));
      }),
    );
  });

  it('a lost event is noticed unless it was the last, and one snapshot puts everything right', () => {
    fc.assert(
      fc.property(fc.array(change, { minLength: 2, maxLength: 30 }), fc.nat(), (changes, pick) => {
        const lost = pick % (changes.length - 1);
        const heard = numbered(changes).filter((_, index) => index !== lost);
        const damaged = heard.reduce(reduce, afterSnapshot());
        expect(damaged.resyncNeeded).to.equal(true);

        const { ids, telephonyAvailable } = truth(changes);
        const fresh = snapshot({ sequence: changes.length, calls: ids.map((id) => call({ id })), telephonyAvailable });
        const repaired = reduce(damaged, { type: 'snapshot', snapshot: fresh, receivedAt: NOW });
        expect(known(repaired)).to.deep.equal({ ids, telephonyAvailable });
        expect(repaired.resyncNeeded).to.equal(false);
      }),
    );
  });

  it('shuffled events never make it show a call twice or go back in sequence', () => {
    const shuffled = fc
      .array(change, { maxLength: 20 })
      .chain((changes) => fc.shuffledSubarray(numbered(changes), { minLength: 0 }));
    fc.assert(
      fc.property(shuffled, (events) => {
        let state = afterSnapshot();
        for (const event of events) {
          const next = reduce(state, event);
          expect(next.data?.sequence).to.be.at.least(state.data?.sequence ?? 0);
          const ids = known(next).ids;
          expect(new Set(ids).size).to.equal(ids.length);
          state = next;
        }
      }),
    );
  });
});
