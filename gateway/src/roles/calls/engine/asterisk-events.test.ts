import { expect } from 'chai';
import type { Channel } from '../../../platform/ari/index.ts';
import { numbersOf } from './asterisk-events.ts';

const channelOf = (number: string) => ({ caller: { name: '', number } }) as Channel;
const read = (number: string, calledNumber = '+31850000001', presentation = '') =>
  numbersOf(channelOf(number), calledNumber, presentation);

describe('the number of a caller', () => {
  it('is E.164, whatever notation of the called country the trunk uses', () => {
    for (const number of ['+31612345678', '0612345678', '0031612345678', '31612345678', '612345678']) {
      expect(read(number).callingNumber, number).to.equal('+31612345678');
    }
    expect(read('0470123456', '+3225550000').callingNumber).to.equal('+32470123456');
    expect(read('+32470123456').callingNumber).to.equal('+32470123456');
  });

  it('is none when nothing of the kind is given', () => {
    for (const number of [
      '',
      'anonymous',
      'unavailable',
      'Restricted',
      '112x',
      'call +31612345678 now',
      '<b>+31612345678</b>',
    ]) {
      expect(read(number), number).to.deep.equal({ callingNumber: null, countedNumber: null });
    }
  });

  it('is for counting only when it is withheld', () => {
    expect(read('+31612345678', '+31850000001', 'withheld')).to.deep.equal({
      callingNumber: null,
      countedNumber: '+31612345678',
    });
  });
});
