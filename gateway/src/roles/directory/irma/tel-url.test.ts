import { expect } from 'chai';
import { telUrl } from './tel-url.ts';

describe('telUrl', () => {
  it('puts the pauses between number and code', () => {
    const number = '+31501234567';
    expect(telUrl({ number, pauses: 1, code: '12345678' })).to.equal('tel:+31501234567,12345678');
    expect(telUrl({ number, pauses: 3, code: '00000000' })).to.equal('tel:+31501234567,,,00000000');
  });

  it('refuses what no phone should dial, without repeating it', () => {
    const right = { number: '+31501234567', pauses: 1, code: '12345678' };
    const wrong = [
      { number: '0501234567' },
      { number: '+31501234567,1' },
      { code: '' },
      { code: '1234#' },
      { code: '12 34' },
      { pauses: 0 },
      { pauses: 1.5 },
    ];
    for (const part of wrong) {
      expect(() => telUrl({ ...right, ...part }))
        .to.throw(RangeError)
        .with.property('message')
        .that.does.not.match(/\d{4}|12|#/);
    }
  });
});
