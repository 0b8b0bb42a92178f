import { expect } from 'chai';
import fc from 'fast-check';
import {
  advance,
  beginning,
  canCancel,
  type Input,
  isFinal,
  type Progress,
  STATES,
  type Step,
  waitsFor,
} from './machine.ts';

const T0 = Date.UTC(2026, 2, 2, 10);
const HOUR = 3600_000;
const APP_THEN_SMS: Step[] = [{ channel: 'app', waitSeconds: 600 }, { channel: 'sms' }];

/** Applies inputs one after another; collects what the sender is told and what is to be withdrawn. */
function play(progress: Progress, inputs: readonly Input[]) {
  const events: string[] = [];
  const withdrawn: number[] = [];
  let now = progress;
  for (const input of inputs) {
    const transition = advance(now, input);
    now = transition.progress;
    events.push(...transition.events.map(({ kind, channel }) => (channel ? `${kind} ${channel}` : kind)));
    withdrawn.push(...transition.withdraw);
  }
  return { progress: now, events, withdrawn };
}

const begun = (step: number, at = T0): Input => ({ kind: 'begun', step, at });
const outcome = (
  step: number,
  kind: (Input & { kind: 'outcome' })['outcome']['kind'],
  reason?: string,
  at = T0 + 1000,
): Input => ({ kind: 'outcome', step, outcome: { kind, at, ...(reason === undefined ? {} : { reason }) } });
const sms = () => beginning([{ channel: 'sms' }], T0 + HOUR);
const both = () => beginning(APP_THEN_SMS, T0 + HOUR);

