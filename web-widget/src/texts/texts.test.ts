import { LANGUAGES } from '@civicline/protocol';
import { expect } from 'chai';
import { languageFor, textsFor } from './texts.ts';

/** Every text with its place, functions called with a sample. */
function allTexts(value: unknown, place = ''): [place: string, text: string][] {
  if (typeof value === 'function') return [[place, String(value('14:35'))]];
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value).flatMap(([name, inner]) => allTexts(inner, `${place}.${name}`));
  }
  return [[place, String(value)]];
}

describe('the widget’s texts', () => {
  for (const language of LANGUAGES) {
    it(`say something everywhere in ${language}`, () => {
      for (const [place, text] of allTexts(textsFor(language))) expect(text.trim(), place).to.not.equal('');
    });
  }

  it('have the same places in every language', () => {
    const places = LANGUAGES.map((language) => allTexts(textsFor(language)).map(([place]) => place));
    for (const other of places) expect(other).to.deep.equal(places[0]);
  });

  it('tell the citizen when the code ends', () => {
    for (const language of LANGUAGES) expect(textsFor(language).otherPhone.validUntil('14:35')).to.contain('14:35');
  });
});

describe('the language', () => {
  it('is taken from any tag, with or without a region', () => {
    expect(['fr', 'FR-be', 'de-AT', 'en', 'nl-BE'].map(languageFor)).to.deep.equal(['fr', 'fr', 'de', 'en', 'nl']);
  });

  it('is Dutch when there is none that we speak', () => {
    expect(['', null, undefined, 'pl', 'x'].map(languageFor)).to.deep.equal(['nl', 'nl', 'nl', 'nl', 'nl']);
  });
});
