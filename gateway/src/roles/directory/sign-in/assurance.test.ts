import { expect } from 'chai';
import type { JWTPayload } from 'jose';
import { startTestGateway, type TestGateway } from '../../../test-gateway.ts';
import { type StandInProvider, startStandInProvider } from './testing/stand-in-provider.ts';

const LOGOUT = { 'http://schemas.openid.net/event/backchannel-logout': {} };
const person = (claims: object = {}) => ({ sub: 'a-1', sid: 's-1', email: 'agent-a@voorbeeldstad.example', ...claims });
const verified = (claims: object = {}) => person({ email_verified: true, ...claims });

describe('what a sign-in must prove, and how it ends', () => {
  let provider: StandInProvider;
  let test: TestGateway;
  const begin = async (settings: Record<string, string> = {}) => {
    provider = await startStandInProvider('console');
    test = await startTestGateway({ CIVICLINE_OIDC_ISSUER: provider.issuer, ...settings });
  };
  afterEach(async () => {
    await test.stop();
    await provider.stop();
  });

  /** Signs in as a browser does; the session's cookie, or the status and page of the refusal. */
  async function signIn(claims: Record<string, unknown>): Promise<{ status: number; cookie: string; page: string }> {
    provider.claims = claims;
    const left = await fetch(`${test.url}/sign-in`, { redirect: 'manual' });
    const pending = left.headers.getSetCookie()[0]?.split(';')[0] ?? '';
    const there = await fetch(left.headers.get('location') ?? '', { redirect: 'manual' });
    const back = await fetch(there.headers.get('location') ?? '', {
      redirect: 'manual',
      headers: { cookie: pending, 'accept-language': 'en' },
    });
    const cookie = back.headers.getSetCookie().find((text) => text.startsWith('civicline-session=')) ?? '';
    return { status: back.status, cookie: cookie.split(';')[0] ?? '', page: await back.text() };
  }
  const statusOf = async (cookie: string) => (await fetch(`${test.url}/v1/session`, { headers: { cookie } })).status;
  const logOut = (token: string) =>
    fetch(`${test.url}/sign-in/back-channel-logout`, {
      method: 'POST',
      body: new URLSearchParams({ logout_token: token }),
    });
  const now = () => Math.floor(Date.now() / 1000);

  it('knows nobody by an address that the provider has not checked', async () => {
    await begin();
    expect((await signIn(person())).status).to.equal(403);
    expect((await signIn(person({ email_verified: false }))).status).to.equal(403);
    expect((await signIn(verified())).status).to.equal(303);
  });

  it('trusts an unmarked address where the operator says so, and never one marked as unchecked', async () => {
    await begin({ CIVICLINE_OIDC_TRUST_EMAIL: 'true' });
    expect((await signIn(person())).status).to.equal(303);
    expect((await signIn(person({ email_verified: false }))).status).to.equal(403);
  });

  it('asks for the configured assurance, and refuses less with a page of its own', async () => {
    await begin({ CIVICLINE_OIDC_ACR: 'urn:example:mfa, urn:example:card' });
    const weak = await signIn(verified({ acr: 'urn:example:password' }));
    expect(provider.asked.get('acr_values')).to.equal('urn:example:mfa urn:example:card');
    expect(weak.status).to.equal(403);
    expect(weak.page).to.include('A stronger sign-in is needed');
    expect((await signIn(verified())).status).to.equal(403);
    expect((await signIn(verified({ acr: 'urn:example:card' }))).status).to.equal(303);
    expect(test.lines.join('')).to.include('SIGN_IN_TOO_WEAK').and.not.include('voorbeeldstad.example');
  });

  it('refuses a sign-in at the provider that is older than a working day, or of unknown age', async () => {
    await begin();
    expect((await signIn(verified({ auth_time: now() - 13 * 3600 }))).status).to.equal(400);
    expect(provider.asked.get('max_age')).to.equal('43200');
    expect((await signIn(verified({ auth_time: undefined }))).status).to.equal(400);
    expect((await signIn(verified({ auth_time: now() - 11 * 3600 }))).status).to.equal(303);
  });

  it('ends when nobody did anything for two hours, and only then', async () => {
    await begin();
    const { cookie } = await signIn(verified());
    for (let hours = 0; hours < 4; hours += 1) {
      test.clock.now += 90 * 60_000;
      expect(await statusOf(cookie), `after ${hours + 1} times 90 minutes`).to.equal(200);
    }
    test.clock.now += 120 * 60_000;
    expect(await statusOf(cookie)).to.equal(401);
  });

  it('ends everywhere when the person asks for that, and for nobody else', async () => {
    await begin();
    const [here, elsewhere] = [await signIn(verified()), await signIn(verified({ sid: 's-2' }))];
    const other = await signIn(verified({ sub: 'b', email: 'agent-b@voorbeeldstad.example' }));
    await fetch(`${test.url}/sign-out?everywhere=true`, {
      method: 'POST',
      redirect: 'manual',
      headers: { cookie: here.cookie, origin: test.url },
    });
    expect(await statusOf(here.cookie)).to.equal(401);
    expect(await statusOf(elsewhere.cookie)).to.equal(401);
    expect(await statusOf(other.cookie)).to.equal(200);
  });

  it('ends when the provider says so: one session, or all of a person', async () => {
    await begin();
    const [first, second] = [await signIn(verified()), await signIn(verified({ sid: 's-2' }))];
    const token = (claims: JWTPayload) =>
      provider.sign({ iat: now(), jti: crypto.randomUUID(), events: LOGOUT, ...claims });
    expect((await logOut(await token({ sid: 's-2', sub: 'a-1' }))).status).to.equal(200);
    expect(await statusOf(second.cookie)).to.equal(401);
    expect(await statusOf(first.cookie)).to.equal(200);
    const again = await token({ sub: 'a-1' });
    for (let times = 0; times < 2; times += 1) expect((await logOut(again)).status).to.equal(200);
    expect(await statusOf(first.cookie)).to.equal(401);
  });

  it('does not end by a logout token that is forged, old, foreign, or no logout token', async () => {
    await begin();
    const { cookie } = await signIn(verified());
    const whole = { iat: now(), jti: 'x', sub: 'a-1', events: LOGOUT };
    const tokens = [
      await provider.sign(whole, true),
      await provider.sign({ ...whole, iat: now() - 3600 }),
      await provider.sign({ ...whole, nonce: 'as in an ID token' }),
      await provider.sign({ ...whole, events: {} }),
      await provider.sign({ iat: now(), jti: 'x', events: LOGOUT }),
      'nonsense',
    ];
    for (const token of tokens) {
      const refused = await logOut(token);
      expect(refused.status).to.equal(400);
      expect(await refused.json()).to.have.property('code', 'LOGOUT_TOKEN_INVALID');
    }
    expect(await statusOf(cookie)).to.equal(200);
  });

  it('binds the pending sign-in to this very host where there is TLS', async () => {
    await begin({ CIVICLINE_PUBLIC_URL: 'https://civicline.example' });
    const left = await fetch(`${test.url}/sign-in`, { redirect: 'manual' });
    const [cookie = ''] = left.headers.getSetCookie();
    expect(cookie).to.match(/^__Host-civicline-sign-in=.*; Path=\/; HttpOnly; Secure; SameSite=Lax$/);
  });
});
