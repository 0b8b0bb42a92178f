import type { IncomingMessage } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { CONSOLE_SOCKET_PATH } from '@civicline/protocol';
import { expect } from 'chai';
import fc from 'fast-check';
import { type Client, createClient } from './client.ts';
import { adaptCaddyfile, DOMAIN, type RunningProxy, startProxy, upstreamsOf } from './proxy.ts';
import { type Asked, OWN_HEADERS, type StandIn, startStandIn } from './stand-in.ts';

/** What only those inside may reach, with something beneath it. */
const INSIDE = [
  '/metrics',
  '/ready',
  '/internal',
  '/internal/irma/results/1',
  '/internal/email/bounces',
  '/internal/softphone',
];

/** With what the gateway lets a softphone connect. */
const SIGNED_IN = { cookie: 'session=agent-a', origin: `https://${DOMAIN}` };

/** Ways to write a path that some server or other takes for the same. */
const SPELLINGS: Record<string, (path: string) => string> = {
  'as it is': (path) => path,
  'with a slash at the end': (path) => `${path}/`,
  'with slashes at the end': (path) => `${path}//`,
  'in capitals': (path) => path.toUpperCase(),
  'with a double slash': (path) => path.replaceAll('/', '//'),
  'with three slashes': (path) => `//${path}`,
  'with a letter encoded': (path) => path.replace(/^\/(.)/, (_, letter: string) => `/${encoded(letter)}`),
  'with a capital encoded': (path) => path.replace(/^\/(.)/, (_, l: string) => `/${encoded(l.toUpperCase())}`),
  'with every letter encoded': (path) => path.replace(/[a-z]/g, encoded),
  'with a slash encoded': (path) => `/%2f${path.slice(1)}`,
  'with a slash encoded at the end': (path) => `${path}%2F`,
  'with a dot segment': (path) => `/.${path}`,
  'with a dot segment at the end': (path) => `${path}/.`,
  'out of another folder': (path) => `/console/..${path}`,
  "out of the softphone's path": (path) => `/console/sip/../..${path}`,
  "out of the Yivi server's folder": (path) => `/irma/..${path}`,
  'out of an encoded folder': (path) => `/irma/%2e%2e${path}`,
  'with an encoded step out': (path) => `/irma%2f..${path.replaceAll('/', '%2F')}`,
  'above the root': (path) => `/../..${path}`,
  'in and out again': (path) => `${path}/x/..`,
  'with a query': (path) => `${path}?x=/console/`,
  'with an empty query': (path) => `${path}?`,
  'with a dot at the end': (path) => `${path}.`,
  'with a space at the end': (path) => `${path}%20`,
  'as a whole URL': (path) => `https://${DOMAIN}${path}`,
};

/** Path asked for, who gets it, and as what if not as it was asked for. */
const FORWARDED: [path: string, to: string, as?: string][] = [
  ['/', 'calls'],
  ['/console/', 'calls'],
  ['/console/assets/index-1a2b.js', 'calls'],
  ['/sign-in', 'calls'],
  ['/sign-in/callback?code=a%2Fb&state=c', 'calls'],
  ['/widget/civicline.js', 'calls'],
  ['/call/gemeente/paspoort', 'calls'],
  ['/docs', 'calls'],
  ['/docs/openapi.json', 'calls'],
  ['/page.css', 'calls'],
  ['/health', 'calls'],
  ['/v1/call-requests/1/events', 'calls'],
  ['/v1/sms/routes/ringring/a%20%C3%A9?to=%2B32', 'sms'],
  ['/v1/email/bounces', 'email'],
  ['/v1//messages/./x/../y', 'smis'],
  ['/v1/channels', 'smis'],
  ['/v1/limits/', 'smis'],
  ['/v1/messages/batch', 'smis'],
  ['/v1/events?after=x', 'smis'],
  ['/v1/webhooks/1/rotate-secret', 'smis'],
  ['/v1/messages-of-nobody', 'calls'],
  ['/metrics-of-nothing', 'calls'],
  ['/internals', 'calls'],
  ['/readying', 'calls'],
  ['/v1/metrics', 'calls'],
  // Encoded twice, or with more after it, it is another path; the gateway decodes once at most.
  ['/%256detrics', 'calls'],
  ['/metrics%3Fx', 'calls'],
  ['/metrics;x', 'calls'],
  // The gateway would take it for a fragment, and the rest for the path.
  ['/metrics#x', 'calls', '/metrics%23x'],
  // Of Asterisk's web server one path only; of the Yivi server its own folder only.
  ['/ari/channels', 'calls'],
  ['/ws', 'calls'],
  ['/console/sip/ari/channels', 'calls'],
  ['/console/sip/../ari/channels', 'calls'],
  ['/session/abc/result', 'calls'],
  ['/irma/../session/abc/result', 'calls'],
  ['/irma/session/abc/status', 'yivi'],
  ['/irma/session/abc/statusevents?x=%2F', 'yivi'],
];