describe('the message machine', () => {
  it('delivers', () => {
    const { progress, events, withdrawn } = play(sms(), [begun(0), outcome(0, 'handed-over'), outcome(0, 'delivered')]);
    expect(progress).to.include({ state: 'delivered', reason: null, deadline: null });
    expect(events).to.deep.equal(['attempted sms', 'delivered sms']);
    expect(withdrawn).to.deep.equal([]);
    expect(waitsFor(progress)).to.equal(null);
  });

  it('defers once, however often the window is found closed', () => {
    const closed: Input = { kind: 'window-closed', at: T0 };
    const { progress, events } = play(sms(), [closed, closed, begun(0), outcome(0, 'delivered')]);
    expect(progress.state).to.equal('delivered');
    expect(events).to.deep.equal(['deferred', 'attempted sms', 'delivered sms']);
  });

  it('falls back when the channel says no, and gives up when none is left', () => {
    const first = play(both(), [begun(0), outcome(0, 'failed', 'NO_DEVICE')]);
    expect(first.progress).to.include({ state: 'falling-back', step: 1, reason: 'NO_DEVICE' });
    expect(waitsFor(first.progress)).to.equal('sms');
    const second = play(first.progress, [begun(1), outcome(1, 'failed', 'NUMBER_INVALID')]);
    expect(second.progress).to.include({ state: 'undeliverable', reason: 'NUMBER_INVALID', deadline: null });
    expect(second.events).to.deep.equal(['attempted sms', 'undeliverable sms']);
  });

  it('falls back after the wait, withdrawing what was not handed over, and tells a late receipt truthfully', () => {
    const waited = play(both(), [begun(0), { kind: 'time', at: T0 + 600_000 }]);
    expect(waited.events).to.deep.equal(['attempted app', 'fallback app']);
    expect(waited.withdrawn).to.deep.equal([0]);
    expect(waitsFor(waited.progress)).to.equal('sms');
    const late = play(waited.progress, [begun(1), outcome(0, 'delivered'), outcome(1, 'delivered')]);
    expect(late.events).to.deep.equal(['attempted sms', 'delivered app']);
    expect(late.withdrawn).to.deep.equal([1]);
    expect(late.progress.attempts.map(({ state }) => state)).to.deep.equal(['delivered', 'delivered']);
  });

  it('does not wait for a next step that there is not', () => {
    const lone = beginning([{ channel: 'sms', waitSeconds: 10 }], T0 + HOUR);
    const { progress } = play(lone, [begun(0), { kind: 'time', at: T0 + 60_000 }]);
    expect(progress.state).to.equal('attempting');
    expect(progress.deadline).to.equal(T0 + HOUR);
  });

  it('is expired when its time ran out at the channel, such as while a carrier throttled', () => {
    const { progress, events } = play(sms(), [begun(0), outcome(0, 'failed', 'EXPIRED')]);
    expect(progress).to.include({ state: 'expired', reason: 'EXPIRED', deadline: null });
    expect(events).to.deep.equal(['attempted sms', 'expired']);
  });

  it('is not undeliverable while an earlier channel may still deliver', () => {
    const { progress, events } = play(both(), [
      begun(0),
      outcome(0, 'handed-over'),
      { kind: 'time', at: T0 + 600_000 },
      begun(1),
      outcome(1, 'failed', 'NUMBER_INVALID'),
    ]);
    expect(progress.state).to.equal('attempting');
    expect(events).not.to.include('undeliverable sms');
    expect(play(progress, [outcome(0, 'failed', 'GONE')]).events).to.deep.equal(['undeliverable sms']);
    expect(play(progress, [outcome(0, 'delivered')]).events).to.deep.equal(['delivered app']);
  });

  it('believes a channel that is faster than the note that it has the attempt', () => {
    const { progress, events } = play(sms(), [outcome(0, 'delivered'), begun(0)]);
    expect(progress.state).to.equal('delivered');
    expect(events).to.deep.equal(['attempted sms', 'delivered sms']);
  });

  it('tells that a message was read, once, and that it was delivered even when the channel did not say so', () => {
    const read = play(sms(), [begun(0), outcome(0, 'delivered'), outcome(0, 'read'), outcome(0, 'delivered')]);
    expect(read.events).to.deep.equal(['attempted sms', 'delivered sms', 'read sms']);
    expect(read.progress).to.deep.include({ state: 'read', deadline: null });
    expect(read.progress.attempts[0]).to.include({ state: 'read' });
    expect(play(read.progress, [outcome(0, 'read')]).progress).to.equal(read.progress);
    const atOnce = play(both(), [begun(0), { kind: 'time', at: T0 + 600_000 }, begun(1), outcome(0, 'read')]);
    expect(atOnce.events).to.deep.equal([
      'attempted app',
      'fallback app',
      'attempted sms',
      'delivered app',
      'read app',
    ]);
    expect(play(atOnce.progress, [outcome(1, 'delivered')]).events).to.deep.equal([]);
  });

  it('expires: at once while it waits, a little later when a receipt may be under way', () => {
    const at = T0 + HOUR;
    expect(play(sms(), [{ kind: 'time', at }]).events).to.deep.equal(['expired']);
    const attempting = play(sms(), [begun(0), outcome(0, 'handed-over'), { kind: 'time', at }]).progress;
    expect(attempting.state).to.equal('attempting');
    const expired = play(attempting, [{ kind: 'time', at: at + 5 * 60_000 }]).progress;
    expect(expired).to.include({ state: 'expired', reason: 'EXPIRED' });
    expect(play(expired, [outcome(0, 'delivered')]).events).to.deep.equal(['delivered sms']);
  });

  it('cancels: at once while it waits, by the channel once it has it', () => {
    const cancel: Input = { kind: 'cancel', at: T0 };
    expect(play(sms(), [cancel]).events).to.deep.equal(['cancelled']);
    const asked = play(both(), [begun(0), cancel, cancel]);
    expect(asked).to.deep.include({ events: ['attempted app'], withdrawn: [0] });
    expect(play(asked.progress, [outcome(0, 'cancelled')]).events).to.deep.equal(['cancelled']);
    expect(play(asked.progress, [outcome(0, 'delivered')]).events).to.deep.equal(['delivered app']);
    expect(play(asked.progress, [outcome(0, 'failed', 'X')]).events).to.deep.equal(['cancelled']);
  });

  it('withdraws what reaches the channel after it was cancelled', () => {
    const { progress, withdrawn } = play(sms(), [{ kind: 'cancel', at: T0 }, begun(0)]);
    expect(progress.state).to.equal('cancelled');
    expect(withdrawn).to.deep.equal([0]);
  });

  it('cannot cancel what has been handed over for good', () => {
    const { progress } = play(sms(), [begun(0), outcome(0, 'handed-over')]);
    expect(canCancel(progress)).to.equal(false);
    expect(advance(progress, { kind: 'cancel', at: T0 }).progress).to.equal(progress);
  });

  const steps = fc
    .uniqueArray(
      fc.record(
        {
          channel: fc.constantFrom('app' as const, 'sms' as const, 'email' as const),
          waitSeconds: fc.integer({ min: 10, max: 7200 }),
        },
        { requiredKeys: ['channel'] },
      ),
      { minLength: 1, maxLength: 3, selector: ({ channel }) => channel },
    )
    .map((list): Step[] => list);
  const at = fc.integer({ min: T0, max: T0 + 2 * HOUR });
  const step = fc.integer({ min: 0, max: 3 });
  const input: fc.Arbitrary<Input> = fc.oneof(
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('begun' as const), step, at }) },
    fc.record({ kind: fc.constant('window-closed' as const), at }),
    fc.record({ kind: fc.constant('unavailable' as const), reason: fc.constant('GONE'), at }),
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant('outcome' as const),
        step,
        outcome: fc.record({
          kind: fc.constantFrom('handed-over' as const, 'unknown', 'delivered', 'read', 'failed', 'cancelled'),
          at,
        }),
      }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('time' as const), at }) },
    fc.record({ kind: fc.constant('cancel' as const), at }),
  );

  it('whatever comes, in whatever order: tells what happened, once', () => {
    fc.assert(
      fc.property(steps, fc.array(input, { maxLength: 25 }), (strategy, inputs) => {
        const { progress, events } = play(beginning(strategy, T0 + HOUR), inputs);
        const count = (kind: string) => events.filter((event) => event.startsWith(kind)).length;
        const wasRead = progress.attempts.some(({ state }) => state === 'read');
        const wasDelivered = wasRead || progress.attempts.some(({ state }) => state === 'delivered');
        expect(progress.state === 'delivered').to.equal(wasDelivered && !wasRead);
        expect(progress.state === 'read').to.equal(wasRead);
        expect(count('delivered')).to.equal(wasDelivered ? 1 : 0);
        expect(count('read')).to.equal(wasRead ? 1 : 0);
        expect(count('undeliverable') + count('expired') + count('cancelled')).to.be.at.most(1);
        if (isFinal(progress.state) && !wasDelivered) expect(count(progress.state)).to.equal(1);
        expect(progress.deadline === null).to.equal(isFinal(progress.state));
        expect(progress.attempts.length).to.be.at.most(strategy.length);
        expect(count('attempted')).to.be.at.most(progress.attempts.length);
        const waiting = waitsFor(progress);
        if (waiting === null) return;
        expect(progress.attempts.length).to.equal(progress.step);
        expect(waiting).to.equal(strategy[progress.step]?.channel);
      }),
      { numRuns: 2_000 },
    );
  });

  it('goes every way of its table, and no other', () => {
    const seen = new Set<string>();
    const allowed = Object.entries(STATES.transitions).flatMap(([from, all]) => all.map((to) => `${from} ${to}`));
    fc.assert(
      fc.property(steps, fc.array(input, { maxLength: 25 }), (strategy, inputs) => {
        let progress = beginning(strategy, T0 + HOUR);
        for (const one of inputs) {
          const { progress: next, events } = advance(progress, one);
          // An input may lead through several states.
          const ways = [progress.state, ...events.map(({ state }) => state), next.state];
          for (const [i, to] of ways.slice(1).entries()) {
            const from = ways[i] as string;
            if (from !== to || events.length > 0) seen.add(`${from} ${to}`);
          }
          progress = next;
        }
      }),
      { numRuns: 5_000, seed: 12 },
    );
    expect(allowed.filter((way) => !seen.has(way))).to.deep.equal([]);
  });

  it('takes a repeated input as the same', () => {
    fc.assert(
      fc.property(steps, fc.array(input, { maxLength: 15 }), input, (strategy, inputs, last) => {
        fc.pre(last.kind !== 'unavailable');
        const once = play(beginning(strategy, T0 + HOUR), [...inputs, last]).progress;
        const again = advance(once, last);
        if (last.kind === 'time' && again.events.length > 0) return;
        expect(again.events).to.deep.equal([]);
        expect(again.progress).to.equal(once);
      }),
      { numRuns: 2_000 },
    );
  });

  it('comes to an end once every channel has said what became of it', () => {
    fc.assert(
      fc.property(steps, fc.array(input, { maxLength: 15 }), (strategy, inputs) => {
        let { progress } = play(beginning(strategy, T0 + HOUR), inputs);
        for (let n = 0; n < strategy.length * 2; n++) {
          const closing = strategy.map((_, index) => outcome(index, 'failed', 'X', T0 + HOUR));
          progress = play(progress, [begun(progress.step), ...closing]).progress;
        }
        progress = play(progress, [{ kind: 'time', at: T0 + 3 * HOUR }]).progress;
        expect(isFinal(progress.state)).to.equal(true);
      }),
    );
  });
});
