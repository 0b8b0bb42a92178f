import { LANGUAGES } from '@civicline/protocol';
import { expect } from 'chai';
import { exampleCall } from './stand-in/examples.ts';
import { sixCalls, speak } from './stand-in/scenes.ts';
import { browserTests } from './stand-in/world.ts';

const DESKS = [
  { width: 1440, height: 900 },
  { width: 1366, height: 768 },
  { width: 1024, height: 768 },
];

describe('agent console, room on the screen', function () {
  this.timeout(60_000);
  const visit = browserTests();

  it('keeps the buttons of a call on one line, in every language at every width of a desk', () =>
    visit({}, async ({ gateway, page }) => {
      gateway.putCall(exampleCall({ state: 'connected', agentId: 'agent-a', muted: true, held: true }));
      await page.locator('.controls').waitFor();
      for (const language of LANGUAGES) {
        await speak(page, language);
        for (const size of DESKS) {
          await page.setViewportSize(size);
          const buttons = await page.locator('.controls button').evaluateAll((all) =>
            all.map((button) => {
              const { top, right } = button.getBoundingClientRect();
              return { top, isCut: button.scrollWidth > button.clientWidth || right > window.innerWidth };
            }),
          );
          const where = `${language}, ${size.width} px`;
          expect(buttons, where).to.have.length(4);
          expect(new Set(buttons.map(({ top }) => top)).size, where).to.equal(1);
          expect(
            buttons.filter(({ isCut }) => isCut),
            where,
          ).to.deep.equal([]);
        }
      }
    }));

  for (const width of [1440, 1366, 1024]) {
    it(`shows six waiting calls in a window of ${width} × 900 at once, each with its button`, () =>
      visit({ viewport: { width, height: 900 } }, async ({ gateway, page }) => {
        for (const call of sixCalls()) gateway.putCall(call);
        await page.locator('article').nth(5).waitFor();
        const bottoms = await page
          .locator('.button--answer')
          .evaluateAll((all) => all.map((button) => button.getBoundingClientRect().bottom));
        expect(bottoms).to.have.length(6);
        expect(Math.max(...bottoms)).to.be.lessThan(900);
      }));
  }

  it('puts the button to answer above the facts on a phone', () =>
    visit({ viewport: { width: 390, height: 844 } }, async ({ gateway, page }) => {
      gateway.putCall(exampleCall());
      await page.getByRole('button', { name: 'Meer over V. Beeld' }).click();
      await page.locator('.row-details dl').waitFor();
      const [answer, facts] = await Promise.all(
        ['.button--answer', '.row-details'].map((part) => page.locator(part).boundingBox()),
      );
      expect((answer?.y ?? 0) + (answer?.height ?? 0)).to.be.lessThan(facts?.y ?? 0);
    }));

  it('gives the call the whole width, and of the waiting ones says how many', () =>
    visit({ viewport: { width: 1440, height: 900 } }, async ({ gateway, page }) => {
      await page.getByText('Er wacht niemand').waitFor();
      const [queue] = gateway.snapshot().queues;
      if (queue) gateway.tell('queue-changed', { queue: { ...queue, waiting: 3 } });
      gateway.putCall(exampleCall({ state: 'connected', agentId: 'agent-a' }));
      await page.locator('.call').waitFor();
      expect((await page.locator('.call').boundingBox())?.width).to.be.greaterThan(1_380);
      expect(await page.getByRole('heading', { name: 'Wachtende gesprekken' }).innerText()).to.match(/3$/);
      expect(await page.locator('article').count()).to.equal(0);
      const sizes = await page
        .locator('.call h2, .call .subject')
        .evaluateAll((all) => all.map((element) => Number.parseFloat(getComputedStyle(element).fontSize)));
      expect(sizes).to.deep.equal(sizes.toSorted((a, b) => b - a));
      expect(await page.locator('.call h2').innerText()).to.contain('V. Beeld');
    }));

  it('says one thing at a time, whatever stands in the way', () =>
    visit({ microphone: 'refused' }, async ({ gateway, page }) => {
      await page.getByText('Er wacht niemand').waitFor();
      gateway.tell('telephony-changed', { available: false });
      gateway.refuseNext('SOMETHING_ELSE');
      await page.getByRole('radio', { name: 'Pauze' }).click();
      await page.getByRole('alert').getByText('SOMETHING_ELSE').waitFor();
      expect(await page.locator('.notice').count()).to.equal(1);
      await page.getByRole('button', { name: 'Melding sluiten' }).click();
      await page.getByText('De telefooncentrale is niet bereikbaar.').waitFor();
      expect(await page.locator('.notice').count()).to.equal(1);
      gateway.tell('self-changed', {
        self: { ...gateway.snapshot().self, presence: 'not-reachable', device: 'browser' },
      });
      gateway.tell('telephony-changed', { available: true });
      await page.getByText('De microfoon is geblokkeerd.').waitFor();
      expect(await page.locator('.notice').count()).to.equal(1);
    }));

  it('folds the choice of a telephone to one line, and again on Escape', () =>
    visit({ viewport: { width: 1024, height: 768 } }, async ({ page }) => {
      const device = page.locator('.device');
      const line = await device.boundingBox();
      expect(line?.height).to.be.lessThan(50);
      expect(await device.innerText()).to.match(/Eigen SIP-toestel\s+Aangesloten/);
      await device.locator('summary').press('Enter');
      await page.getByRole('radio', { name: 'Telefoon in deze pagina' }).focus();
      await page.keyboard.press('Escape');
      await page.getByRole('radio', { name: 'Telefoon in deze pagina' }).waitFor({ state: 'hidden' });
      expect(await page.evaluate('document.activeElement.tagName')).to.equal('SUMMARY');
    }));

  it('writes shortcut keys on the buttons as long as they work', () =>
    visit({}, async ({ gateway, page }) => {
      gateway.putCall(exampleCall());
      const answer = page.getByRole('button', { name: 'Opnemen', exact: true });
      await answer.waitFor();
      expect(await answer.innerText()).to.match(/Opnemen\s+Alt\+A/);
      await page.keyboard.press('Alt+k');
      await page.getByRole('switch', { name: 'Sneltoetsen gebruiken' }).click();
      await page.locator('.row .shortcut').waitFor({ state: 'detached' });
      expect(await answer.getAttribute('aria-keyshortcuts')).to.equal(null);
    }));

  it('counts the agent’s own day in the empty state, also after a reload', () =>
    visit({}, async ({ gateway, page }) => {
      const figures = page.locator('.today dd');
      await figures.nth(2).waitFor();
      expect(await figures.allInnerTexts()).to.deep.equal(['0', '–', '0:00']);
      const since = (seconds: number) => new Date(Date.now() - seconds * 1000).toISOString();
      for (const seconds of [600, 1200]) {
        const call = exampleCall({ state: 'connected', agentId: 'agent-a', connectedAt: since(seconds) });
        gateway.putCall(call);
        await page.locator('.status--connected').waitFor();
        gateway.removeCall(call.id, 'closed');
        await figures.nth(2).waitFor();
      }
      // Minutes: the machine may be slow between the beginning and the end.
      const shown = /^2\n15:\d\d\n30:\d\d$/;
      expect((await figures.allInnerTexts()).join('\n')).to.match(shown);
      await page.reload();
      await figures.nth(2).waitFor();
      expect((await figures.allInnerTexts()).join('\n')).to.match(shown);
    }));
});
