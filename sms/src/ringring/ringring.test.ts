import { randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import express from 'express';
import type { InboundSms, OutgoingSms, Receipt } from '../route.ts';
import { createRingRingRoute, type RingRingRoute, type RingRingRouteOptions } from './index.ts';
import { readRecord } from './records.ts';
import { verdictOf, verdictOfError } from './results.ts';

const sms = (fields: Partial<OutgoingSms> = {}): OutgoingSms => ({
  id: randomUUID(),
  to: '+32470000001',
  text: 'Uw afspraak is morgen om 10:00',
  validUntil: Date.now() + 60_000,
  urgent: false,
  ...fields,
});

describe('RingRing: what an answer means', () => {
  const kinds = (codes: number[]) => codes.map((code) => verdictOf(400, code).kind);

  it('by its ResultCode', () => {
    expect(verdictOf(200, 0)).to.deep.equal({ kind: 'accepted' });
    expect(verdictOf(201, 0).kind).to.equal('accepted');
    expect(kinds([30])).to.deep.equal(['slower']);
    expect(kinds([34])).to.deep.equal(['down']);
    expect(new Set(kinds([2, 11, 12, 14, 15, 35, 37]))).to.deep.equal(new Set(['stopped']));
    for (const code of [9, 10, 32, 36]) {
      expect(verdictOf(400, code)).to.deep.equal({ kind: 'refused', permanent: true, reason: `RINGRING_${code}` });
    }
    for (const code of [1, 3, 4, 5, 6, 7, 8, 13, 16, 17, 20, 21, 31, 999]) {
      expect(verdictOf(200, code)).to.deep.equal({ kind: 'refused', permanent: false, reason: `RINGRING_${code}` });
    }
  });

  it('without one, by its status, and never again when it may have been taken', () => {
    expect([403, 429].map((status) => verdictOf(status, null).kind)).to.deep.equal(['slower', 'slower']);
    expect(verdictOf(503, null)).to.deep.equal({ kind: 'down', reason: 'HTTP_503' });
    expect([200, 201, 500, 502, 504].map((status) => verdictOf(status, null).kind)).to.deep.equal(
      Array(5).fill('unknown'),
    );
    expect([301, 302, 401, 404].map((status) => verdictOf(status, null).kind)).to.deep.equal(Array(4).fill('down'));
    expect(verdictOfError(Object.assign(new TypeError(), { cause: { code: 'ECONNREFUSED' } })).kind).to.equal('down');
    expect(verdictOfError(Object.assign(new TypeError(), { cause: { code: 'CERT_HAS_EXPIRED' } })).kind).to.equal(
      'down',
    );
    for (const error of [new DOMException('', 'TimeoutError'), { cause: { code: 'UND_ERR_SOCKET' } }, null]) {
      expect(verdictOfError(error).kind).to.equal('unknown');
    }
  });

  it('when there was no connection, by whatever way, or one that broke', () => {
    const failed = (syscall: string, code: string) => ({ cause: Object.assign(new Error(), { syscall, code }) });
    const several = (...errors: { cause: Error }[]) => ({
      cause: Object.assign(new AggregateError(errors.map(({ cause }) => cause)), { code: 'ETIMEDOUT' }),
    });
    const connecting = failed('connect', 'ETIMEDOUT');
    expect(verdictOfError(connecting)).to.deep.equal({ kind: 'down', reason: 'ETIMEDOUT' });
    expect(verdictOfError(failed('getaddrinfo', 'ENOTFOUND')).kind).to.equal('down');
    const both = several(failed('connect', 'ENETUNREACH'), connecting);
    expect(verdictOfError(both)).to.deep.equal({ kind: 'down', reason: 'ENETUNREACH' });
    for (const code of ['ETIMEDOUT', 'EHOSTUNREACH', 'ECONNRESET']) {
      expect(verdictOfError(failed('read', code)).kind, code).to.equal('unknown');
    }
    expect(verdictOfError(several(connecting, failed('read', 'ECONNRESET'))).kind).to.equal('unknown');
    expect(verdictOfError({ cause: new AggregateError([]) }).kind).to.equal('unknown');
  });

  it('when nothing listens, at any address of a name', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    for (const host of ['127.0.0.1', 'localhost']) {
      const error = await fetch(`http://${host}:${port}`).catch((error: unknown) => error);
      expect(verdictOfError(error)).to.deep.equal({ kind: 'down', reason: 'ECONNREFUSED' });
    }
  });

  it('in a status or an incoming message, whatever the case of its names', () => {
    const state = (StatusCode: unknown) => readRecord({ StatusCode, reference: 'r', To: '32470000001', Message: 'x' });
    const receipt = (fields: object) => ({ kind: 'receipt', receipt: { carrierId: 'r', ...fields } });
    for (const code of ['200', 201]) expect(state(code)).to.deep.equal(receipt({ state: 'delivered' }));
    for (const code of ['0', '20', '100', '199', '900', 'x', '']) {
      expect(state(code)).to.deep.equal(receipt({ state: 'pending' }));
    }
    expect(state('301')).to.deep.equal(receipt({ state: 'failed', reason: 'RECEIPT_UNDELIVERABLE' }));
    expect(state('400')).to.deep.equal(receipt({ state: 'failed', reason: 'RECEIPT_UNKNOWN' }));
    expect(state('850')).to.deep.equal(receipt({ state: 'failed', reason: 'RECEIPT_REJECTED' }));
    expect(readRecord({ STATUSCODE: '200', MESSAGEID: 'm', Reference: '' })).to.have.nested.property(
      'receipt.carrierId',
      'm',
    );
    expect(readRecord({ from: '32470000001', TO: '8850', message: 'STOP' })).to.deep.equal({
      kind: 'inbound',
      sms: { from: '+32470000001', to: '8850', text: 'STOP' },
    });
    expect(readRecord({ from: '0470000001', message: 'STOP' }, 'BE')).to.have.nested.property(
      'sms.from',
      '+32470000001',
    );
    expect(readRecord({ from: '0032470000001', message: 'x' })).to.have.nested.property('sms.from', '+32470000001');
    expect(readRecord({ from: '0470000001', message: 'x' })).to.have.nested.property('sms.from', '0470000001');
    for (const useless of [null, 7, 'x', [], {}, { StatusCode: 200 }, { Message: 'x' }]) {
      expect(readRecord(useless)).to.equal(null);
    }
  });
});

