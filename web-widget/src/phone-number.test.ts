import { expect } from 'chai';
import fc from 'fast-check';
import { formatCode, formatPhoneNumber } from './phone-number.ts';

describe('phone numbers for reading', () => {
  const cases = {
    '+31850000001': '085 000 00 01',
    '+31243299000': '024 329 90 00',
    '+31612345678': '06 12 34 56 78',
    '+31111612345': '0111 61 23 45',
    '+318001234': '0800 12 34',
    '+3222793711': '02 279 37 11',
    '+32470123456': '0470 12 34 56',
    '+3265401111': '065 40 11 11',
    '+49301234567': '+49 301 23 45 67',
    '+442079460958': '+44 20 79 46 09 58',
  };
  for (const [number, written] of Object.entries(cases)) {
    it(`writes ${number} as ${written}`, () => expect(formatPhoneNumber(number)).to.equal(written));
  }

  it('loses no digit of any number', () => {
    const e164 = fc.stringMatching(/^\+[1-9]\d{6,14}$/);
    fc.assert(
      fc.property(e164, (number) => {
        const written = formatPhoneNumber(number).replaceAll(' ', '');
        const back = written.startsWith('0') ? [`+31${written.slice(1)}`, `+32${written.slice(1)}`] : [written];
        expect(back).to.include(number);
      }),
    );
  });
});

describe('codes for reading', () => {
  it('groups eight digits by four', () => expect(formatCode('12345678')).to.equal('1234 5678'));
});
