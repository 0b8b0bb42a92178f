import type { CallRequestCreated, ExchangeCall } from '@civicline/protocol';
import { expect } from 'chai';
import { startTestGateway, type TestGateway } from './test-gateway.ts';

const KEY = 'key-of-the-other-exchange';

/** All parts together, without Asterisk: the calls are another exchange's. */
describe('gateway', () => {
  let test: TestGateway;
  let number: number;

  beforeEach(async () => {
    test = await startTestGateway({
      CIVICLINE_EXCHANGE_KEYS: JSON.stringify([{ organisation: 'voorbeeldstad', name: 'other', key: KEY }]),
    });
    number = 0;
  });
  afterEach(() => test.stop());

  async function disclosed(): Promise<{ created: CallRequestCreated; code: string }> {
    const response = await fetch(`${test.url}/v1/call-requests`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ organisation: 'voorbeeldstad', purpose: 'verhuizing' }),
    });
    const created = (await response.json()) as CallRequestCreated;
    const session = test.irma.sessions.at(-1);
    session?.disclose();
    await fetch(`${test.url}/internal/irma/results/${created.id}`, { method: 'POST', body: session?.jwt() ?? '' });
    return { created, code: session?.code ?? '' };
  }
  const headers = { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' };
  async function report(code: string, idempotencyKey = `call-${number++}`): Promise<ExchangeCall> {
    const response = await fetch(`${test.url}/v1/telephony/calls`, {
      method: 'POST',
      headers: { ...headers, 'idempotency-key': idempotencyKey },
      body: JSON.stringify({
        time: new Date(test.clock.now).toISOString(),
        callingNumber: '+31612345678',
        calledNumber: '+31850000001',
        code,
      }),
    });
    expect(response.status).to.equal(201);
    return (await response.json()) as ExchangeCall;
  }
  const hangUp = (id: string) => fetch(`${test.url}/v1/telephony/calls/${id}/hang-up`, { method: 'POST', headers });
  /** The first event of a stream is the state as it is now. */
  async function stateNow(created: CallRequestCreated): Promise<string | undefined> {
    const response = await fetch(`${test.url}/v1/call-requests/${created.id}/events`, {
      headers: { authorization: `Bearer ${created.token}` },
    });
    const reader = response.body?.getReader();
    const { value } = (await reader?.read()) ?? {};
    await reader?.cancel();
    return /"state":"([\w-]+)"/.exec(Buffer.from(value ?? []).toString())?.[1];
  }

  it('takes a disclosed code to the queue of its purpose, and its page along', async () => {
    const { created, code } = await disclosed();
    const call = await report(code);
    expect(call).to.include({ state: 'queued', verified: true, queue: 'burgerzaken' });
    expect(await stateNow(created)).to.equal('queued');
    await hangUp(call.id);
    expect(await stateNow(created)).to.equal('ended');
  });

  it('queues callers without a good code as not verified', async () => {
    const call = await report('');
    expect(call).to.deep.include({
      verified: false,
      queue: 'algemeen',
      rejection: { reason: 'no-code', mayRetry: false },
    });
  });

  it('lets a code identify one of two simultaneous calls', async () => {
    const { code } = await disclosed();
    const calls = await Promise.all([report(code), report(code), report(code)]);
    expect(calls.filter(({ verified }) => verified)).to.have.length(1);
    for (const { verified, rejection } of calls) if (!verified) expect(rejection?.reason).to.equal('code-used');
  });

  it('keeps calls, codes and answers over a restart', async () => {
    const [used, unused] = [await disclosed(), await disclosed()];
    const call = await report(used.code, 'the-same');
    await test.restart();
    expect(await report(used.code, 'the-same')).to.deep.equal(call);
    expect(await report(used.code)).to.deep.include({ verified: false });
    expect(await report(unused.code)).to.include({ verified: true });
    expect(((await (await hangUp(call.id)).json()) as ExchangeCall).state).to.equal('abandoned');
  });

  it('logs nobody’s number, code or attributes on the way', async () => {
    const { code } = await disclosed();
    await report(code);
    const log = test.lines.join('');
    expect(log).not.to.include(code).and.not.include('612345678').and.not.include('value of').and.not.include(KEY);
  });

  it('may run some of the roles only', async () => {
    const alone = await startTestGateway({ CIVICLINE_ROLES: 'smis' });
    try {
      const { paths } = (await (await fetch(`${alone.url}/docs/openapi.json`)).json()) as { paths: object };
      expect(paths).to.include.keys('/v1/messages').and.not.include.keys('/v1/call-requests');
      const statuses = ['/v1/call-requests', '/console/', '/v1/messages', '/ready'].map(
        async (path) => (await fetch(`${alone.url}${path}`)).status,
      );
      expect(await Promise.all(statuses)).to.deep.equal([404, 404, 401, 200]);
    } finally {
      await alone.stop();
    }
  });

  it('documents the whole API', async () => {
    const { paths } = (await (await fetch(`${test.url}/docs/openapi.json`)).json()) as { paths: object };
    expect(paths).to.include.keys('/v1/call-requests', '/v1/telephony/calls', '/v1/session', '/v1/audit');
  });
});
