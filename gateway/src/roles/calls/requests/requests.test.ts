import type { CallRequestCreated, CallRequestStatus, DialCode, Problem } from '@civicline/protocol';
import { expect } from 'chai';
import { openDatabase } from '../../../platform/storage/index.ts';
import { startTestGateway, storageOf, type TestGateway } from '../../../test-gateway.ts';
import { PAIRING_CODE, type StandInSession } from '../testing/stand-in-irma.ts';
import { createRequestStore } from './store.ts';

const MINUTE = 60_000;

describe('call requests over HTTP', () => {
  let test: TestGateway;

  beforeEach(async () => {
    test = await startTestGateway();
  });
  afterEach(() => test.stop());

  const at = (path: string) => `${test.url}${path}`;
  const json = { 'content-type': 'application/json' };
  const create = (body: object, headers: Record<string, string> = {}) =>
    fetch(at('/v1/call-requests'), {
      method: 'POST',
      headers: { ...json, ...headers },
      body: JSON.stringify(body),
    });
  async function begin(otherPhone = false): Promise<{ created: CallRequestCreated; session: StandInSession }> {
    const response = await create({ organisation: 'voorbeeldstad', purpose: 'verhuizing', otherPhone });
    expect(response.status).to.equal(201);
    const session = test.irma.sessions.at(-1);
    if (!session) throw new Error('no session was started');
    return { created: (await response.json()) as CallRequestCreated, session };
  }
  const bearer = (created: CallRequestCreated) => ({ authorization: `Bearer ${created.token}` });
  const callback = (created: CallRequestCreated, jwt: string) =>
    fetch(at(`/internal/irma/results/${created.id}`), {
      method: 'POST',
      headers: { 'content-type': 'text/plain' },
      body: jwt,
    });
  const dialCode = (created: CallRequestCreated) =>
    fetch(at(`/v1/call-requests/${created.id}/dial-code`), { method: 'POST', headers: bearer(created) });
  const pair = (created: CallRequestCreated, code: string) =>
    fetch(at(`/v1/call-requests/${created.id}/pairing`), {
      method: 'POST',
      headers: { ...json, ...bearer(created) },
      body: JSON.stringify({ code }),
    });
  const cancel = (created: CallRequestCreated) =>
    fetch(at(`/v1/call-requests/${created.id}`), { method: 'DELETE', headers: bearer(created) });
  const problem = async (response: Response) => (await response.json()) as Problem;

  /** Reads the stream's states until it ends, or until `last` has come. */
  async function states(
    created: CallRequestCreated,
    last?: string,
    onStatus: (status: CallRequestStatus) => void = () => undefined,
  ): Promise<CallRequestStatus[]> {
    const stopping = new AbortController();
    const response = await fetch(at(`/v1/call-requests/${created.id}/events`), {
      headers: bearer(created),
      signal: stopping.signal,
    });
    expect(response.headers.get('content-type')).to.equal('text/event-stream');
    const seen: CallRequestStatus[] = [];
    let text = '';
    for await (const chunk of response.body ?? []) {
      text += Buffer.from(chunk).toString();
      const events = text.split('\n\n');
      text = events.pop() ?? '';
      for (const event of events) {
        if (!event.startsWith('data: ')) continue;
        const status = JSON.parse(event.slice(6)) as CallRequestStatus;
        seen.push(status);
        onStatus(status);
      }
      if (last !== undefined && seen.at(-1)?.state === last) break;
    }
    stopping.abort();
    return seen;
  }

  it('begins a disclosure of what the purpose asks, whose return URL dials number and code', async () => {
    const { created, session } = await begin();
    expect(session.request.disclose).to.have.length(2);
    expect(session.request.clientReturnUrl).to.match(/^tel:\+31850000001,\d{8}$/);
    expect(session.request.callbackUrl).to.equal(at(`/internal/irma/results/${created.id}`));
    expect(JSON.stringify(created)).not.to.include(session.code).and.not.include(session.token);
    expect(created.expiresAt).to.equal(new Date(test.clock.now + 5 * MINUTE).toISOString());
  });

  it('refuses what it does not know, saying where', async () => {
    expect((await problem(await create({ organisation: 'voorbeeldstad', purpose: 'x' }))).code).to.equal(
      'PURPOSE_UNKNOWN',
    );
    const wrong = await problem(await create({ organisation: 'voorbeeldstad', purpose: 1, language: 'xx', extra: 1 }));
    expect(wrong).to.include({ status: 400, code: 'INPUT_INVALID' });
    expect(wrong.errors?.map(({ path }) => path).sort()).to.deep.equal(['/extra', '/language', '/purpose']);
    const malformed = await fetch(at('/v1/call-requests'), { method: 'POST', headers: json, body: '{' });
    expect(await problem(malformed)).to.include({ status: 400, code: 'JSON_MALFORMED' });
    const form = await fetch(at('/v1/call-requests'), { method: 'POST', body: new URLSearchParams({ a: 'b' }) });
    expect((await problem(form)).status).to.equal(415);
  });

  it('streams each state: the current one first, the last one closing it', async () => {
    const { created, session } = await begin();
    let stream: Promise<CallRequestStatus[]> | undefined;
    await new Promise((resolve) => {
      stream = states(created, undefined, resolve);
    });
    session.disclose();
    expect((await callback(created, session.jwt())).status).to.equal(204);
    const [disclosed] = await states(created, 'disclosed');
    expect(disclosed?.codeExpiresAt).to.equal(new Date(test.clock.now + 10 * MINUTE).toISOString());
    expect((await cancel(created)).status).to.equal(204);
    const seen = await stream;
    expect(seen?.map(({ state }) => state)).to.deep.equal(['awaiting-disclosure', 'disclosed', 'cancelled']);
    expect(seen?.map(({ sequence }) => sequence)).to.deep.equal([1, 2, 3]);
    expect((await states(created)).map(({ state }) => state)).to.deep.equal(['cancelled']);
  });

  it('tells a page what another gateway at the same database did to its request', async () => {
    const { created } = await begin();
    let stream: Promise<CallRequestStatus[]> | undefined;
    await new Promise((resolve) => {
      stream = states(created, undefined, resolve);
    });
    const other = await openDatabase({ url: storageOf(test.config, 'calls').databaseUrl, role: 'calls' });
    await createRequestStore(other).advance(created.id, 'expired', test.clock.now);
    await other.close();
    expect((await stream)?.map(({ state }) => state)).to.deep.equal(['awaiting-disclosure', 'expired']);
  });

  it('finds a result whose callback got lost by asking, over a restart too', async () => {
    const { created, session } = await begin();
    test.irma.reachable = false;
    await test.restart();
    test.irma.reachable = true;
    session.disclose();
    expect((await states(created, 'disclosed')).at(-1)?.state).to.equal('disclosed');
  });

  it('gives the dial code only when disclosed, and only to its own page', async () => {
    const { created, session } = await begin(true);
    expect((await problem(await dialCode(created))).code).to.equal('DIAL_CODE_NOT_AVAILABLE');
    session.disclose();
    await callback(created, session.jwt());
    const shown = (await (await dialCode(created)).json()) as DialCode;
    expect(shown.code).to.match(/^\d{8}$/);
    expect(shown).to.include({ number: '+31850000001', telUrl: `tel:+31850000001,${shown.code}` });

    const other = await begin();
    expect((await problem(await dialCode({ ...created, token: other.created.token }))).status).to.equal(404);
    const bare = await fetch(at(`/v1/call-requests/${created.id}/dial-code`), { method: 'POST' });
    expect((await problem(bare)).code).to.equal('TOKEN_MISSING');

    test.clock.now += 10 * MINUTE;
    expect((await dialCode(created)).status).to.equal(409);
  });

  it('gives whoever opened a request no code that the app of another carries', async () => {
    const { created, session } = await begin();
    session.disclose();
    await callback(created, session.jwt());
    expect(await problem(await dialCode(created))).to.include({ status: 403, code: 'OTHER_PHONE_NOT_CHOSEN' });
    expect(session.request.clientReturnUrl).to.equal(`tel:+31850000001,${session.code}`);
  });

  it('gives the code to the page only where the purpose allows it, and then not to the app', async () => {
    const refused = await create({ organisation: 'voorbeeldstad', purpose: 'belastingen', otherPhone: true });
    expect(await problem(refused)).to.include({ status: 403, code: 'OTHER_PHONE_NOT_ALLOWED' });
    const { created, session } = await begin(true);
    expect(session.request).not.to.have.property('clientReturnUrl');
    // With it the page itself could say that the digits were typed over.
    expect(created.frontendRequest).to.equal(null);
    expect(test.irma.pairing.get(created.sessionPtr.u)).to.equal('required');
  });

  it('lets the app go on when its digits are typed over, and takes five tries', async () => {
    const { created } = await begin(true);
    const [other] = [await begin(true)];
    expect(await problem(await pair(created, '0000'))).to.include({ status: 409, code: 'PAIRING_CODE_WRONG' });
    expect((await problem(await pair({ ...created, token: other.created.token }, PAIRING_CODE))).status).to.equal(404);
    expect(test.irma.pairing.get(created.sessionPtr.u)).to.equal('required');
    expect((await pair(created, PAIRING_CODE)).status).to.equal(204);
    expect(test.irma.pairing.get(created.sessionPtr.u)).to.equal('completed');
    for (let tries = 0; tries < 5; tries += 1) await pair(other.created, '0000');
    expect((await problem(await pair(other.created, PAIRING_CODE))).code).to.equal('PAIRING_NOT_AVAILABLE');
    expect(test.irma.pairing.get(other.created.sessionPtr.u)).to.equal('required');
    const app = await begin();
    expect((await problem(await pair(app.created, PAIRING_CODE))).code).to.equal('PAIRING_NOT_AVAILABLE');
  });

  it('ends in the state that the session ended in', async () => {
    const ends: [(session: StandInSession) => void, string][] = [
      [(session) => session.end('CANCELLED'), 'cancelled'],
      [(session) => session.end('TIMEOUT'), 'expired'],
      [(session) => session.disclose('INVALID'), 'failed'],
      [(session) => session.disclose('EXPIRED'), 'failed'],
      [(session) => session.disclose('UNMATCHED_REQUEST'), 'failed'],
    ];
    for (const [end, state] of ends) {
      const { created, session } = await begin(true);
      end(session);
      await callback(created, session.jwt());
      expect((await states(created)).map((status) => status.state)).to.deep.equal([state]);
      expect((await dialCode(created)).status).to.equal(409);
    }
  });

  it('fails when the IRMA server has lost the session, not when it is merely away', async () => {
    const { created, session } = await begin();
    test.irma.reachable = false;
    await test.restart();
    expect((await states(created, 'awaiting-disclosure')).at(-1)?.state).to.equal('awaiting-disclosure');
    test.irma.reachable = true;
    session.result = null;
    expect((await states(created)).at(-1)?.state).to.equal('failed');
  });

  it('refuses forged and foreign results, and takes a replayed one once', async () => {
    const [one, two] = [await begin(), await begin()];
    one.session.disclose();
    two.session.disclose();
    const forged = one.session.jwt().replace('signed', 'unsigned');
    expect((await problem(await callback(one.created, forged))).status).to.equal(403);
    expect((await problem(await callback(one.created, ''))).status).to.equal(403);
    expect((await problem(await callback(one.created, two.session.jwt()))).status).to.equal(403);
    const nobody = { ...one.created, id: '01900000-0000-7000-8000-000000000000' };
    expect((await problem(await callback(nobody, one.session.jwt()))).status).to.equal(404);

    expect((await callback(one.created, one.session.jwt())).status).to.equal(204);
    await cancel(one.created);
    expect((await callback(one.created, one.session.jwt())).status).to.equal(204);
    expect((await states(one.created)).map(({ state }) => state)).to.deep.equal(['cancelled']);
  });

  it('says so when the IRMA server is away', async () => {
    test.irma.reachable = false;
    const response = await create({ organisation: 'voorbeeldstad', purpose: 'verhuizing' });
    expect(await problem(response)).to.include({ status: 503, code: 'IRMA_UNREACHABLE' });
  });

  it('lets only its organisation’s pages begin', async () => {
    const input = { organisation: 'voorbeeldstad', purpose: 'verhuizing' };
    expect((await create(input, { origin: test.url })).status).to.equal(201);
    const foreign = await create(input, { origin: 'https://evil.example' });
    expect(foreign.headers.get('access-control-allow-origin')).not.to.equal('https://evil.example');
    expect((await problem(foreign)).code).to.equal('ORIGIN_NOT_ALLOWED');
    const preflight = await fetch(at('/v1/call-requests'), {
      method: 'OPTIONS',
      headers: { origin: test.url, 'access-control-request-method': 'POST' },
    });
    expect(preflight.status).to.equal(204);
    expect(preflight.headers.get('access-control-allow-origin')).to.equal(test.url);
  });

  it('is followed five times at most', async () => {
    const { created } = await begin();
    const stopping = new AbortController();
    const follow = () =>
      fetch(at(`/v1/call-requests/${created.id}/events`), { headers: bearer(created), signal: stopping.signal });
    for (let stream = 0; stream < 5; stream += 1) expect((await follow()).status).to.equal(200);
    expect(await problem(await follow())).to.include({ status: 429, code: 'TOO_MANY_STREAMS' });
    stopping.abort();
  });

  it('logs neither code, token nor attribute', async () => {
    const { created, session } = await begin(true);
    await pair(created, PAIRING_CODE);
    session.disclose();
    await callback(created, session.jwt());
    const { code } = (await (await dialCode(created)).json()) as DialCode;
    await states(created, 'disclosed');
    const log = test.lines.join('');
    for (const secret of [code, PAIRING_CODE, session.token, created.token, 'value of', 'tel:']) {
      expect(log).not.to.include(secret);
    }
    expect(await (await fetch(at('/metrics'))).text()).not.to.include(code);
  });

  it('tells what a purpose is, and whether it is open', async () => {
    const open = await (await fetch(at('/v1/organisations/voorbeeldstad/purposes/verhuizing'))).json();
    expect(open).to.deep.include({ number: '+31850000001', open: true });
    const closed = await (await fetch(at('/v1/organisations/voorbeeldstad/purposes/avondvraag'))).json();
    expect(closed).to.have.property('open', false);
    expect(closed).not.to.have.property('opensAt');
  });
});

describe('limit of call requests per address', () => {
  it('answers 429 and says when to come back', async () => {
    const test = await startTestGateway({ CIVICLINE_CALL_REQUESTS_PER_MINUTE: '2' });
    const create = () =>
      fetch(`${test.url}/v1/call-requests`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ organisation: 'voorbeeldstad', purpose: 'verhuizing' }),
      });
    expect([(await create()).status, (await create()).status]).to.deep.equal([201, 201]);
    const limited = await create();
    expect(limited.status).to.equal(429);
    expect(limited.headers.get('retry-after')).not.to.equal(null);
    expect(((await limited.json()) as Problem).code).to.equal('TOO_MANY_REQUESTS');
    await test.stop();
  });
});
