import { type DevelopmentSignIn, startDevelopmentSignIn } from '@civicline/development-sign-in';
import { accessibilityViolations } from '@civicline/test/accessibility';
import { launchChromium } from '@civicline/test/browser';
import { expect } from 'chai';
import getPort from 'get-port';
import { startTestGateway, type TestGateway } from '../../../test-gateway.ts';

type Browser = Awaited<ReturnType<typeof launchChromium>>;

describe('sign-in in a browser', function () {
  // A browser under load starts slowly.
  this.timeout(90_000);
  let test: TestGateway;
  let provider: DevelopmentSignIn;
  let browser: Browser;

  before(async () => {
    const port = await getPort({ host: '127.0.0.1' });
    test = await startTestGateway({
      CIVICLINE_OIDC_ISSUER: `http://127.0.0.1:${port}`,
      CIVICLINE_OIDC_CLIENT_SECRET: 'secret-of-the-console',
    });
    provider = await startDevelopmentSignIn({
      port,
      clientId: 'console',
      clientSecret: 'secret-of-the-console',
      redirectUris: [`${test.url}/sign-in/callback`],
      people: [
        { sub: 'a', email: 'agent-a@voorbeeldstad.example', name: 'Demo agent A' },
        { sub: 'nobody', email: 'nobody@elsewhere.example', name: 'Nobody' },
      ],
    });
    browser = await launchChromium();
  });
  after(async () => {
    await browser?.close();
    await provider?.stop();
    await test?.stop();
  });

  /** A page that records what its policy stopped. */
  async function openPage() {
    const page = await browser.newPage({ locale: 'en' });
    const stopped: string[] = [];
    page.on('console', (message) => {
      if (/Content Security Policy/.test(message.text())) stopped.push(message.text());
    });
    return { page, stopped };
  }

  it('works by keyboard, under the pages’ own policies, and signs out by a form', async () => {
    const { page, stopped } = await openPage();
    await page.goto(`${test.url}/sign-in?return=/docs`);
    expect(await accessibilityViolations(page)).to.deep.equal([]);
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.waitForURL(`${test.url}/docs`);
    const session = async () => (await page.context().request.get(`${test.url}/v1/session`)).status();
    expect(await session()).to.equal(200);
    const [answer] = await Promise.all([
      page.waitForResponse(`${test.url}/sign-out`),
      page.evaluate(() => {
        const form = document.createElement('form');
        form.method = 'post';
        form.action = '/sign-out';
        document.body.append(form);
        form.submit();
      }),
    ]);
    expect(answer.status()).to.equal(303);
    expect(await session()).to.equal(401);
    expect(stopped).to.deep.equal([]);
    await page.close();
  });

  it('shows pages that pass an accessibility scan', async () => {
    const { page, stopped } = await openPage();
    await page.goto(`${test.url}/docs`);
    expect(await accessibilityViolations(page)).to.deep.equal([]);
    await page.goto(`${test.url}/sign-in`);
    await page.getByRole('button', { name: 'Nobody' }).click();
    await page.getByRole('heading', { name: 'No access' }).waitFor();
    expect(await accessibilityViolations(page)).to.deep.equal([]);
    await page.goto(`${test.url}/sign-in/callback?state=x`);
    expect(await accessibilityViolations(page)).to.deep.equal([]);
    expect(stopped).to.deep.equal([]);
    await page.close();
  });
});
