import { accessibilityViolations } from '@civicline/test/accessibility';
import { launchChromium } from '@civicline/test/browser';
import { textThatSticksOut } from '@civicline/test/overflow';
import { expect } from 'chai';
import type { Browser, Page } from 'playwright-core';
import { parseTelUrl } from '../phone/index.ts';
import { startWorld, type TestAgent, type World } from './world.ts';

const SIZES = { phone: { width: 320, height: 640 }, desktop: { width: 1280, height: 800 } };

describe('The citizen’s pages, in a real browser', function () {
  this.timeout(120_000);
  let world: World;
  let agent: TestAgent;
  let browser: Browser;
  before(async () => {
    world = await startWorld();
    agent = await world.agent('agent-a');
    browser = await launchChromium();
  });
  after(async () => {
    await browser?.close();
    await world?.stop();
  });

  let page: Page;
  let complaints: string[];
  const visit = async (path: string, viewport = SIZES.desktop): Promise<void> => {
    page = await browser.newPage({ viewport, locale: 'nl-NL' });
    complaints = [];
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(`${message.text()} ${message.location().url}`);
    });
    await page.goto(`${world.system.gatewayUrl}${path}`);
  };
  afterEach(async () => {
    const said = complaints;
    await page.close();
    expect(said).to.deep.equal([]);
  });

  const state = (heading: string): Promise<void> =>
    page.locator('dialog').getByRole('heading', { level: 3, name: heading }).waitFor();

  /** Clicks the page's first button and gives the scanned session to a wallet. */
  async function discloses(person: number, decline = false): Promise<string | undefined> {
    const creating = page.waitForResponse((response) => response.url().endsWith('/v1/call-requests'));
    await page.getByRole('button', { name: 'Bel ons met Yivi' }).first().click();
    const { sessionPtr } = await (await creating).json();
    await state('Scan de code met de Yivi-app');
    const outcome = await world.wallets.borrow(person, (wallet) => wallet.disclose(sessionPtr, { decline }));
    return outcome.clientReturnUrl;
  }

  it('follows a call from the button to its end', async () => {
    await visit('/demo/');
    const { number, digits } = parseTelUrl((await discloses(0)) ?? '');
    await state('Gelukt. U kunt ons nu bellen');
    expect(await page.locator('dialog').textContent()).to.not.contain(digits.slice(4));

    await world.dial(number, digits);
    await state('U bent aan de beurt zodra er iemand vrij is');
    const ringing = await agent.call((call) => call.state === 'queued');
    expect(ringing.verification).to.include({ kind: 'verified', binding: 'app-dialled', contested: false });
    await agent.answer(ringing.id);
    await state('U bent in gesprek');
    await agent.client.ask('hang-up', { callId: ringing.id });
    await state('Het gesprek is afgelopen');
    await agent.client.ask('finish-wrap-up', { callId: ringing.id, note: '' });
    await world.nothingLeft();
  });

  it('shows the code for another phone once the app’s digits are typed over, and the agent reads that', async () => {
    await visit('/demo/');
    await page.getByRole('button', { name: 'Bel ons met Yivi' }).first().click();
    await state('Scan de code met de Yivi-app');
    const creating = page.waitForResponse((response) => response.url().endsWith('/v1/call-requests'));
    await page.getByRole('button', { name: 'Bellen met een andere telefoon' }).click();
    const { sessionPtr } = await (await creating).json();
    await state('Scan de QR-code en neem de cijfers over');
    await world.wallets.borrow(0, async (wallet) => {
      const disclosing = wallet.disclose(sessionPtr);
      await page.getByLabel('De 4 cijfers in uw Yivi-app').fill(await wallet.pairingCode());
      expect(await disclosing)
        .to.include({ status: 'done' })
        .and.not.have.property('clientReturnUrl');
    });
    await state('Bel zelf en toets uw code in');
    const shown = await page
      .locator('dialog')
      .getByText(/^\d{4} \d{4}$/)
      .textContent();
    const code = shown?.replace(' ', '') ?? '';

    const caller = await world.dial('+31850000001', code);
    await state('U bent aan de beurt zodra er iemand vrij is');
    expect(await page.locator('dialog').textContent()).to.not.contain(code.slice(4));
    const ringing = await agent.call((call) => call.state === 'queued');
    expect(ringing.verification).to.include({ kind: 'verified', binding: 'pairing-code' });
    await caller.hangUp();
    await state('Het gesprek is afgelopen');
    await world.nothingLeft();
  });

  it('says that the citizen declined in the app', async () => {
    await visit('/demo/');
    await discloses(1, true);
    await state('U bent gestopt');
  });

  it('cancels at the Yivi server what is closed in the page', async () => {
    await visit('/demo/');
    const creating = page.waitForResponse((response) => response.url().endsWith('/v1/call-requests'));
    await page.getByRole('button', { name: 'Bel ons met Yivi' }).first().click();
    const { sessionPtr, frontendRequest } = await (await creating).json();
    await state('Scan de code met de Yivi-app');
    const cancelling = page.waitForResponse((response) => response.request().method() === 'DELETE');
    await page.keyboard.press('Escape');
    expect((await cancelling).status()).to.equal(204);
    const headers = { Authorization: frontendRequest.authorization };
    const status = async (): Promise<string> =>
      (await (await fetch(`${sessionPtr.u}/frontend/status`, { headers })).json()).status;
    while ((await status()) !== 'CANCELLED') await page.waitForTimeout(50);
  });

  it('says when nobody answers', async () => {
    await visit('/demo/');
    await page.getByRole('button', { name: 'Bel ons met Yivi' }).nth(2).click();
    await state('We zijn nu niet bereikbaar');
  });

  it('serves a letter’s QR code with the same call', async () => {
    await visit('/call/voorbeeldstad/verhuizing?lang=nl');
    await page.getByRole('heading', { level: 1, name: 'Verhuizing doorgeven' }).waitFor();
    await page.getByRole('link', { name: '085 000 00 01' }).waitFor();
    await discloses(2);
    await state('Gelukt. U kunt ons nu bellen');
  });

  it('says in words that a letter’s link is wrong', async () => {
    await visit('/call/voorbeeldstad/onbekend?lang=nl');
    await page.getByRole('heading', { level: 1, name: 'Deze link klopt niet' }).waitFor();
    await page.getByText('Bel het nummer in uw brief.').waitFor();
    complaints = complaints.filter((text) => !text.includes('404'));
  });

  // The letter's page: gateway/src/site/letter.browser.test.ts.
  const pages = ['/demo/', '/demo/fr.html', '/demo/de.html', '/demo/en.html'];
  for (const path of pages) {
    for (const [size, viewport] of Object.entries(SIZES)) {
      it(`${path} is accessible on a ${size}`, async () => {
        await visit(path, viewport);
        await page.locator('civicline-call').first().getByRole('button').waitFor();
        const folder = process.env.CIVICLINE_PICTURES;
        if (folder) await page.screenshot({ path: `${folder}/${size}${path.replace(/\W/g, '-')}.png`, fullPage: true });
        expect(await accessibilityViolations(page)).to.deep.equal([]);
        expect(await textThatSticksOut(page)).to.deep.equal([]);
      });
    }
  }
});
