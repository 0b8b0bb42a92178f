import { accessibilityViolations } from '@civicline/test/accessibility';
import { launchChromium } from '@civicline/test/browser';
import { textThatSticksOut } from '@civicline/test/overflow';
import { expect } from 'chai';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { type SmscSimulator, startSmscSimulator } from './index.ts';

const DESKTOP = { width: 1280, height: 800 };
const PHONE = { width: 375, height: 740 };
const LANGUAGES = {
  nl: 'Dit is een simulator.',
  fr: 'Ceci est un simulateur.',
  de: 'Dies ist ein Simulator.',
  en: 'This is a simulator.',
};

describe('phones page', () => {
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let simulator: SmscSimulator;
  const complaints: string[] = [];

  before(async () => {
    browser = await launchChromium();
  });
  after(() => browser.close());
  beforeEach(async () => {
    simulator = await startSmscSimulator();
    complaints.length = 0;
  });
  afterEach(async () => {
    await context.close();
    await simulator.stop();
    expect(complaints.filter((text) => !/ERR_|Failed to load resource/.test(text))).to.deep.equal([]);
  });

  const open = async (viewport: { width: number; height: number }, path = '/?lang=en', colorScheme?: 'dark') => {
    context = await browser.newContext({ viewport, ...(colorScheme ? { colorScheme } : {}) });
    page = await context.newPage();
    page.on('console', (message) => void (message.type() === 'error' && complaints.push(message.text())));
    page.on('pageerror', (error) => complaints.push(error.message));
    await page.goto(`${simulator.url}${path}`);
    await page.locator('#counts dd').first().waitFor({ state: 'attached' });
  };
  const picture = async (name: string) => {
    const folder = process.env.CIVICLINE_PICTURES;
    if (folder) await page.screenshot({ path: `${folder}/phones-${name}.png`, fullPage: true });
  };
  const text = (selector: string) => page.locator(selector).innerText();
  const passes = async () => expect(await accessibilityViolations(page)).to.deep.equal([]);
  /** By RingRing's way in, for which one request will do. */
  const arrive = async (to: string, message: string, from = '8850') => {
    const response = await fetch(`${simulator.url}/sms/v1/Message`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ApiKey: 'key', To: to, Message: message, From: from }),
    });
    expect(response.status).to.equal(200);
  };

  it('says what it is, empty, in every language', async () => {
    for (const [language, simulates] of Object.entries(LANGUAGES)) {
      await open(DESKTOP, `/?lang=${language}`);
      expect(await text('.simulation')).to.include(simulates);
      expect(await page.locator('html').getAttribute('lang')).to.equal(language);
      expect(await page.locator(`#languages [aria-current]`).getAttribute('lang')).to.equal(language);
      await page.locator('summary').click();
      await passes();
      await picture(`empty-${language}`);
      await page.setViewportSize({ width: 320, height: 640 });
      expect(await textThatSticksOut(page), `${language} at 320 pixels`).to.deep.equal([]);
      if (language !== 'en') await context.close();
    }
  });

  it('shows messages as they arrive, put together, and announces them', async () => {
    await open(DESKTOP);
    await arrive('32470000001', 'Uw afspraak is morgen om 10:00');
    await page.locator('#phones button').waitFor();
    await page.waitForFunction(() => document.querySelector('#announcement')?.textContent?.includes('afspraak'));
    await page.locator('#phones button').press('Enter');
    await page.locator('#messages li').waitFor();
    expect(await page.evaluate(() => document.activeElement?.id)).to.equal('conversation-title');
    expect(await text('#conversation-title')).to.equal('Phone +32470000001');
    await arrive('32470000001', `Être prêt ✓ ${'veel tekst '.repeat(10)}`, 'Voorbeeldstad');
    await page.locator('#messages li:nth-child(2)').waitFor();
    expect(await text('#messages li:nth-child(1)')).to.match(
      /From 8850\s+Uw afspraak.*\s+.*GSM 7 bit · 1 segment · 30 characters/,
    );
    expect(await text('#messages li:nth-child(2)')).to.match(/UCS-2 \(Unicode\) · 2 segments/);
    await arrive('32470000002', 'Autre message');
    await page.locator('#phones li:nth-child(2)').waitFor();
    expect(await text('#phones li:first-child strong')).to.equal('+32470000002');
    await passes();
    await picture('desktop');
  });

  it('lets the person answer from the keyboard, and says what went wrong', async () => {
    await open(DESKTOP);
    await arrive('32470000001', 'Bericht');
    await page.locator('#phones button').click();
    await page.locator('#reply-text').waitFor();
    await page.locator('#reply button').click();
    expect(await text('#reply-error')).to.equal('Write a reply first.');
    await page.locator('#reply-text').fill('STOP');
    await page.locator('#reply-text').press('Control+Enter');
    await page.locator('#messages li.from-phone').waitFor();
    expect(await text('#messages li.from-phone')).to.match(/Replied to 8850\s+STOP/);
    expect(await page.locator('#reply-text').inputValue()).to.equal('');
    const incoming = await fetch(`${simulator.url}/sms/v1/Incoming`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ApiKey: 'key' }),
    });
    const { IncomingMessages } = (await incoming.json()) as { IncomingMessages: { From: string; Message: string }[] };
    expect(IncomingMessages).to.have.length(1);
    expect(IncomingMessages[0]).to.include({ From: '32470000001', Message: 'STOP' });
    await page.route('**/replies', (route) => route.abort());
    await page.locator('#reply-text').fill('Nog iets');
    await page.locator('#reply button').click();
    await page.locator('#reply-error:not(:empty)').waitFor();
    expect(await page.locator('#reply-text').inputValue(), 'what was typed').to.equal('Nog iets');
    await passes();
  });

  it('fits a phone: the list, then one conversation and a way back', async () => {
    await open(PHONE, '/?lang=fr', 'dark');
    await arrive('32470000001', 'Votre rendez-vous est demain à 10 h. '.repeat(8));
    await page.locator('#phones button').waitFor();
    expect(await page.locator('#conversation').isVisible()).to.equal(false);
    await passes();
    await picture('small-list');
    await page.locator('#phones button').click();
    await page.locator('#messages li').waitFor();
    expect(await page.locator('#phones').isVisible()).to.equal(false);
    await passes();
    await picture('small-conversation');
    expect(await textThatSticksOut(page)).to.deep.equal([]);
    await page.setViewportSize({ width: 320, height: 640 });
    await page.locator('summary').click();
    expect(await textThatSticksOut(page), 'at 320 pixels').to.deep.equal([]);
    await page.locator('#back').click();
    expect(await page.evaluate(() => document.activeElement?.closest('#phones') !== null)).to.equal(true);
  });

  it('shows the end of a long conversation, and keeps its reader’s place', async () => {
    await open(DESKTOP);
    for (let i = 1; i <= 60; i++) await arrive('32470000001', `Bericht ${i}`);
    await page.locator('#phones button').click();
    await page.locator('#messages li').first().waitFor();
    expect(await text('#conversation-count')).to.equal('the latest 50 of 60 messages');
    expect(await text('#messages li:first-child')).to.include('Bericht 11');
    expect(await page.locator('#messages li:last-child').isVisible()).to.equal(true);
    const scrolled = () => document.querySelector('#messages')?.scrollTop ?? 0;
    expect(await page.evaluate(scrolled)).to.be.above(100);
    await page.locator('#messages').press('Home');
    await page.waitForFunction(() => document.querySelector('#messages')?.scrollTop === 0);
    await arrive('32470000001', 'Bericht 61');
    await page.locator('#messages li', { hasText: 'Bericht 61' }).waitFor({ state: 'attached' });
    expect(await page.evaluate(scrolled)).to.equal(0);
    await passes();
  });

  it('switches the carrier’s behaviour', async () => {
    await open(DESKTOP);
    await page.locator('summary').click();
    const changed = () => page.waitForResponse((response) => response.url().endsWith('/behaviour') && response.ok());
    await Promise.all([changed(), page.locator('#fault').selectOption('throttled')]);
    await Promise.all([changed(), page.locator('#receipts').selectOption('UNDELIV')]);
    expect(simulator.behaviour().faults).to.deep.equal([{ kind: 'throttled', after: 0, times: null }]);
    expect(simulator.behaviour().receipts.states).to.deep.equal(['UNDELIV']);
    await passes();
  });

  it('says that it is out of date while the simulator is away', async () => {
    await open(PHONE);
    const httpPort = Number(new URL(simulator.url).port);
    await simulator.stop();
    await page.locator('#offline:not([hidden])').waitFor();
    await passes();
    await picture('small-offline');
    simulator = await startSmscSimulator({ httpPort });
    await page.locator('#offline').waitFor({ state: 'hidden' });
  });

  it('answers no foreign page and no wrong input', async () => {
    await open(PHONE);
    const put = (body: string, type: string) =>
      fetch(`${simulator.url}/behaviour`, { method: 'PUT', headers: { 'content-type': type }, body });
    expect((await put('{}', 'text/plain')).status, 'a simple cross-origin request').to.equal(400);
    const wrong = await put('{"faults":[{"kind":"x"}]}', 'application/json');
    expect([wrong.status, await wrong.text()].join()).to.match(/400.*INPUT_INVALID.*faults/);
    expect((await put('{', 'application/json')).status).to.equal(400);
    expect(
      (
        await fetch(`${simulator.url}/phones/7/replies`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: '{"text":"a"}',
        })
      ).status,
    ).to.equal(404);
    const policy = (await fetch(simulator.url)).headers.get('content-security-policy') ?? '';
    expect(policy).to.include("default-src 'none'").and.not.include('unsafe');
  });
});
