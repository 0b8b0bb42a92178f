import { accessibilityViolations } from '@civicline/test/accessibility';
import { launchChromium, WITH_MICROPHONE } from '@civicline/test/browser';
import { expect } from 'chai';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { startWorld, type World } from './world.ts';

/** Counts what the page's own telephone receives, by the browser's statistics. */
const REMEMBER_CONNECTIONS = `
  window.connections = [];
  window.RTCPeerConnection = class extends window.RTCPeerConnection {
    constructor(...options) { super(...options); window.connections.push(this); }
  };
`;

describe('An agent in a real browser', function () {
  this.timeout(120_000);
  let world: World;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;

  before(async () => {
    world = await startWorld();
    browser = await launchChromium({ args: WITH_MICROPHONE });
    context = await browser.newContext({ locale: 'nl-NL', viewport: { width: 1280, height: 800 } });
    await context.addInitScript(REMEMBER_CONNECTIONS);
    page = await context.newPage();
    await page.goto(`${world.system.gatewayUrl}/console/`);
    await page
      .getByRole('link', { name: 'Aanmelden' })
      .or(page.getByRole('button', { name: 'Aanmelden' }))
      .click();
    await page.getByRole('button', { name: /Demo agent A/ }).click();
    await page.getByRole('heading', { name: 'Gesprekken', exact: true }).waitFor();
    await page.getByText('Beschikbaar', { exact: true }).first().click();
    await page.getByText('Er wacht niemand').waitFor();
    await page.getByText('Aangesloten', { exact: true }).first().waitFor();
  });
  after(async () => {
    await browser?.close();
    await world?.stop();
  });

  /** Sound energy that came in over all connections of the page, as the browser measures it. */
  const energy = () =>
    page.evaluate(async () => {
      let sum = 0;
      for (const connection of (window as unknown as { connections: RTCPeerConnection[] }).connections) {
        for (const report of (await connection.getStats()).values()) {
          if (report.type === 'inbound-rtp') sum += report.totalAudioEnergy ?? 0;
        }
      }
      return sum;
    });

  it('sees who calls, presses Opnemen, talks, holds, hangs up and wraps up', async () => {
    const { number, code, status } = await world.disclosed(0);
    const citizen = await world.dial(number, code);
    const card = page.locator('article').filter({ hasText: 'Verhuizing doorgeven' });
    await card.getByText('Demo van Voorbeeld-1').waitFor();
    expect(await card.innerText())
      .to.contain('Geverifieerd')
      .and.to.contain('999990007');
    expect(await accessibilityViolations(page)).to.deep.equal([]);

    await card.getByRole('button', { name: 'Opnemen' }).click();
    await status.reached('connected');
    // The browser's stand-in microphone beeps; the citizen's phone hears it, and the page hears the citizen.
    await waitUntil(() => citizen.ear.loudness() > 0.02, 'the agent in the citizen’s ear');
    const before = await energy();
    await waitUntil(async () => (await energy()) > before, 'the citizen in the agent’s ear');
    expect(await accessibilityViolations(page)).to.deep.equal([]);

    await page.getByRole('button', { name: /In de wacht/ }).click();
    await page.getByRole('button', { name: /Hervat|Uit de wacht|Terug/i }).click();
    await page.getByRole('button', { name: /Ophangen/ }).click();
    expect((await citizen.ended).how).to.equal('peer-hung-up');
    await page.getByRole('textbox', { name: /Notitie/ }).fill('Verhuizing besproken.');
    await page.getByRole('button', { name: 'Nawerk afronden' }).click();
    await page.getByText('Er wacht niemand').waitFor();
    expect(await page.locator('body').innerText()).to.not.contain('999990007');
    await world.nothingLeft();
  });

  it('a reload in the middle of a call: the console is right again, and the call still ends properly', async () => {
    const { number, code, status } = await world.disclosed(1);
    const citizen = await world.dial(number, code);
    await page.locator('article').getByRole('button', { name: 'Opnemen' }).click();
    await status.reached('connected');
    // The browser asks first, because leaving the page ends the call.
    page.once('dialog', (dialog) => void dialog.accept());
    await page.reload();
    // The page's telephone went with the page, and with it the call: nobody stays on a dead line.
    await citizen.ended;
    await page.getByRole('button', { name: 'Nawerk afronden' }).click();
    await page.getByText('Er wacht niemand').waitFor();
    await world.nothingLeft();
  });

  it('a second tab shows the same, and one of them has the telephone', async () => {
    const { number, code } = await world.disclosed(2);
    const second = await context.newPage();
    await second.goto(`${world.system.gatewayUrl}/console/`);
    await second.getByText('Er wacht niemand').waitFor();
    const citizen = await world.dial(number, code);
    for (const tab of [page, second]) await tab.locator('article').getByText('Demo van Voorbeeld-3').waitFor();
    await second.locator('article').getByRole('button', { name: 'Opnemen' }).click();
    await page.getByRole('button', { name: /Ophangen/ }).waitFor();
    await waitUntil(() => citizen.ear.loudness() > 0.02, 'the agent in the citizen’s ear');
    await page.getByRole('button', { name: /Ophangen/ }).click();
    await citizen.ended;
    await second.getByRole('button', { name: 'Nawerk afronden' }).click();
    for (const tab of [page, second]) await tab.getByText('Er wacht niemand').waitFor();
    await second.close();
    await world.nothingLeft();
  });

  it('an auditor reads who saw whose attributes, and none of the attributes', async () => {
    const auditor = await browser.newContext({ locale: 'nl-NL' });
    const audit = await auditor.newPage();
    await audit.goto(`${world.system.gatewayUrl}/sign-in?return=/console/`);
    await audit.getByRole('button', { name: /Demo auditor/ }).click();
    await audit.getByRole('table').getByText('agent-a').first().waitFor();
    const text = await audit.locator('body').innerText();
    expect(text).to.not.contain('999990007').and.to.not.contain('Demo van');
    expect(await accessibilityViolations(audit)).to.deep.equal([]);
    await auditor.close();
  });

  async function waitUntil(fits: () => boolean | Promise<boolean>, what: string): Promise<void> {
    const deadline = Date.now() + 20_000;
    while (!(await fits())) {
      if (Date.now() > deadline) throw new Error(`never came: ${what}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
});
