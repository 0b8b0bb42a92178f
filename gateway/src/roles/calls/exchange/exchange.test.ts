import { randomBytes } from 'node:crypto';
import type { Server } from 'node:http';
import type { ExchangeCall, Problem } from '@civicline/protocol';
import { expect } from 'chai';
import { createHttp, createLog, createMetrics, drain, finishHttp, listen } from '../../../platform/http/index.ts';
import { ConfigError } from '../../../platform/run/index.ts';
import { createSealer, type Database } from '../../../platform/storage/index.ts';
import { eachEngine } from '../../../platform/storage/testing/index.ts';
import { DEMO_FILE } from '../../../test-gateway.ts';
import { createOrganisations, readOrganisationsFile } from '../../directory/organisations/index.ts';
import { createExchange, type ExchangeArrival, type ExchangeCalls } from './index.ts';

const KEY = 'key-of-the-other-exchange';
const organisations = createOrganisations(readOrganisationsFile(DEMO_FILE));

/** A stand-in for the call engine: remembers who arrived, and puts everybody in a queue. */
function standInCalls(): ExchangeCalls & { arrivals: ExchangeArrival[] } {
  const arrivals: ExchangeArrival[] = [];
  const ended = new Set<string>();
  const view = (id: string): ExchangeCall => ({
    id,
    state: ended.has(id) ? 'abandoned' : 'queued',
    verified: true,
    queue: 'algemeen',
  });
  const find = (callId: string, organisationId: string) =>
    arrivals.some((arrival) => arrival.callId === callId && arrival.organisationId === organisationId);
  return {
    arrivals,
    async arrive(arrival) {
      arrivals.push(arrival);
      return view(arrival.callId);
    },
    get: async ({ callId, organisationId }) => (find(callId, organisationId) ? view(callId) : null),
    async hangUp({ callId, organisationId }) {
      if (!find(callId, organisationId)) return null;
      ended.add(callId);
      return view(callId);
    },
  };
}

