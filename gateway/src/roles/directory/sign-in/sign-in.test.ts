import { type DevelopmentSignIn, startDevelopmentSignIn } from '@civicline/development-sign-in';
import { expect } from 'chai';
import getPort from 'get-port';
import { startTestGateway, type TestGateway } from '../../../test-gateway.ts';

/** A browser as far as signing in needs one: keeps cookies by origin, and follows redirects only when told to. */
function createBrowser() {
  const jars = new Map<string, Map<string, string>>();
  return {
    cookies: (url: string) => [...(jars.get(new URL(url).origin) ?? [])].map((pair) => pair.join('=')).join('; '),
    async visit(url: string, init: RequestInit = {}): Promise<Response> {
      const { origin } = new URL(url);
      const headers = { cookie: this.cookies(url), ...(init.headers as Record<string, string> | undefined) };
      const response = await fetch(url, { ...init, headers, redirect: 'manual' });
      const jar = jars.get(origin) ?? new Map<string, string>();
      jars.set(origin, jar);
      for (const cookie of response.headers.getSetCookie()) {
        const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
        if (value) jar.set(name, value);
        else jar.delete(name);
      }
      return response;
    },
    async follow(url: string, until: (url: string) => boolean = () => false): Promise<Response & { at: string }> {
      let at = url;
      let response = await this.visit(at);
      while (response.status >= 300 && response.status < 400 && !until(at)) {
        at = new URL(response.headers.get('location') ?? '', at).href;
        if (until(at)) break;
        response = await this.visit(at);
      }
      return Object.assign(response, { at });
    },
  };
}

