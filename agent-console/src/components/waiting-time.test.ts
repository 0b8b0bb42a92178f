import { expect } from 'chai';
import { waitingLevel } from './waiting-time.tsx';

describe('waiting time', () => {
  it('is long from one minute on, and very long from three', () => {
    const levels = [0, 59_999, 60_000, 179_999, 180_000].map(waitingLevel);
    expect(levels).to.deep.equal(['short', 'short', 'long', 'long', 'very-long']);
  });
});
