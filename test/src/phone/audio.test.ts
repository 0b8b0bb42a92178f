import { expect } from 'chai';
import fc from 'fast-check';
import { decode, encode, FRAME_SAMPLES, framesOf, loudness, tone, toneShare } from './audio.ts';
import { CODECS } from './sdp.ts';

const WINDOW = 10 * FRAME_SAMPLES;
const hertz = fc.integer({ min: 200, max: 3400 });
const codec = fc.constantFrom(...CODECS);

describe('sound', () => {
  for (const law of CODECS) {
    it(`keeps every value that ${law} knows, and others to one part in sixteen`, () => {
      const all = Uint8Array.from({ length: 256 }, (_, byte) => byte);
      const values = decode(law, all);
      expect(decode(law, encode(law, values))).to.deep.equal(values);
      fc.assert(
        fc.property(fc.integer({ min: -32_000, max: 32_000 }), (sample) => {
          const [back = 0] = decode(law, encode(law, Int16Array.of(sample)));
          expect(Math.abs(back - sample)).to.be.at.most(Math.max(16, Math.abs(sample) / 16));
        }),
      );
    });
  }

  it('lets a tone be found by its frequency, through G.711, and no other beside it', () => {
    fc.assert(
      fc.property(hertz, hertz, codec, (played, other, law) => {
        fc.pre(Math.abs(played - other) >= 50);
        const heard = decode(law, encode(law, tone(played, WINDOW)));
        expect(toneShare(heard, played)).to.be.above(0.95);
        expect(toneShare(heard, other)).to.be.below(0.2);
      }),
    );
  });

  it('finds nothing in silence, and each of two tones by half', () => {
    const silence = decode('PCMU', encode('PCMU', new Int16Array(WINDOW)));
    expect(loudness(silence)).to.equal(0);
    expect(toneShare(silence, 440)).to.equal(0);
    const other = tone(700, WINDOW);
    const both = tone(440, WINDOW).map((sample, index) => (sample + (other[index] ?? 0)) / 2);
    expect(toneShare(both, 440)).to.be.within(0.45, 0.55);
    expect(toneShare(both, 700)).to.be.within(0.45, 0.55);
  });

  it('goes round without a seam', () => {
    const frames = framesOf(440, 'PCMU');
    expect(frames).to.have.length(50);
    const seam = decode('PCMU', Buffer.concat([...frames.slice(-5), ...frames.slice(0, 5)]));
    expect(toneShare(seam, 440)).to.be.above(0.99);
  });
});
