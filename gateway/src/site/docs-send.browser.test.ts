import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MessageInput } from '@civicline/protocol';
import { generateSealingKeys, openPart } from '@civicline/protocol/sealing';
import { type SmscSimulator, startSmscSimulator } from '@civicline/sms/simulator';
import { accessibilityViolations } from '@civicline/test/accessibility';
import { launchChromium } from '@civicline/test/browser';
import { textThatSticksOut } from '@civicline/test/overflow';
import { expect } from 'chai';
import { createSealer, openDatabase } from '../platform/storage/index.ts';
import { createSenderAdministration } from '../roles/smis/senders/index.ts';
import { startTestGateway, storageOf, type TestGateway } from '../test-gateway.ts';

type Browser = Awaited<ReturnType<typeof launchChromium>>;
type Page = Awaited<ReturnType<Browser['newPage']>>;

const DESKTOP = { width: 1280, height: 800 };
const PHONE = { width: 390, height: 844 };
const NUMBER = '+32470000001';
const TEXT = 'Uw afspraak is morgen om 10:00';

describe('sending from the API page', function () {
  // A browser under load starts slowly.
  this.timeout(90_000);
  let browser: Browser;
  let simulator: SmscSimulator;
  let test: TestGateway;
  let folder: string;
  let key: string;
  let page: Page;
  const complaints: string[] = [];
  const smsKey = generateSealingKeys();

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'civicline-docs-'));
    simulator = await startSmscSimulator();
    const routes = join(folder, 'sms-routes.yaml');
    await writeFile(routes, routesTo(simulator));
    await writeFile(join(folder, 'password'), 'any');
    const { keyId, privateKey } = await smsKey;
    test = await startTestGateway({
      CIVICLINE_DEMO: 'true',
      CIVICLINE_PHONES_URL: simulator.url,
      CIVICLINE_SMS_ROUTES: routes,
      CIVICLINE_SMS_KEYS: JSON.stringify([{ keyId, privateKey }]),
    });
    key = await addSender(test);
    browser = await launchChromium();
  });
  after(async () => {
    await browser?.close();
    await test?.stop();
    await simulator?.stop();
    await rm(folder, { recursive: true });
  });
  afterEach(async () => {
    await page.context().close();
    expect(complaints.splice(0).filter((text) => !/ERR_|Failed to load resource/.test(text))).to.deep.equal([]);
  });

  async function open(viewport = DESKTOP, colorScheme: 'light' | 'dark' = 'light'): Promise<void> {
    const context = await browser.newContext({ viewport, colorScheme });
    page = await context.newPage();
    page.on('console', (message) => void (message.type() === 'error' && complaints.push(message.text())));
    page.on('pageerror', (error) => complaints.push(error.message));
    await page.goto(`${test.url}/docs`);
    await page.locator('#send form:not([hidden])').waitFor();
  }
  async function fill(values: { key?: string; to?: string; text?: string; urgency?: string } = {}): Promise<void> {
    await page.locator('#send-key').fill(values.key ?? key);
    await page.locator('#send-to').fill(values.to ?? NUMBER);
    await page.locator('#send-text').fill(values.text ?? TEXT);
    // Send windows do not hold it back, at whatever hour the test runs.
    await page.locator('#send-urgency').selectOption(values.urgency ?? 'urgent');
  }
  const send = () => page.locator('#send button').click();
  const text = (selector: string) => page.locator(selector).innerText();
  const passes = async () => expect(await accessibilityViolations(page)).to.deep.equal([]);
  const picture = async (name: string) => {
    const pictures = process.env.CIVICLINE_PICTURES;
    if (pictures) await page.screenshot({ path: `${pictures}/docs-${name}.png` });
  };
  const delivered = () => page.locator('#send-steps strong', { hasText: 'delivered' }).waitFor();
  const shown = async () => {
    const [head = '', body = ''] = (await page.locator('#send-sent').textContent())?.split('\n\n') ?? [];
    return { head, input: JSON.parse(body) as MessageInput };
  };
  const arrived = () => simulator.messages().map(({ number, text }) => ({ number, text }));

  it('seals, shows what SMIS got, and follows the message to its delivery', async () => {
    await open();
    await passes();
    await picture('empty');
    await fill({ to: '0032 470/00.00-01' });
    expect(await text('#send-size')).to.equal('30 characters · GSM 7 bit · 1 segment');
    await send();
    await delivered();
    expect(await page.locator('#send-steps strong').allInnerTexts()).to.deep.equal([
      'accepted',
      'attempted',
      'delivered',
    ]);
    expect(await page.locator('#send-steps span').last().innerText()).to.equal('sms, 1 segment');
    const { head, input } = await shown();
    expect(head).to.match(/^POST \/v1\/messages\nAuthorization: Bearer …\nIdempotency-Key: [0-9a-f-]{36}$/);
    expect(input).to.deep.include({ category: 'individual', urgency: 'urgent' });
    const { keyId, privateKey } = await smsKey;
    const part = input.parts.sms ?? { keyId: '', sealed: '' };
    expect(await openPart('sms', [{ keyId, privateKey }], part)).to.deep.equal({ to: NUMBER, text: TEXT });
    expect(arrived().at(-1)).to.deep.equal({ number: NUMBER, text: TEXT });
    await passes();
    await picture('delivered');
    const kept = await page.evaluate(() => [localStorage.length, sessionStorage.length, document.cookie]);
    expect(kept).to.deep.equal([0, 0, '']);
    expect(test.lines.join('')).not.to.include(key);
  });

  it('counts while one types, and keeps line ends as they are', async () => {
    await open();
    await fill({ text: 'x'.repeat(161) });
    expect(await text('#send-size')).to.equal('161 characters · GSM 7 bit · 2 segments');
    await fill({ text: 'ê' });
    expect(await text('#send-size')).to.equal('1 character · UCS-2 (Unicode) · 1 segment');
    await fill({ text: 'één\ntwee' });
    await page.locator('#send-text').press('Tab');
    await send();
    await delivered();
    expect(arrived().at(-1)?.text).to.equal('één\ntwee');
  });

  it('says what is wrong at its field, and leads there by keyboard', async () => {
    await open(PHONE, 'dark');
    await page.locator('#send-key').press('Enter');
    expect(await page.evaluate(() => document.activeElement?.id)).to.equal('send-key');
    expect(await text('#send-key-mistake')).to.equal('Enter the API key of a sender.');
    expect(await page.locator('[aria-invalid]').count()).to.equal(3);
    await passes();
    await picture('mistakes');
    await fill({ to: '0470 00 00 01' });
    await page.locator('#send-to').press('Enter');
    expect(await text('#send-to-mistake')).to.include('country code');
    expect(await page.evaluate(() => document.activeElement?.id)).to.equal('send-to');
    expect(await page.locator('[aria-invalid]').count()).to.equal(1);
  });

  it('shows what SMIS refuses, by title and code', async () => {
    await open(PHONE);
    await fill({ key: 'cvl_wrong' });
    await send();
    await page.locator('#send-problem:not([hidden])').waitFor();
    expect(await text('#send-problem code')).to.equal('CREDENTIAL_REFUSED');
    await passes();
    await picture('refused');
  });

  it('shows what failed in the gateway, too', async () => {
    await open();
    const body = { type: 'about:blank', title: 'Something went wrong.', status: 500, code: 'INTERNAL' };
    await page.route('**/v1/messages', (route) =>
      route.fulfill({ status: 500, contentType: 'application/problem+json', body: JSON.stringify(body) }),
    );
    await fill();
    await send();
    await page.locator('#send-problem:not([hidden])').waitFor();
    expect(await text('#send-problem')).to.match(/Something went wrong\.\s+INTERNAL\s+It may or may not/);
  });

  it('repeats a request whose answer got lost, and nothing is sent twice', async () => {
    await open();
    const before = arrived().length;
    let lost = '';
    await page.route('**/v1/messages', async (route) => {
      lost = route.request().postData() ?? '';
      await route.fetch();
      await route.abort();
    });
    await fill();
    await send();
    await page.locator('#send-problem:not([hidden])').waitFor();
    expect(await text('#send-problem code')).to.equal('SMIS_UNREACHABLE');
    const { head } = await shown();
    await page.unroute('**/v1/messages');
    const repeated = page.waitForRequest((request) => request.method() === 'POST');
    await send();
    expect((await repeated).postData()).to.equal(lost);
    await delivered();
    expect((await shown()).head).to.equal(head);
    expect(await page.locator('#send-problem').isVisible()).to.equal(false);
    expect(arrived().length).to.equal(before + 1);
  });

  it('goes on asking when SMIS is away for a while', async () => {
    await open();
    await page.route('**/v1/messages/*', (route) => route.abort());
    await fill();
    await send();
    await page.locator('#send-state', { hasText: 'does not answer' }).waitFor();
    await page.unroute('**/v1/messages/*');
    await delivered();
    expect(await page.locator('#send-state').textContent()).to.equal('');
  });

  it('fits a phone, down to 320 pixels', async () => {
    await open(PHONE, 'dark');
    await fill();
    await send();
    await delivered();
    await passes();
    await picture('small');
    await page.setViewportSize({ width: 320, height: 640 });
    expect(await textThatSticksOut(page)).to.deep.equal([]);
  });

  it('keeps the contents in reach, beside the text or a link away, and needs no script for it', async () => {
    const context = await browser.newContext({ viewport: DESKTOP, javaScriptEnabled: false });
    page = await context.newPage();
    await page.goto(`${test.url}/docs#log-codes`);
    const contents = page.getByRole('navigation', { name: 'Contents' });
    const box = await contents.boundingBox();
    expect([box?.y, box?.height]).to.deep.equal([0, DESKTOP.height]);
    await picture('contents');
    await contents.getByRole('link', { name: 'POST /v1/messages', exact: true }).click();
    expect(new URL(page.url()).hash).to.equal('#post-v1-messages');
    const heading = await page.locator('#post-v1-messages').boundingBox();
    expect(heading?.y).to.be.within(0, 100);
    await picture('operation');
    await page.setViewportSize(PHONE);
    await page.goto(`${test.url}/docs#log-codes`);
    const back = page.getByRole('navigation', { name: 'Back' }).getByRole('link', { name: 'Contents' });
    expect((await back.boundingBox())?.y).to.be.within(0, 40);
    await picture('small-operation');
    await back.click();
    expect((await contents.boundingBox())?.y).to.be.within(-10, 60);
    await picture('small-contents');
  });

  it('runs under a policy without exceptions', async () => {
    await open();
    const policy = (await fetch(`${test.url}/docs`)).headers.get('content-security-policy') ?? '';
    expect(policy).to.include("default-src 'none'").and.include("script-src 'self'").and.not.include('unsafe');
  });
});

async function addSender({ config }: TestGateway): Promise<string> {
  const { databaseUrl: url, dataKeys } = storageOf(config, 'smis');
  const database = await openDatabase({ url, role: 'smis' });
  const sealer = createSealer(dataKeys);
  const senders = await createSenderAdministration({ database, sealer, now: Date.now });
  const { apiKey } = await senders.add({
    name: 'Developer',
    zone: 'Europe/Brussels',
    scopes: ['messages:send', 'messages:read'],
    clientId: null,
    limits: { perMinute: null, perDay: null },
    expiresAt: null,
  });
  await database.close();
  return apiKey ?? '';
}

function routesTo({ smppPort }: SmscSimulator): string {
  return `routes:
  - name: simulator
    kind: smpp
    host: 127.0.0.1
    port: ${smppPort}
    systemId: civicline
    passwordFile: password
    prefixes: [{ prefix: '+', price: 0.025 }]
`;
}
