import { expect } from 'chai';
import fc from 'fast-check';
import { contrast, READABLE, readableOn } from './colours.ts';

const colour = fc.integer({ min: 0, max: 0xffffff }).map((value) => `#${value.toString(16).padStart(6, '0')}`);

describe('an organisation’s colour', () => {
  it('has the contrast that WCAG computes', () => {
    expect(contrast('#000000', '#ffffff')).to.equal(21);
    expect(contrast('#777777', '#ffffff')).to.be.closeTo(4.48, 0.005);
    expect(contrast('#ffffff', '#0b6e6e')).to.be.closeTo(6.1, 0.05);
  });

  it('stays as it is where it can be read', () => {
    expect(readableOn('#ffffff', '#0b6e6e')).to.equal('#0b6e6e');
    expect(readableOn('#14181c', '#f2b705')).to.equal('#f2b705');
  });

  it('becomes darker on white and lighter on black, and no more than it must', () => {
    const yellow = readableOn('#ffffff', '#f2b705');
    expect(yellow).to.match(/^#9[0-9a-f]7[0-9a-f]0[0-9a-f]$/);
    expect(contrast(yellow, '#ffffff')).to.be.within(READABLE, READABLE + 0.2);
    expect(contrast(readableOn('#14181c', '#0b6e6e'), '#14181c')).to.be.within(READABLE, READABLE + 0.2);
  });

  it('can be read on every background, whatever it is', () => {
    fc.assert(
      fc.property(colour, colour, (ours, background) => {
        expect(contrast(readableOn(background, ours), background)).to.be.at.least(READABLE);
      }),
    );
  });
});