describe('sign-in', () => {
  let test: TestGateway;
  let provider: DevelopmentSignIn;

  before(async () => {
    const port = await getPort({ host: '127.0.0.1' });
    const clientSecret = 'a secret: with % and + characters';
    test = await startTestGateway({
      CIVICLINE_OIDC_ISSUER: `http://127.0.0.1:${port}`,
      CIVICLINE_OIDC_CLIENT_SECRET: clientSecret,
    });
    provider = await startDevelopmentSignIn({
      port,
      clientId: 'console',
      clientSecret,
      redirectUris: [`${test.url}/sign-in/callback`],
      people: [
        { sub: 'somebody-1', email: 'Agent-A@voorbeeldstad.example', name: 'Demo agent A' },
        { sub: 'auditor@voorbeeldstad.example', email: 'auditor@voorbeeldstad.example', name: 'Demo auditor' },
        { sub: 'nobody', email: 'nobody@elsewhere.example', name: 'Nobody' },
      ],
    });
  });
  after(async () => {
    await provider.stop();
    await test.stop();
  });

  async function signIn(browser: ReturnType<typeof createBrowser>, person: string, path = '/sign-in') {
    const choice = await browser.follow(`${test.url}${path}`);
    const body = new URLSearchParams({ person });
    const chosen = await browser.visit(choice.at, { method: 'POST', body });
    return browser.follow(new URL(chosen.headers.get('location') ?? '', choice.at).href, (url) =>
      url.includes('/console/'),
    );
  }
  const session = (browser: ReturnType<typeof createBrowser>) => browser.visit(`${test.url}/v1/session`);

  it('asks who it is by one button per person, saying that it is for development', async () => {
    const choice = await createBrowser().follow(`${test.url}/sign-in`);
    expect(choice.at.startsWith(provider.issuer)).to.equal(true);
    const html = await choice.text();
    expect(html).to.include('alleen voor ontwikkeling').and.include('value="somebody-1"');
    expect(choice.headers.get('content-security-policy')).to.include("default-src 'none'");
  });

  it('signs an agent in by mail address, and leads back to where one came from', async () => {
    const browser = createBrowser();
    const back = await signIn(browser, 'somebody-1', '/sign-in?return=/console/?call=1');
    expect(back.at).to.equal(`${test.url}/console/?call=1`);
    const { agent, organisation, roles } = (await (await session(browser)).json()) as Record<string, unknown>;
    expect(agent).to.deep.equal({ id: 'agent-a', name: 'Demo agent A' });
    expect(organisation).to.have.property('id', 'voorbeeldstad');
    expect(roles).to.deep.equal(['agent']);
  });

  it('asks again for the next person in the same browser', async () => {
    const browser = createBrowser();
    await signIn(browser, 'somebody-1');
    await signIn(browser, 'auditor@voorbeeldstad.example');
    expect(await (await session(browser)).json()).to.have.nested.property('agent.id', 'auditor');
  });

  it('shows a plain page to somebody who is not in the organisations file, and no session', async () => {
    const browser = createBrowser();
    const refused = await signIn(browser, 'nobody');
    expect(refused.status).to.equal(403);
    const html = await refused.text();
    expect(html).to.include('Geen toegang').and.not.include('nobody');
    expect((await session(browser)).status).to.equal(401);
  });

  it('keeps the session over a restart, and ends it at sign-out for every copy of the cookie', async () => {
    const browser = createBrowser();
    await signIn(browser, 'somebody-1');
    const cookie = browser.cookies(test.url);
    await test.restart();
    expect((await session(browser)).status).to.equal(200);

    const foreign = await browser.visit(`${test.url}/sign-out`, {
      method: 'POST',
      headers: { origin: 'https://evil.example' },
    });
    expect(foreign.status).to.equal(403);
    expect((await session(browser)).status).to.equal(200);

    const out = await browser.visit(`${test.url}/sign-out`, { method: 'POST', headers: { origin: test.url } });
    expect(out.status).to.equal(303);
    expect(out.headers.get('location')).to.equal('/console/');
    const copy = await fetch(`${test.url}/v1/session`, { headers: { cookie } });
    expect(copy.status).to.equal(401);
  });

  it('ends a session after a working day', async () => {
    const browser = createBrowser();
    await signIn(browser, 'somebody-1');
    const began = test.clock.now;
    test.clock.now += 12 * 60 * 60 * 1000;
    expect((await session(browser)).status).to.equal(401);
    test.clock.now = began;
  });

  it('never leads away from its own origin', async () => {
    const roundabout = ['/.//evil.example/console/', `${test.url}//evil.example/`, '/console/..//evil.example/'];
    const plain = ['https://evil.example/', '//evil.example/', '/\\evil.example/', 'javascript:alert(1)'];
    for (const path of [...plain, ...roundabout]) {
      const back = await signIn(createBrowser(), 'somebody-1', `/sign-in?return=${encodeURIComponent(path)}`);
      expect(back.at).to.equal(`${test.url}/console/`);
    }
  });

  it('refuses a callback that answers nobody’s question', async () => {
    const browser = createBrowser();
    const forged = await browser.visit(`${test.url}/sign-in/callback?code=x&state=y`);
    expect(forged.status).to.equal(400);
    const [one, two] = [createBrowser(), createBrowser()];
    await one.follow(`${test.url}/sign-in`);
    const choice = await two.follow(`${test.url}/sign-in`);
    const body = new URLSearchParams({ person: 'somebody-1' });
    const chosen = await two.visit(choice.at, { method: 'POST', body });
    const callback = await two.follow(new URL(chosen.headers.get('location') ?? '', choice.at).href, (url) =>
      url.includes('/sign-in/callback'),
    );
    // Somebody else's answer in this browser (a sign-in forced on a victim).
    expect((await one.visit(callback.at)).status).to.equal(400);
    expect((await session(one)).status).to.equal(401);
  });

  it('sets its cookies out of reach of scripts and of foreign pages, and logs no one’s name', async () => {
    const browser = createBrowser();
    const response = await browser.visit(`${test.url}/sign-in`);
    for (const cookie of response.headers.getSetCookie()) {
      expect(cookie)
        .to.match(/HttpOnly/i)
        .and.match(/SameSite=Lax/i);
    }
    expect(test.lines.join('')).not.to.match(/voorbeeldstad\.example|somebody-1/i);
  });

  it('says so when the provider does not answer, and recovers', async () => {
    const away = await startTestGateway({
      CIVICLINE_OIDC_ISSUER: `http://127.0.0.1:${await getPort({ host: '127.0.0.1' })}`,
    });
    const response = await fetch(`${away.url}/sign-in`, { headers: { 'accept-language': 'en' } });
    expect(response.status).to.equal(503);
    expect(await response.text()).to.include('Signing in is not possible now');
    await away.stop();
  });
});
