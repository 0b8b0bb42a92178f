import { LANGUAGES } from '@civicline/protocol';
import { expect } from 'chai';
import { TEXTS } from './index.ts';

/** Every text under its path; texts with an argument are asked with 0, 1 and 2. */
function flatten(value: unknown, path = ''): [string, string][] {
  if (typeof value === 'string') return [[path, value]];
  if (typeof value === 'function') {
    return [0, 1, 2].map((count) => [`${path}(${count})`, String(value(count, count, count))]);
  }
  return Object.entries(value as object).flatMap(([key, part]) => flatten(part, `${path}.${key}`));
}

describe('texts', () => {
  for (const language of LANGUAGES) {
    it(`are all there in ${language}`, () => {
      const texts = flatten(TEXTS[language]);
      expect(texts.filter(([, text]) => text.trim() === '' || text.includes('undefined'))).to.deep.equal([]);
    });
  }

  it('are translated: what is the same in Dutch and English is the same by nature', () => {
    const english = new Map(flatten(TEXTS.en));
    const same = flatten(TEXTS.nl).filter(([path, text]) => english.get(path) === text && /\p{L}{4}/u.test(text));
    expect(same.map(([path]) => path)).to.deep.equal(['.product', '.sipPhone.server']);
  });

  it('name the button to answer as agents know it', () => {
    expect(LANGUAGES.map((language) => TEXTS[language].calls.answer)).to.deep.equal([
      'Opnemen',
      'Décrocher',
      'Annehmen',
      'Answer',
    ]);
  });
});
