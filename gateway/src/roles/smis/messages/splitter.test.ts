import { expect } from 'chai';
import fc from 'fast-check';
import { type RawItem, type Splitter, splitArray, splitLines } from './splitter.ts';

/** Feeds a text in pieces that end at the given places. */
function split(splitter: Splitter, text: string | Buffer, cuts: readonly number[] = []) {
  const bytes = Buffer.from(text);
  const places = [0, ...[...cuts].map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  const items: RawItem[] = [];
  for (const [n, place] of places.slice(1).entries()) items.push(...splitter.push(bytes.subarray(places[n], place)));
  const { items: rest, whole } = splitter.finish();
  return { items: [...items, ...rest].map((item) => item?.toString() ?? null), whole };
}

const cuts = fc.array(fc.nat(), { maxLength: 20 });
const space = fc.constantFrom('', ' ', '\n', '\r\n\t');

describe('a batch in pieces', () => {
  it('is cut into lines wherever the pieces end', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue()), cuts, fc.boolean(), (values, places, lastLineEnds) => {
        const lines = values.map((value) => JSON.stringify(value));
        const { items, whole } = split(splitLines(), lines.join('\n') + (lastLineEnds ? '\n' : ''), places);
        expect(items).to.deep.equal(lines);
        expect(whole).to.equal(true);
      }),
    );
  });

  it('may begin with a byte order mark, wherever the pieces end', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue()), cuts, (values, places) => {
        const items = values.map((value) => JSON.stringify(value));
        expect(split(splitLines(), `\ufeff${items.join('\n')}`, places)).to.deep.equal({ items, whole: true });
        expect(split(splitArray(), `\ufeff[${items.join(',')}]`, places)).to.deep.equal({ items, whole: true });
      }),
    );
    for (const text of ['', '\ufeff'])
      expect(split(splitLines(), text, [1, 2])).to.deep.equal({ items: [], whole: true });
    expect(split(splitLines(), '\ufeff\ufeff1')).to.deep.equal({ items: ['\ufeff1'], whole: true });
    expect(split(splitLines(), Buffer.from([0xef, 0xbb]), [1]).items).to.have.length(1);
    expect(split(splitArray(), '\ufeff').whole).to.equal(false);
  });

  it('is cut into the elements of an array wherever the pieces end', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue()), cuts, space, fc.nat({ max: 2 }), (values, places, between, indent) => {
        const texts = values.map((value) => JSON.stringify(value, null, indent));
        const body = `${between}[${between}${texts.join(`${between},${between}`)}${between}]${between}`;
        const { items, whole } = split(splitArray(), body, places);
        expect(whole).to.equal(true);
        expect(items.map((item) => JSON.parse(item ?? ''))).to.deep.equal(texts.map((text) => JSON.parse(text)));
      }),
    );
  });

  it('takes no bytes for an error of its own', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), cuts, (bytes, places) => {
        split(splitArray(), Buffer.from(bytes), places);
        split(splitLines(), Buffer.from(bytes), places);
      }),
    );
  });

  it('leaves a broken element to itself', () => {
    expect(split(splitArray(), '[{"a":1},{"b":},3]').items).to.deep.equal(['{"a":1}', '{"b":}', '3']);
    expect(split(splitArray(), '[1,,2,]').items).to.deep.equal(['1', '', '2', '']);
    expect(split(splitArray(), ' [ ] ')).to.deep.equal({ items: [], whole: true });
  });

  it('says when an array does not end, or is none', () => {
    for (const text of ['', '[', '[1', '[1,', '["a', '{}', '[1] 2', '[1]]']) {
      expect(split(splitArray(), text).whole, text).to.equal(false);
    }
  });

  it('passes over what is too large, without holding it', () => {
    const large = JSON.stringify('x'.repeat(200_000));
    expect(split(splitLines(), `1\n${large}\n2\n`, [50_000, 120_000]).items).to.deep.equal(['1', null, '2']);
    expect(split(splitArray(), `[1,${large},2]`, [50_000, 120_000]).items).to.deep.equal(['1', null, '2']);
  });
});
