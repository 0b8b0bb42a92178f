import { expect } from 'chai';
import fc from 'fast-check';
import { canonicalCarrierId, inOtherBase } from './carrier-id.ts';
import { isSameId } from './testing/same-id.ts';

describe('ids of a carrier', () => {
  it('have one form, whatever the case and the leading zeros', () => {
    const uuid = '0e999f21-81ef-4974-a414-3de98174e3c7';
    expect(isSameId(uuid, 'E999F21-81EF-4974-A414-3DE98174E3C7')).to.equal(true);
    for (const form of ['C0FFEE', 'c0ffee', '00c0ffee', '0000000000C0FFEE', ' c0ffee\0']) {
      expect(canonicalCarrierId(form), form).to.equal('c0ffee');
    }
    expect(['0', '000'].map(canonicalCarrierId)).to.deep.equal(['0', '0']);
    expect(canonicalCarrierId('Msg-0042')).to.equal('msg-0042');
    expect(canonicalCarrierId('\u{1f4a9}')).to.equal('');
  });

  it('are looked for in the other base too', () => {
    expect(inOtherBase('12648430')).to.deep.equal(['c0ffee', String(0x12648430)]);
    expect(inOtherBase('c0ffee')).to.deep.equal(['12648430']);
    expect(inOtherBase('7')).to.deep.equal([]);
    expect(inOtherBase('msg-42')).to.deep.equal([]);
  });

  it('are the same in decimal and in hexadecimal, of any length and case', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
        fc.boolean(),
        fc.nat(20),
        fc.nat(20),
        (id, isUpper, toHexadecimal, toDecimal) => {
          const bare = isUpper ? id.toString(16).toUpperCase() : id.toString(16);
          const hexadecimal = bare.padStart(toHexadecimal, '0');
          const decimal = id.toString().padStart(toDecimal, '0');
          expect(isSameId(hexadecimal, decimal)).to.equal(true);
          expect(isSameId(decimal, hexadecimal)).to.equal(true);
        },
      ),
    );
  });
});