describe('the proxy of the production form', () => {
  let standIns: StandIn[];
  let proxy: RunningProxy;
  let client: Client;

  before(async () => {
    const names = upstreamsOf(await adaptCaddyfile({ CIVICLINE_DOMAIN: DOMAIN }));
    expect(names).to.have.members(['calls:3000', 'smis:3000', 'sms:3000', 'email:3000', 'yivi:8089', 'asterisk:8088']);
    standIns = await Promise.all(names.map((name) => startStandIn(name.replace(/:.*/, ''), refusal)));
    proxy = await startProxy(Object.fromEntries(names.map((name, i) => [name, standIns[i]?.address ?? ''])));
    client = createClient(proxy);
  });
  after(async () => {
    client?.close();
    await proxy?.stop();
    await Promise.all((standIns ?? []).map((one) => one.stop()));
  });
  beforeEach(() => {
    for (const { asked } of standIns) asked.length = 0;
  });

  const allAsked = (): Asked[] => standIns.flatMap(({ asked }) => asked);

  async function expectHidden(path: string): Promise<void> {
    const answers = [await client.ask({ path }), await client.ask2({ path })];
    expect(
      answers.map(({ status, body }) => ({ status, body })),
      path,
    ).to.deep.equal([
      { status: 404, body: '' },
      { status: 404, body: '' },
    ]);
    expect(allAsked(), path).to.deep.equal([]);
  }

  for (const [how, spell] of Object.entries(SPELLINGS)) {
    it(`hides what is inside, ${how}`, async () => {
      for (const path of INSIDE) await expectHidden(spell(path));
    });
  }

  it('hides what is inside in any mixture of spellings', async function () {
    this.timeout(120_000);
    await fc.assert(fc.asyncProperty(spelledAnyhow(), expectHidden), { numRuns: 300 });
  });

  it('hides what is inside by every method', async () => {
    for (const method of ['HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND']) {
      for (const path of INSIDE) expect((await client.ask({ path, method })).status, `${method} ${path}`).to.equal(404);
    }
    expect(allAsked()).to.deep.equal([]);
  });

  it('forwards nothing under another name', async () => {
    for (const host of ['calls:3000', 'asterisk:8088', '127.0.0.1', `x.${DOMAIN}`, 'localhost']) {
      await client.ask({ path: '/metrics', headers: { host } });
      await client.ask({ path: '/ari/channels', headers: { host } });
      await client.ask({ path: `http://${host}/metrics` });
    }
    expect(allAsked()).to.deep.equal([]);
  });

  it('sends to https who comes without, and forwards nothing of it', async () => {
    for (const path of ['/', '/metrics', '/console/sip', '/irma/session/abc/status?x=y']) {
      const { status, headers } = await client.askPlainly({ path });
      expect(status).to.equal(308);
      expect(headers.location).to.match(new RegExp(`^https://${DOMAIN}(:\\d+)?/`));
    }
    expect(allAsked()).to.deep.equal([]);
  });

  for (const [path, by, url = path] of FORWARDED) {
    it(`forwards ${path} to ${by}${url === path ? '' : ` as ${url}`}`, async () => {
      for (const ask of [client.ask, client.ask2]) {
        const { status, body } = await ask({ path });
        expect(status).to.equal(200);
        expect(JSON.parse(body)).to.include({ by, url, method: 'GET' });
      }
      expect(allAsked().map((one) => one.by)).to.deep.equal([by, by]);
    });
  }

  it('forwards method, body and credentials, and answers with the headers of the gateway', async () => {
    const headers = { authorization: 'Bearer x', cookie: 'a=b', 'idempotency-key': '1', origin: `https://${DOMAIN}` };
    for (const ask of [client.ask, client.ask2]) {
      const answer = await ask({ path: '/v1/messages', method: 'POST', headers, body: '{"to":"x"}' });
      const asked = JSON.parse(answer.body) as Asked;
      expect(asked).to.include({ method: 'POST', body: '{"to":"x"}' });
      expect(asked.headers).to.include({ ...headers, host: DOMAIN });
      expect(answer.headers).to.include(OWN_HEADERS);
    }
  });

  it("forwards the console's socket to the gateway", async () => {
    const path = `${CONSOLE_SOCKET_PATH}/?EIO=4&transport=websocket`;
    const origin = `https://${DOMAIN}`;
    const { asked, heard } = await client.talk(path, 'any', { origin, cookie: 'a=b' }, 'hello');
    expect(asked).to.include({ by: 'calls', url: path });
    expect(asked.headers).to.include({ origin, cookie: 'a=b', host: DOMAIN });
    expect(heard).to.equal('hello');
  });

  it("forwards a softphone's socket to Asterisk once the gateway has agreed, and the sign-in to the gateway only", async () => {
    const { asked, protocol, heard } = await client.talk('/console/sip', 'sip', SIGNED_IN, 'REGISTER');
    expect(asked).to.include({ by: 'asterisk', url: '/ws' });
    expect(asked.headers).not.to.have.any.keys('cookie', 'authorization');
    expect({ protocol, heard }).to.deep.equal({ protocol: 'sip', heard: 'REGISTER' });
    const [question] = allAsked();
    expect(question).to.include({ by: 'calls', url: '/internal/softphone', method: 'GET' });
    expect(question?.headers)
      .to.include({ ...SIGNED_IN, host: DOMAIN })
      .and.not.to.have.any.keys('upgrade');
  });

  it('lets nothing through to Asterisk that the gateway refuses, as it refuses it', async () => {
    for (const headers of [
      {},
      { cookie: 'session=nobody' },
      { cookie: 'session=agent-a', origin: 'https://evil.example' },
    ]) {
      const connecting = client.talk('/console/sip', 'sip', headers as Record<string, string>, 'REGISTER');
      expect(await connecting.catch((error: Error) => error.message)).to.equal('Unexpected server response: 401');
      for (const method of ['GET', 'HEAD', 'POST', 'OPTIONS']) {
        for (const ask of [client.ask, client.ask2]) {
          expect((await ask({ path: '/console/sip', method, headers })).status, method).to.equal(401);
        }
      }
    }
    expect(allAsked().every(({ by, url }) => by === 'calls' && url === '/internal/softphone')).to.equal(true);
  });

  it('lets nobody say where he comes from', async () => {
    const forged = {
      'x-forwarded-for': ['203.0.113.7', '10.0.0.1'],
      'x-forwarded-proto': 'http',
      'x-forwarded-host': 'evil.example',
    };
    const real = { 'x-forwarded-for': '127.0.0.1', 'x-forwarded-proto': 'https', 'x-forwarded-host': DOMAIN };
    for (const path of ['/v1/call-requests', '/irma/session/abc', '/console/sip']) {
      const headers = { ...SIGNED_IN, ...forged };
      await client.ask({ path, headers });
      await client.ask2({ path, headers });
      // A header that is named here counts for the next hop only, and might be taken away after it was set.
      await client.ask({ path, headers: { ...headers, connection: 'x-forwarded-for, x-forwarded-proto' } });
    }
    await client.talk(CONSOLE_SOCKET_PATH, 'any', { 'x-forwarded-for': '203.0.113.7' }, 'x');
    // The gateway is asked about each of the three softphones, too.
    expect(allAsked()).to.have.length(13);
    for (const { headers } of allAsked()) expect(headers).to.include(real);
  });

  it('passes the events of a stream on as they come, also to who takes them compressed', async () => {
    for (const path of ['/v1/call-requests/1/events', '/irma/session/abc/statusevents']) {
      for (const encoding of ['identity', 'gzip']) {
        const headers = { accept: 'text/event-stream', 'accept-encoding': encoding };
        expect(await client.beginning({ path, headers }), `${path} ${encoding}`).to.equal('data: first\n\n');
      }
    }
  });

  it('writes no address, token or code down when nobody answers behind it', async () => {
    const nobody = '127.0.0.1:1';
    const names = ['calls:3000', 'smis:3000', 'sms:3000', 'email:3000', 'yivi:8089'];
    const away = await startProxy(Object.fromEntries(names.map((name) => [name, nobody])));
    const asking = createClient(away);
    try {
      const headers = { 'x-secret': 'secret-header', authorization: 'Bearer secret-bearer' };
      for (const path of [
        '/v1/sms/routes/ringring/secret-path',
        '/sign-in/callback?code=secret-code',
        '/irma/secret',
      ]) {
        expect((await asking.ask({ path, headers })).status).to.equal(502);
      }
      while ((await away.log()).split('connection refused').length <= 3) await pause(20);
      expect(await away.log()).not.to.match(/secret|"(remote_ip|client_ip)"/);
    } finally {
      asking.close();
      await away.stop();
    }
  });
});