describe('RingRing route', () => {
  /** A stand-in for the vendor that answers as the test says. */
  let answer: (path: string, body: Record<string, unknown>) => { status: number; body: unknown } | null;
  let requests: { path: string; body: Record<string, unknown> }[];
  let receipts: Receipt[];
  let inbound: InboundSms[];
  let stores: boolean;
  let vendor: Server;
  let route: RingRingRoute;
  let codes: string[];

  const OK = { status: 200, body: { ResultCode: 0, Messages: [{ MessageId: 'm', ResultCode: 0 }] } };

  beforeEach(async () => {
    answer = () => OK;
    [requests, receipts, inbound, codes, stores] = [[], [], [], [], true];
    const app = express();
    app.post('/sms/v1/:path', express.json(), (request, response) => {
      const path = String(request.params.path);
      requests.push({ path, body: request.body });
      const given = path === 'Message' ? answer(path, request.body) : (answer(path, request.body) ?? OK);
      if (given) response.status(given.status).send(given.body);
      else request.socket.destroy();
    });
    vendor = createServer(app).listen(0, '127.0.0.1');
    await new Promise((resolve) => vendor.once('listening', resolve));
  });
  afterEach(async () => {
    await route.close();
    vendor.closeAllConnections();
    await new Promise((resolve) => vendor.close(resolve));
  });

  const start = (options: Partial<RingRingRouteOptions> = {}, wanted = 'up') =>
    new Promise<void>((resolve) => {
      const url = `http://127.0.0.1:${(vendor.address() as AddressInfo).port}/sms/v1`;
      const listener = {
        async receipt(receipt: Receipt) {
          if (!stores) throw new Error('cannot store');
          receipts.push(receipt);
        },
        async inbound(message: InboundSms) {
          inbound.push(message);
        },
        state() {},
      };
      const log = ({ what, code }: { what: string; code: string }) => {
        codes.push(code);
        if (what === wanted) resolve();
      };
      route = createRingRingRoute({ name: 'vendor', url, apiKey: 'key', pollMs: 60_000, log, ...options }, listener);
    });
  const messages = () => requests.filter(({ path }) => path === 'Message').map(({ body }) => body);

  it('sends what the vendor wants to know', async () => {
    await start({ sender: '8850', webhook: { publicUrl: 'https://gateway.example', secret: 'topsecret' } });
    const one = sms({ validUntil: Date.parse('2030-07-01T07:59:30Z') });
    expect(await route.send(one)).to.deep.equal({ kind: 'accepted', carrierIds: [one.id], segments: 1 });
    expect(messages()).to.deep.equal([
      {
        ApiKey: 'key',
        To: '32470000001',
        Message: one.text,
        From: '8850',
        Reference: one.id,
        TimeValidity: '01-07-2030 10:00',
        MessageEncoding: 'Auto',
        StatusUrl: 'https://gateway.example/v1/sms/routes/vendor/topsecret',
        StatusMethod: 'POST',
        StatusFormat: 'JSON',
      },
    ]);
  });

  it('tells the vendor to try no longer than somebody awaits the receipt', async () => {
    await start();
    const tryMs = 3_600_000;
    await route.send(sms({ validUntil: Date.parse('2060-07-01T07:59:30Z'), tryMs }));
    const [, day, month, year] = /^(\d\d)-(\d\d)-(\d{4}) /.exec(String(messages()[0]?.TimeValidity)) ?? [];
    const told = Date.parse(`${year}-${month}-${day}T00:00:00Z`);
    expect(told).to.be.below(Date.now() + tryMs + 24 * 3_600_000);
  });

  it('refuses by itself what the vendor would', async () => {
    await start();
    const longest = await route.send(sms({ text: 'a'.repeat(758) }));
    expect(longest).to.include({ kind: 'accepted', segments: 5 });
    expect(await route.send(sms({ text: 'a'.repeat(759) }))).to.deep.equal({
      kind: 'refused',
      permanent: false,
      reason: 'TEXT_TOO_LONG',
    });
    expect(await route.send(sms({ validUntil: Date.now() - 1 }))).to.include({ kind: 'refused', reason: 'EXPIRED' });
    expect(messages()).to.have.length(1);
  });

  it('believes the message’s own result before that of the request', async () => {
    answer = () => ({ status: 201, body: { resultcode: '0', messages: [{ resultCode: 32 }] } });
    await start();
    expect(await route.send(sms())).to.deep.equal({ kind: 'refused', permanent: true, reason: 'RINGRING_32' });
  });

  it('repeats what was only too fast, in time', async () => {
    let tries = 0;
    answer = (path) => (path === 'Message' && ++tries === 1 ? { status: 400, body: { ResultCode: 30 } } : OK);
    await start();
    expect(await route.send(sms())).to.include({ kind: 'accepted' });
    answer = (path) => (path === 'Message' ? { status: 400, body: { ResultCode: 30 } } : OK);
    expect(await route.send(sms({ validUntil: Date.now() + 300 }))).to.include({ kind: 'refused', reason: 'EXPIRED' });
  });

  it('says unknown when the answer was lost or cannot be read, and asks once', async () => {
    await start();
    for (const lost of [null, { status: 200, body: '<html>' }, { status: 502, body: '' }]) {
      answer = (path) => (path === 'Message' ? lost : OK);
      const one = sms();
      expect(await route.send(one)).to.deep.equal({ kind: 'unknown', carrierIds: [one.id], segments: 0 });
    }
    expect(messages()).to.have.length(3);
    expect(route.up()).to.equal(true);
  });

  it('stops when the account is refused, and follows no redirect', async () => {
    await start();
    answer = () => ({ status: 400, body: { ResultCode: 12 } });
    expect(await route.send(sms())).to.deep.equal({ kind: 'unavailable' });
    expect(route.up()).to.equal(false);
    expect(await route.send(sms())).to.deep.equal({ kind: 'unavailable' });
    expect(messages()).to.have.length(1);
    expect(codes).to.deep.equal(['ANSWERED', 'RINGRING_12']);
    await route.close();
    answer = () => ({ status: 307, body: '' });
    await start({}, 'down');
    expect(codes.at(-1)).to.equal('HTTP_307');
    await route.close();
    answer = () => ({ status: 400, body: { ResultCode: 24 } });
    await start();
  });

  it('keeps to its window and ends everything when it closes', async () => {
    await start({ window: 2, throughput: 1 });
    const results = Array.from({ length: 5 }, () => route.send(sms()));
    const first = await Promise.race(results);
    expect(first).to.include({ kind: 'accepted' });
    await route.close();
    const ended = (await Promise.all(results)).map(({ kind }) => kind);
    expect(ended.filter((kind) => kind === 'accepted').length).to.equal(messages().length);
    expect(new Set(ended)).to.deep.equal(new Set(['accepted', 'unavailable']));
    expect(await route.send(sms())).to.deep.equal({ kind: 'unavailable' });
  });

  it('polls until nothing remains, and keeps what could not be stored', async () => {
    const batches = [
      { ResultCode: 0, RemainingRecords: 1, StatusMessages: [{ StatusCode: '200', Reference: 'a' }, 'nonsense'] },
      { ResultCode: 0, RemainingRecords: 0, StatusMessages: [{ StatusCode: '300', Reference: 'b' }] },
    ];
    const people = [{ ResultCode: 0, IncomingMessages: [{ From: '32470000001', To: '8850', Message: 'STOP' }] }];
    answer = (path) => ({
      status: 200,
      body: (path === 'Status' ? batches : people).shift() ?? { ResultCode: 0, RemainingRecords: 0 },
    });
    stores = false;
    const up = start();
    await new Promise<void>((resolve) => {
      const look = setInterval(() => {
        if (requests.length === 0) return;
        clearInterval(look);
        stores = true;
        resolve();
      }, 5);
    });
    await up;
    while (receipts.length < 2) await new Promise((resolve) => setImmediate(resolve));
    expect(receipts).to.deep.equal([
      { carrierId: 'a', state: 'delivered' },
      { carrierId: 'b', state: 'failed', reason: 'RECEIPT_UNDELIVERABLE' },
    ]);
    expect(inbound).to.deep.equal([{ from: '+32470000001', to: '8850', text: 'STOP' }]);
  });

  it('is down while the service is, rather than let messages wait for it', async () => {
    await start();
    answer = () => ({ status: 503, body: '' });
    expect(await route.send(sms())).to.deep.equal({ kind: 'unavailable' });
    expect(messages()).to.have.length(1);
    expect(route.up()).to.equal(false);
    expect(codes).to.deep.equal(['ANSWERED', 'HTTP_503']);
  });

  it('says why it does not begin', async () => {
    answer = () => ({ status: 403, body: '' });
    await start({}, 'down');
    expect(codes).to.deep.equal(['HTTP_403']);
    expect(route.up()).to.equal(false);
  });

  it('does not ask without a pause for what the vendor keeps to itself', async () => {
    answer = () => ({ status: 200, body: { ResultCode: 0, RemainingRecords: 3, StatusMessages: [] } });
    await start({ pollMs: 200 });
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(requests.filter(({ path }) => path === 'Status').length).to.be.within(1, 3);
  });

  it('takes states from who knows the secret, once stored', async () => {
    await start({ webhook: { publicUrl: 'https://gateway.example', secret: 'topsecret' } });
    const app = express();
    route.mount(app);
    const own = createServer(app).listen(0, '127.0.0.1');
    await new Promise((resolve) => own.once('listening', resolve));
    const tell = async (secret: string, body: unknown) => {
      const { port } = own.address() as AddressInfo;
      const response = await fetch(`http://127.0.0.1:${port}/v1/sms/routes/vendor/${secret}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      return response.status;
    };
    const status = { StatusCode: '200', Reference: 'a', To: '32470000001', Message: 'text' };
    expect(await tell('wrong', status)).to.equal(404);
    expect(await tell('topsecret', { nothing: true })).to.equal(400);
    stores = false;
    expect(await tell('topsecret', status)).to.equal(503);
    stores = true;
    expect(await tell('topsecret', status)).to.equal(200);
    expect(receipts).to.deep.equal([{ carrierId: 'a', state: 'delivered' }]);
    own.closeAllConnections();
    await new Promise((resolve) => own.close(resolve));
  });
});
