import { expect } from 'chai';
import fc from 'fast-check';
import { createPace } from './pace.ts';

/** Lets everything go that may, from `from` to `until`; `segments` per piece. Returns when each went. */
function drain(pace: ReturnType<typeof createPace>, from: number, until: number, segments = 1): number[] {
  const went: number[] = [];
  for (let now = from; now < until; ) {
    const delay = pace.delay(now);
    if (delay === 0) {
      pace.take(now, segments);
      went.push(now);
    } else {
      now += delay + 0.001;
    }
  }
  return went;
}

describe('pace', () => {
  it('never exceeds the agreed segments per second, and comes close', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 500 }), fc.integer({ min: 1, max: 5 }), (rate, segments) => {
        const went = drain(createPace(rate, 0), 0, 10_000, segments).length * segments;
        expect(went).to.be.at.most(rate * 10 * 1.05 + segments + 1);
        expect(went).to.be.at.least(rate * 10 * 0.95 - segments);
      }),
    );
  });

  it('does not exceed a slow agreed rate after being throttled either', () => {
    const pace = createPace(1, 0);
    pace.throttled(0);
    expect(drain(pace, 0, 10_000).length).to.be.within(9, 11);
  });

  it('does not hold anything back without an agreed rate', () => {
    const pace = createPace(null, 0);
    for (let i = 0; i < 1000; i++) {
      expect(pace.delay(5)).to.equal(0);
      pace.take(5, 1);
    }
  });

  it('pauses when throttled, longer each time until something is accepted', () => {
    const pace = createPace(null, 0);
    let now = 0;
    const pauses: number[] = [];
    for (let i = 0; i < 10; i++) {
      pace.throttled(now);
      pace.throttled(now + 1);
      const pause = pace.delay(now);
      pauses.push(pause);
      now += pause;
    }
    expect(pauses.slice(0, 4)).to.deep.equal([250, 500, 1000, 2000]);
    expect(pauses.at(-1)).to.equal(30_000);
    pace.accepted(now, 1);
    pace.throttled(now);
    expect(pace.delay(now)).to.equal(250);
  });

  it('finds the rate that the carrier takes, and comes back to the agreed one', () => {
    const pace = createPace(1000, 0);
    for (const at of drain(pace, 0, 2000).slice(0, 200)) pace.accepted(at, 1);
    pace.throttled(2000);
    const slow = drain(pace, 2250, 3250).length;
    expect(slow).to.be.within(1, 510);
    expect(drain(pace, 3250, 120_000).filter((at) => at > 110_000).length).to.be.within(9_400, 10_600);
  });
});