/** As the gateway answers when it is asked about a softphone. */
function refusal({ url, headers }: IncomingMessage): number | null {
  const agreed = headers.cookie === SIGNED_IN.cookie && headers.origin === SIGNED_IN.origin;
  return url === '/internal/softphone' && !agreed ? 401 : null;
}

function encoded(letter: string): string {
  return `%${letter.charCodeAt(0).toString(16)}`;
}

/** One of the inside paths, with letters and slashes changed and steps put in that lead nowhere. */
function spelledAnyhow(): fc.Arbitrary<string> {
  const letter = fc.constantFrom<(letter: string) => string>(
    (one) => one,
    (one) => one.toUpperCase(),
    encoded,
    (one) => encoded(one.toUpperCase()),
    (one) => encoded(one).toUpperCase(),
  );
  const slash = fc.constantFrom(
    '/',
    '//',
    '/./',
    '/x/../',
    '/%2e/',
    '/irma/%2E%2e/',
    '%2f',
    '/%2F',
    '/console/sip/../../',
  );
  const end = fc.constantFrom('', '/', '//', '/.', '/x/..', '%2F', '?x', '?/../console', '.', '%20');
  const spelled = (path: string) => {
    const parts = [...path].map((one) =>
      one === '/' ? slash : /[a-z]/.test(one) ? letter.map((change) => change(one)) : fc.constant(one),
    );
    return fc.tuple(...parts, end).map((pieces) => pieces.join(''));
  };
  return fc
    .constantFrom(...INSIDE)
    .chain(spelled)
    .map((path) => (path.startsWith('/') ? path : `/${path}`));
}
