import { expect } from 'chai';
import { readSettings, type Settings, writeSettings } from './settings.ts';

function storage(initial: string | null = null) {
  let value = initial;
  return { getItem: () => value, setItem: (_key: string, text: string) => (value = text) };
}

describe('settings', () => {
  it('begin with the first language of the browser that the console speaks', () => {
    expect(readSettings(storage(), ['pl', 'fr-BE', 'nl']).language).to.equal('fr');
    expect(readSettings(storage(), ['pl']).language).to.equal('nl');
  });

  it('come back as they were written', () => {
    const settings: Settings = { language: 'de', sound: false, notifications: true, shortcuts: false };
    const kept = storage();
    writeSettings(kept, settings);
    expect(readSettings(kept, ['nl'])).to.deep.equal(settings);
  });

  it('survive whatever else stands in the storage', () => {
    for (const text of ['', 'nonsense', 'null', '[]', '{"language":"xx","sound":"yes"}']) {
      expect(readSettings(storage(text), ['en'])).to.deep.equal(readSettings(storage(), ['en']));
    }
  });
});
