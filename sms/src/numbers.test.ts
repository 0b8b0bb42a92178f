import { expect } from 'chai';
import { e164Of } from './numbers.ts';

const [UNKNOWN, INTERNATIONAL, NATIONAL, NETWORK, SUBSCRIBER, NAME] = [0, 1, 2, 3, 4, 5];
const FRENCH = '+33612345678';

describe('the number behind an address of a carrier', () => {
  const read = (address: string, ton: number | undefined = UNKNOWN, npi = 1) => e164Of({ address, ton, npi }, 'FR');

  it('is read from every form in which carriers write it', () => {
    for (const [address, ton] of [
      ['33612345678', INTERNATIONAL],
      ['+33612345678', INTERNATIONAL],
      ['0033612345678', INTERNATIONAL],
      ['0033612345678', UNKNOWN],
      ['0033612345678', NATIONAL],
      ['+33612345678', UNKNOWN],
      ['33612345678', UNKNOWN],
      ['0612345678', NATIONAL],
      ['612345678', NATIONAL],
      ['0612345678', UNKNOWN],
      ['612345678', UNKNOWN],
      ['0612345678', INTERNATIONAL],
      [' 0612345678 ', NATIONAL],
    ] as const) {
      expect(read(address, ton), `${address} ${ton}`).to.equal(FRENCH);
      expect(read(address, ton, 0), `${address} ${ton}`).to.equal(FRENCH);
    }
    expect(e164Of({ address: '0470000001', ton: 2, npi: 8 }, 'BE')).to.equal('+32470000001');
    expect(read('32470000001')).to.equal('+32470000001');
  });

  it('is not guessed', () => {
    expect(e164Of({ address: '0612345678', ton: 2, npi: 1 })).to.equal(null);
    expect(e164Of({ address: '0612345678', ton: 0, npi: 0 })).to.equal(null);
    for (const [address, ton] of [
      ['8850', UNKNOWN],
      ['33612345678', NETWORK],
      ['612345678', SUBSCRIBER],
      ['33612345678', NAME],
      ['Info', UNKNOWN],
      ['+', INTERNATIONAL],
      ['00', INTERNATIONAL],
      ['', INTERNATIONAL],
      ['+33612345678901234', INTERNATIONAL],
    ] as const) {
      expect(read(address, ton), `${address} ${ton}`).to.equal(null);
    }
  });

  it('is none in a numbering plan that is not of phones', () => {
    for (const npi of [3, 4, 6, 14, 18]) expect(read('206011234567890', UNKNOWN, npi)).to.equal(null);
  });
});
