import { expect } from 'chai';
import fc from 'fast-check';
import { validate, version } from 'uuid';
import { attemptIdOf, firstId, idAt, idFloor, MOST_IDS, ofAttempt } from './ids.ts';

describe('ids of messages', () => {
  const time = fc.integer({ min: 0, max: 2 ** 47 });
  const index = fc.integer({ min: 0, max: MOST_IDS - 1 });

  it('are UUIDv7 in the order of their making', () => {
    fc.assert(
      fc.property(time, index, index, (now, a, b) => {
        const first = firstId(now);
        for (const id of [first, idAt(first, a), attemptIdOf(idAt(first, a), 2)]) {
          expect(validate(id) && version(id)).to.equal(7);
          expect(Number.parseInt(id.replace('-', '').slice(0, 12), 16)).to.equal(now);
        }
        expect(idAt(first, 0)).to.equal(first);
        expect(Math.sign(a - b)).to.equal(idAt(first, a) < idAt(first, b) ? -1 : a === b ? 0 : 1);
        expect(idFloor(now) <= first && first < idFloor(now + 1)).to.equal(true);
      }),
    );
  });

  it('are found again from those of their attempts', () => {
    fc.assert(
      fc.property(time, index, fc.nat({ max: 2 }), (now, n, step) => {
        const messageId = idAt(firstId(now), n);
        expect(ofAttempt(attemptIdOf(messageId, step))).to.deep.equal({ messageId, step });
        expect(ofAttempt(messageId)).to.equal(null);
      }),
    );
    for (const other of ['', 'x', 'not-an-id', '018f0000-0000-7000-8000-00000000000f']) {
      expect(ofAttempt(other)).to.equal(null);
    }
  });
});
