import { expect } from 'chai';
import { mayBeTrusted } from './provider.ts';

describe('the mail address that a provider tells', () => {
  it('counts unless the provider says that nobody has checked it', () => {
    for (const verified of [undefined, true, 'true']) expect(mayBeTrusted(verified), String(verified)).to.equal(true);
    for (const verified of [false, 'false', 'no', 0, null])
      expect(mayBeTrusted(verified), String(verified)).to.equal(false);
  });
});