describe('calls from another exchange', () =>
  eachEngine((open) => {
    const now = Date.parse('2026-06-01T10:00:00Z');
    let clock: number;
    let database: Database;
    let server: Server;
    let url: string;
    let calls: ReturnType<typeof standInCalls>;
    let close: () => void;

    beforeEach(async () => {
      clock = now;
      calls = standInCalls();
      database = await open();
      const log = createLog('silent');
      const exchange = await createExchange({
        config: { exchangeKeys: [{ organisation: 'voorbeeldstad', name: 'other', key: KEY }] },
        database,
        sealer: createSealer([randomBytes(32)]),
        organisations,
        calls,
        log,
        now: () => clock,
      });
      const http = createHttp({ log, metrics: createMetrics(false), trustedProxies: ['loopback'] });
      exchange.mount(http);
      finishHttp(http, log);
      const listening = await listen(http, '127.0.0.1', 0);
      server = listening.server;
      url = `http://127.0.0.1:${listening.port}/v1/telephony/calls`;
      close = exchange.close;
    });
    afterEach(async () => {
      close();
      await drain(server, 100);
    });

    const body = {
      time: '2026-06-01T12:00:00+02:00',
      callingNumber: '+31612345678',
      calledNumber: '+31850000001',
      code: '12345678',
      forwardNumber: '+31501234567',
    };
    const post = (input: object, headers: Record<string, string> = {}) =>
      fetch(url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          authorization: `Bearer ${KEY}`,
          'idempotency-key': 'call-1',
          ...headers,
        },
        body: JSON.stringify(input),
      });
    const problem = async (response: Response) => (await response.json()) as Problem;

    it('hands the call over as it was reported', async () => {
      const response = await post(body);
      expect(response.status).to.equal(201);
      const call = (await response.json()) as ExchangeCall;
      expect(response.headers.get('location')).to.equal(`/v1/telephony/calls/${call.id}`);
      expect(calls.arrivals).to.deep.equal([
        {
          callId: call.id,
          organisationId: 'voorbeeldstad',
          exchange: 'other',
          calledNumber: '+31850000001',
          callingNumber: '+31612345678',
          forwardNumber: '+31501234567',
          code: '12345678',
          arrivedAt: now,
        },
      ]);
    });

    it('takes a withheld number and no code', async () => {
      const { time, calledNumber } = body;
      expect((await post({ time, calledNumber })).status).to.equal(201);
      expect(calls.arrivals[0]).to.include({ callingNumber: null, code: '', forwardNumber: null });
    });

    it('takes a number for withheld in whatever way exchanges say so', async () => {
      const said = [
        null,
        '',
        '  ',
        'anonymous',
        'Anonymous',
        'ANONYMOUS CALLER',
        'restricted',
        'unavailable',
        'unknown',
        'private number',
        'withheld',
        'anoniem',
        'anonymous@anonymous.invalid',
        'sip:anonymous@anonymous.invalid',
      ];
      for (const [index, callingNumber] of said.entries()) {
        const response = await post({ ...body, callingNumber }, { 'idempotency-key': `withheld-${index}` });
        expect(response.status, String(callingNumber)).to.equal(201);
        expect(calls.arrivals.at(-1)?.callingNumber, String(callingNumber)).to.equal(null);
      }
    });

    it('answers a repeat as the first time, however late, and makes one call', async () => {
      const first = await (await post(body)).json();
      clock += 3600_000;
      const again = await post({ ...body, callingNumber: '+31 6 1234 5678' });
      expect(again.status).to.equal(201);
      expect(await again.json()).to.deep.equal(first);
      expect(calls.arrivals).to.have.length(1);
      const both = await Promise.all([post(body), post(body)]);
      for (const response of both) expect(await response.json()).to.deep.equal(first);
    });

    it('gives simultaneous repeats one call', async () => {
      const ids = await Promise.all(
        Array.from({ length: 5 }, async () => ((await (await post(body)).json()) as ExchangeCall).id),
      );
      expect(new Set(ids).size).to.equal(1);
      expect(new Set(calls.arrivals.map(({ callId }) => callId)).size).to.equal(1);
    });

    it('refuses the key of another call', async () => {
      await post(body);
      expect(await problem(await post({ ...body, code: '87654321' }))).to.include({
        status: 422,
        code: 'IDEMPOTENCY_KEY_REUSED',
      });
      expect((await problem(await post(body, { 'idempotency-key': '' }))).code).to.equal('IDEMPOTENCY_KEY_MISSING');
      expect((await problem(await post(body, { 'idempotency-key': 'x'.repeat(256) }))).status).to.equal(400);
    });

    it('says which field is wrong, and remembers nothing of it', async () => {
      const wrong: [object, string][] = [
        [{ callingNumber: '0612345678' }, '/callingNumber'],
        [{ callingNumber: '<b>+31612345678</b>' }, '/callingNumber'],
        [{ callingNumber: 'call me at +31612345678' }, '/callingNumber'],
        [{ callingNumber: 'jan@anonymous.invalid' }, '/callingNumber'],
        [{ calledNumber: '<b>+31850000001</b>' }, '/calledNumber'],
        [{ forwardNumber: '<b>+31501234567</b>' }, '/forwardNumber'],
        [{ forwardNumber: 'anonymous' }, '/forwardNumber'],
        [{ calledNumber: '+31850000009' }, '/calledNumber'],
        [{ forwardNumber: '+1' }, '/forwardNumber'],
        [{ time: '2026-06-01T10:02:00Z' }, '/time'],
        [{ time: '2026-06-01T09:00:00Z' }, '/time'],
        [{ time: 'now' }, '/time'],
        [{ code: '1'.repeat(33) }, '/code'],
        [{ attributes: {} }, '/attributes'],
      ];
      for (const [change, path] of wrong) {
        const answer = await problem(await post({ ...body, ...change }));
        expect(answer, path).to.include({ status: 400, code: 'INPUT_INVALID' });
        expect(answer.errors?.map((error) => error.path)).to.deep.equal([path]);
        expect(JSON.stringify(answer)).not.to.include('0612345678');
      }
      expect(calls.arrivals).to.have.length(0);
      expect((await post(body)).status).to.equal(201);
    });

    it('gives wrong and missing keys one answer', async () => {
      for (const authorization of ['', 'Bearer', 'Bearer wrong', `Basic ${KEY}`, `Bearer ${KEY}x`]) {
        const answer = await problem(await post(body, { authorization }));
        expect(answer).to.include({ status: 401, code: 'API_KEY_REFUSED' });
      }
    });

    it('shows and ends its own calls only', async () => {
      const { id } = (await (await post(body)).json()) as ExchangeCall;
      const headers = { authorization: `Bearer ${KEY}` };
      expect(await (await fetch(`${url}/${id}`, { headers })).json()).to.include({ id, state: 'queued' });
      for (let times = 0; times < 2; times++) {
        const ended = await fetch(`${url}/${id}/hang-up`, { method: 'POST', headers });
        expect(await ended.json()).to.include({ id, state: 'abandoned' });
      }
      const unknown = await problem(await fetch(`${url}/01900000-0000-7000-8000-000000000000`, { headers }));
      expect(unknown).to.include({ status: 404, code: 'CALL_UNKNOWN' });
    });

    it('names a key of an organisation that is not there', async () => {
      const error = await createExchange({
        config: { exchangeKeys: [{ organisation: 'elsewhere', name: 'x', key: KEY }] },
        database,
        sealer: createSealer([randomBytes(32)]),
        organisations,
        calls,
        log: createLog('silent'),
        now: () => clock,
      }).catch((reason: unknown) => reason);
      expect(error).to.be.instanceOf(ConfigError);
    });
  }));
