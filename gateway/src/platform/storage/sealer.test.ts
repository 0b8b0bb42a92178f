import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import fc from 'fast-check';
import { createSealer, SealError } from './sealer.ts';

describe('sealer', () => {
  const oldKey = randomBytes(32);
  const newKey = randomBytes(32);
  const sealer = createSealer([oldKey]);

  it('opens what it sealed, and shows nothing of it', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (text, context) => {
        const sealed = sealer.seal(text, context);
        expect(sealer.open(sealed, context)).to.equal(text);
        if (text.length > 8) expect(sealed).not.to.include(text);
      }),
    );
  });

  it('does not open in another context, nor changed, nor cut', () => {
    const sealed = sealer.seal('secret', 'row 1');
    const middle = Math.floor(sealed.length / 2);
    const changed = sealed.slice(0, middle) + (sealed[middle] === 'A' ? 'B' : 'A') + sealed.slice(middle + 1);
    for (const attempt of [
      () => sealer.open(sealed, 'row 2'),
      () => sealer.open(changed, 'row 1'),
      () => sealer.open(sealed.slice(0, 12), 'row 1'),
      () => sealer.open('', 'row 1'),
      () => sealer.open(withShortTag(sealed), 'row 1'),
      () => createSealer([newKey]).open(sealed, 'row 1'),
    ]) {
      expect(attempt).to.throw(SealError);
    }
  });

  it('goes on opening, and finding, what an older key sealed', () => {
    const rotated = createSealer([newKey, oldKey]);
    expect(rotated.open(sealer.seal('secret', 'x'), 'x')).to.equal('secret');
    expect(rotated.digests('12345678', 'code')).to.include(sealer.digests('12345678', 'code')[0]);
    expect(() => sealer.open(rotated.seal('secret', 'x'), 'x')).to.throw(SealError);
  });

  it('digests by value and by context', () => {
    expect(sealer.digests('1', 'a')).to.deep.equal(sealer.digests('1', 'a'));
    expect(sealer.digests('1', 'a')).not.to.deep.equal(sealer.digests('1', 'b'));
    expect(sealer.digests('1', 'a')).not.to.deep.equal(sealer.digests('2', 'a'));
  });

  it('finds a covered digest again, through any number of changes of the key', () => {
    const keys = [0, 1, 2].map(() => randomBytes(32)) as [Buffer, Buffer, Buffer];
    const [first, second, third] = keys;
    const digest = createSealer([first]).digests('+32470000001', 'number')[0];
    const once = createSealer([second, first]).cover(digest);
    const twice = createSealer([third, second, first]).cover(once);
    const last = createSealer([third, second, first]);
    expect(createSealer([second, first]).coveredDigests('+32470000001', 'number')).to.include(once);
    expect(last.coveredDigests('+32470000001', 'number')).to.include(twice).and.include(last.cover(digest));
    expect(last.coveredDigests('+32470000002', 'number')).not.to.include(twice);
    // What the holder of the old key alone can compute.
    expect(createSealer([first]).coveredDigests('+32470000001', 'number')).not.to.include(once);
  });
});

/** Nonce and the first four bytes of the tag of an empty text: what a lenient reader would open. */
function withShortTag(sealed: string): string {
  const [id = '', text = ''] = sealed.split('.');
  return `${id}.${Buffer.from(text, 'base64url')
    .subarray(0, 12 + 4)
    .toString('base64url')}`;
}
