import { LANGUAGES } from '@civicline/protocol';
import { accessibilityViolations } from '@civicline/test/accessibility';
import { expect } from 'chai';
import type { Page } from 'playwright-core';
import { SCENES, speak } from './stand-in/scenes.ts';
import { browserTests } from './stand-in/world.ts';

const SIZES = [
  { width: 1280, height: 800, scanned: true },
  { width: 360, height: 740, scanned: true },
  // What 1280 pixels become at a zoom of 400 % (WCAG 1.4.10).
  { width: 320, height: 740, scanned: false },
];

describe('agent console, accessibility (WCAG 2.2 A and AA)', function () {
  this.timeout(120_000);
  const visit = browserTests();

  for (const { name, visitor, stage } of SCENES) {
    it(`${name}: in every language, on a wide screen and a phone`, () =>
      visit({ ...visitor }, async (world) => {
        await stage(world);
        for (const language of LANGUAGES) {
          await speak(world.page, language);
          for (const size of SIZES) {
            await world.page.setViewportSize(size);
            const where = `${language}, ${size.width} × ${size.height}`;
            expect(await widerThanScreen(world.page), `${where}: must not scroll sideways`).to.equal(false);
            if (size.scanned) expect(await accessibilityViolations(world.page), where).to.deep.equal([]);
          }
        }
      }));
  }
});

function widerThanScreen(page: Page): Promise<boolean> {
  return page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);
}
