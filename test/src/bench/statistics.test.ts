import { expect } from 'chai';
import { median, percentile, round } from './statistics.ts';

describe('Statistics of the benchmarks', () => {
  it('take percentiles by the nearest rank, whatever the order', () => {
    const values = Array.from({ length: 100 }, (_, index) => 100 - index);
    expect(percentile(values, 0.5)).to.equal(50);
    expect(percentile(values, 0.99)).to.equal(99);
    expect(percentile(values, 1)).to.equal(100);
    expect(percentile([7], 0.99)).to.equal(7);
    expect(percentile([], 0.5)).to.be.NaN;
  });

  it('take the middle of an odd number of values, and the mean of the middle two of an even one', () => {
    expect(median([9, 1, 5])).to.equal(5);
    expect(median([4, 1, 2, 9])).to.equal(3);
    expect(median([])).to.be.NaN;
  });

  it('round to what is worth reading', () => {
    expect(round(12.345)).to.equal(12.3);
    expect(round(0.6666, 2)).to.equal(0.67);
  });
});
