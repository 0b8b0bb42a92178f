import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { createAddressRule } from './addresses.ts';
import { type CallerOptions, createCaller } from './caller.ts';
import { answer, openReceiver, type Receiver } from './testing/receiver.ts';

const inside = createAddressRule(['127.0.0.0/8']);
const PAYLOAD = '{"data":{}}';

describe('caller of webhooks', () => {
  let receiver: Receiver;
  const opened: { close(): void }[] = [];

  beforeEach(async () => {
    receiver = await openReceiver();
  });
  afterEach(async () => {
    for (const one of opened.splice(0)) one.close();
    await receiver.close();
  });

  function open(options: Partial<CallerOptions> = {}) {
    const caller = createCaller({ mayCall: inside, now: Date.now, ...options });
    opened.push(caller);
    return caller;
  }
  /** The receiver under a name. */
  const named = (host: string) => receiver.url.replace('127.0.0.1', host);

  it('calls no address that is not public', async () => {
    const caller = open({ mayCall: createAddressRule([]), resolve: async () => ['127.0.0.1'] });
    for (const url of [receiver.url, named('localhost'), named('inside.example'), named('[::ffff:127.0.0.1]')]) {
      expect(await caller.call(url, {}, PAYLOAD), url).to.deep.equal({ kind: 'failed', reason: 'address-refused' });
    }
    expect(receiver.calls).to.have.lengthOf(0);
  });

  it('calls no host that has an inner address among its public ones', async () => {
    const caller = open({ mayCall: createAddressRule([]), resolve: async () => ['8.8.8.8', '127.0.0.1'] });
    expect(await caller.call(named('mixed.example'), {}, PAYLOAD)).to.include({ reason: 'address-refused' });
  });

  it('connects to the address that it checked, not to what the name says a moment later', async () => {
    const answers = [['127.0.0.1'], ['10.0.0.1']];
    let asked = 0;
    const caller = open({ resolve: async () => answers[asked++] ?? [] });
    expect(await caller.call(named('rebinding.example'), {}, PAYLOAD)).to.deep.equal({ kind: 'delivered' });
    expect([asked, receiver.calls.length]).to.deep.equal([1, 1]);
    // A new connection asks again, and what it is told now is refused.
    receiver.behaviour = answer(204, { connection: 'close' });
    await caller.call(named('rebinding.example'), {}, PAYLOAD);
    expect(await caller.call(named('rebinding.example'), {}, PAYLOAD)).to.include({ reason: 'address-refused' });
    expect([asked, receiver.calls.length]).to.deep.equal([2, 2]);
  });

  it('does not wait for ever: for the name, the connection, the answer, its end', async () => {
    const silent = createServer((socket) => void opened.push({ close: () => socket.destroy() })).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    opened.push(silent);
    const silentUrl = `http://127.0.0.1:${(silent.address() as AddressInfo).port}/`;
    expect(await open({ timeoutMs: 50 }).call(silentUrl, {}, PAYLOAD)).to.include({ reason: 'timeout' });
    const nameless = open({ timeoutMs: 50, resolve: () => new Promise(() => undefined) });
    expect(await nameless.call(named('slow.example'), {}, PAYLOAD)).to.include({ reason: 'timeout' });
    receiver.behaviour = (_call, response) => void response.writeHead(200).write('never more');
    expect(await open({ timeoutMs: 200 }).call(receiver.url, {}, PAYLOAD)).to.deep.equal({ kind: 'delivered' });
  });

  it('tells a refused connection, an unknown name, and garbage', async () => {
    const { url } = receiver;
    await receiver.close();
    expect(await open().call(url, {}, PAYLOAD)).to.include({ reason: 'unreachable' });
    receiver = await openReceiver();
    const nowhere = open({ resolve: () => Promise.reject(new Error('no such host')) });
    expect(await nowhere.call(named('nowhere.example'), {}, PAYLOAD)).to.include({ reason: 'unreachable' });
    const garbage = createServer((socket) => void socket.end('hello\r\n\r\n')).listen(0, '127.0.0.1');
    await once(garbage, 'listening');
    opened.push(garbage);
    const garbageUrl = `http://127.0.0.1:${(garbage.address() as AddressInfo).port}/`;
    expect(await open().call(garbageUrl, {}, PAYLOAD)).to.include({ reason: 'unreachable' });
  });

  it('calls again at once when a kept connection was closed meanwhile', async () => {
    const caller = open();
    for (let n = 0; n < 50; n++) {
      receiver.behaviour = (_call, response, request) => {
        response.writeHead(204).end(() => setImmediate(() => request.socket.destroy()));
      };
      expect(await caller.call(receiver.url, {}, PAYLOAD)).to.deep.equal({ kind: 'delivered' });
    }
  });

  it('breaks off when it is closed', async () => {
    receiver.behaviour = () => undefined;
    const caller = open();
    const call = caller.call(receiver.url, {}, PAYLOAD);
    await receiver.until(() => receiver.calls.length === 1);
    caller.close();
    expect(await call).to.include({ kind: 'failed' });
  });

  it('trusts no certificate that nobody vouches for', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'civicline-tls-'));
    const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    const request = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1'];
    execFileSync('openssl', [...request, '-subj', '/CN=receiver.example', '-keyout', key, '-out', certificate], {
      stdio: 'ignore',
    });
    let called = 0;
    const server = createTlsServer(
      { key: readFileSync(key), cert: readFileSync(certificate) },
      (_request, response) => {
        called++;
        response.end();
      },
    ).listen(0, '127.0.0.1');
    await once(server, 'listening');
    opened.push(server, { close: () => rmSync(folder, { recursive: true }) });
    const caller = open({ resolve: async () => ['127.0.0.1'] });
    const url = `https://receiver.example:${(server.address() as AddressInfo).port}/`;
    expect(await caller.call(url, {}, PAYLOAD)).to.include({ reason: 'unreachable' });
    expect(called).to.equal(0);
  });
});
