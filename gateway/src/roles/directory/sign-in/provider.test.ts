import { expect } from 'chai';
import { isVouchedFor } from './provider.ts';

describe('the mail address that a provider tells', () => {
  it('counts when the provider has checked it', () => {
    for (const verified of [true, 'true']) expect(isVouchedFor(verified, false), String(verified)).to.equal(true);
    for (const verified of [false, 'false', 'no', 0, null])
      expect(isVouchedFor(verified, true), String(verified)).to.equal(false);
  });

  it('counts unmarked only where the operator trusts every address of the provider', () => {
    expect(isVouchedFor(undefined, false)).to.equal(false);
    expect(isVouchedFor(undefined, true)).to.equal(true);
  });
});
