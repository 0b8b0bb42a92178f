import { expect } from 'chai';
import { letterQr, letterUrl } from './letter-qr.ts';

describe('the QR code for a letter', () => {
  it('leads to the page of the purpose', () => {
    expect(letterUrl('https://bellen.example.nl/', 'voorbeeldstad', 'verhuizing')).to.equal(
      'https://bellen.example.nl/call/voorbeeldstad/verhuizing',
    );
  });

  it('can carry the language of the letter', () => {
    const url = letterUrl('https://bellen.example.nl', 'voorbeeldstad', 'verhuizing', 'fr-BE');
    expect(url).to.equal('https://bellen.example.nl/call/voorbeeldstad/verhuizing?lang=fr');
  });

  it('is one square document of the wanted size that says where it leads', () => {
    const svg = letterQr('https://bellen.example.nl/call/a/b?lang=nl&x=1', 25);
    expect(svg).to.contain('width="25mm" height="25mm"');
    expect(svg).to.contain('<title>https://bellen.example.nl/call/a/b?lang=nl&amp;x=1</title>');
  });
});
