import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { LANGUAGES } from '@civicline/protocol';
import { accessibilityViolations } from '@civicline/test/accessibility';
import { launchChromium } from '@civicline/test/browser';
import { textThatSticksOut } from '@civicline/test/overflow';
import { expect } from 'chai';
import type { Browser, Page } from 'playwright-core';
import { DEMO_FILE, startTestGateway, type TestGateway } from '../test-gateway.ts';

const DESKTOP = { width: 1280, height: 800 };
const PHONE = { width: 320, height: 640 };
const CALL = 'Bel ons met Yivi';

describe('the page behind a letter’s QR code', function () {
  this.timeout(120_000);
  let folder: string;
  let test: TestGateway;
  let browser: Browser;
  let page: Page;
  let complaints: string[];

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'civicline-letter-'));
    const organisations = join(folder, 'civicline.yaml');
    const demo = await readFile(DEMO_FILE, 'utf8');
    const opening = 'weekly: { mon: ["09:00-17:00"] }';
    const yellow = 'colour: "#f2b705"';
    await writeFile(
      organisations,
      demo
        .replace('weekly: {}', opening)
        .replace('colour: "#0b6e6e"', yellow)
        .replace('pages/shield.svg', join(dirname(DEMO_FILE), 'pages/shield.svg')),
    );
    test = await startTestGateway({ CIVICLINE_ORGANISATIONS: organisations });
    browser = await launchChromium();
  });
  after(async () => {
    await browser?.close();
    await test?.stop();
    await rm(folder, { recursive: true });
  });
  afterEach(async () => {
    const said = complaints;
    await page.context().close();
    expect(said).to.deep.equal([]);
  });

  async function open(path: string, viewport = DESKTOP, colorScheme: 'light' | 'dark' = 'light'): Promise<void> {
    const context = await browser.newContext({ viewport, colorScheme, timezoneId: 'Europe/Amsterdam' });
    page = await context.newPage();
    complaints = [];
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('console', (message) => {
      const { url } = message.location();
      const isExpected = /status of (404|503)/.test(message.text()) && url.includes('/v1/organisations/');
      if (message.type() === 'error' && !isExpected) complaints.push(`${message.text()} ${url}`);
    });
    await page.goto(`${test.url}/call/voorbeeldstad/${path}`);
    await page.locator('#content:not([aria-busy])').waitFor();
  }
  const content = () => page.locator('#content').innerText();
  const title = () => page.locator('h1').innerText();
  const look = async (name: string) => {
    const pictures = process.env.CIVICLINE_PICTURES;
    if (pictures) await page.screenshot({ path: `${pictures}/letter-${name}.png`, fullPage: true });
    expect(await accessibilityViolations(page), name).to.deep.equal([]);
    expect(await textThatSticksOut(page), name).to.deep.equal([]);
  };

  it('invites to call while it is open, and names the plain number', async () => {
    await open('verhuizing?lang=nl');
    expect(await title()).to.equal('Verhuizing doorgeven');
    await page.getByRole('button', { name: CALL }).waitFor();
    expect(await content()).to.match(/^U kunt ons hierover bellen\..*Bel ons op 085 000 00 01/s);
  });

  it('says first that it is closed and until when, then what one can do', async () => {
    test.clock.now = Date.parse('2026-11-24T10:00:00Z');
    await open('avondvraag?lang=nl');
    expect(await title()).to.equal('Vraag buiten kantoortijd');
    expect(await content()).to.match(
      /^We zijn nu niet bereikbaar.*maandag 30 november.*09:00.*Bel ons op 085 000 00 01\.$/s,
    );
    expect(await page.locator('civicline-call').count()).to.equal(0);
    expect(await content()).not.to.include('U kunt ons hierover bellen');
    // Monday morning: who comes back to the page finds it open.
    test.clock.now = Date.parse('2026-11-30T08:00:00Z');
    await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
    await page.getByRole('button', { name: CALL }).waitFor();
    test.clock.now = Date.now();
  });

  it('says that a link is wrong, and invites to nothing', async () => {
    await open('onbekend?lang=nl');
    expect([await title(), await content()]).to.deep.equal(['Deze link klopt niet', 'Bel het nummer in uw brief.']);
  });

  it('says that it does not work now, and loads again on request', async () => {
    await page?.context().close();
    await open('onbekend?lang=nl');
    const body = JSON.stringify({ type: 'about:blank', title: 'away', status: 503, code: 'STORAGE_UNAVAILABLE' });
    await page.route('**/v1/organisations/**', (route) => route.fulfill({ status: 503, body }));
    await page.goto(`${test.url}/call/voorbeeldstad/verhuizing?lang=nl`);
    await page.getByRole('heading', { name: 'Dit lukt nu niet' }).waitFor();
    await look('problem');
    await page.unroute('**/v1/organisations/**');
    await page.getByRole('button', { name: 'Opnieuw beginnen' }).click();
    await page.getByRole('button', { name: CALL }).waitFor();
  });

  it('wears the organisation’s colour, readable on white and on black, and its logo', async () => {
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.context().close();
      await open('verhuizing?lang=nl', DESKTOP, colorScheme);
      await page.locator('#logo:not([hidden])').waitFor();
      const colour = await page
        .getByRole('button', { name: CALL })
        .evaluate((button) => getComputedStyle(button).backgroundColor);
      // Yellow itself can be read on black only.
      expect(colour).to.equal(colorScheme === 'dark' ? 'rgb(242, 183, 5)' : 'rgb(150, 113, 3)');
      expect(await page.evaluate(() => document.querySelector<HTMLImageElement>('#logo')?.naturalWidth)).to.be.above(0);
      await look(`open-${colorScheme}`);
    }
  });

  for (const language of LANGUAGES) {
    it(`is accessible and fits 320 pixels in ${language}, open, closed and with a wrong link`, async () => {
      for (const [name, path] of Object.entries({ open: 'verhuizing', closed: 'avondvraag', wrong: 'onbekend' })) {
        await page.context().close();
        await open(`${path}?lang=${language}`, PHONE, language === 'nl' || language === 'fr' ? 'light' : 'dark');
        await look(`${name}-${language}`);
      }
    });
  }

  it('serves the logo under a policy that allows nothing, and knows none of others', async () => {
    const logo = await fetch(`${test.url}/v1/organisations/voorbeeldstad/logo`);
    expect([logo.status, logo.headers.get('content-type')]).to.deep.equal([200, 'image/svg+xml']);
    expect(logo.headers.get('content-security-policy')).to.match(/^default-src 'none';.*sandbox/);
    expect((await fetch(`${test.url}/v1/organisations/elders/logo`)).status).to.equal(404);
    const policy = (await fetch(`${test.url}/call/voorbeeldstad/verhuizing`)).headers.get('content-security-policy');
    expect(policy).to.include("img-src 'self'").and.not.include('unsafe').and.not.include('data:');
  });
});
