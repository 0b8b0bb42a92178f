import { expect } from 'chai';
import { findChromium, launchChromium } from './browser.ts';

describe('Chromium for the browser tests', () => {
  it('is found at the places where distributions put it, even with an empty PATH', () => {
    expect(findChromium({ PATH: '' })).to.match(/chrom/);
  });

  it('opens a page', async () => {
    const browser = await launchChromium();
    try {
      const page = await browser.newPage();
      await page.setContent('<title>opened</title>');
      expect(await page.title()).to.equal('opened');
    } finally {
      await browser.close();
    }
  });
});
