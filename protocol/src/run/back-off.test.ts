import { expect } from 'chai';
import fc from 'fast-check';
import { backOff } from './back-off.ts';

describe('back-off', () => {
  it('doubles with each failure up to the longest pause', () => {
    const pauses = [0, 1, 2, 3, 4, 5, 2000].map((n) => backOff(n, { firstMs: 100, longestMs: 1_000, jitter: 0 }));
    expect(pauses).to.deep.equal([100, 100, 200, 400, 800, 1_000, 1_000]);
  });

  it('leaves a half to chance unless told otherwise, all of it if wanted', () => {
    const pause = { firstMs: 100, longestMs: 100 };
    const between = (jitter?: number) =>
      [0, 0.5, 1].map((n) => backOff(1, jitter === undefined ? pause : { ...pause, jitter }, () => n));
    expect(between()).to.deep.equal([50, 75, 100]);
    expect(between(1)).to.deep.equal([0, 50, 100]);
    expect(between(0)).to.deep.equal([100, 100, 100]);
  });

  it('never shrinks with a further failure, nor leaves its bounds', () => {
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(
        fc.nat(5_000),
        fc.integer({ min: 1, max: 1e6 }),
        share,
        share,
        (failures, firstMs, jitter, random) => {
          const pauses = { firstMs, longestMs: 10 * firstMs, jitter };
          const pause = backOff(failures, pauses, () => random);
          expect(pause).to.be.within(Math.floor(firstMs * (1 - jitter)), 10 * firstMs);
          expect(backOff(failures + 1, pauses, () => random)).to.be.at.least(pause);
        },
      ),
    );
  });
});
