import { type ChildProcess, fork, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { createServer as createTls } from 'node:tls';
import { expect } from 'chai';
import { type BehaviourInput, type SmscSimulator, startSmscSimulator } from '../simulator/index.ts';
import { decodeGsm } from '../text/index.ts';
import { type OpenRoute, openRoute } from './testing/open-route.ts';
import { isSameId } from './testing/same-id.ts';

/** Several hundred, some of them in parts. */
const TEXTS = Array.from({ length: 300 }, (_, i) => `Bericht ${i} [€] `.repeat(i % 10 === 0 ? 15 : 1));

async function sendAll(route: OpenRoute): Promise<string[]> {
  const results = await Promise.all(TEXTS.map((text) => route.text(text)));
  return results.flatMap((result) => (result.kind === 'accepted' ? result.carrierIds : [result.kind]));
}

describe('SMPP session with other people’s SMSCs', () => {
  let route: OpenRoute;
  let peer: ChildProcess;

  afterEach(async () => {
    await route.close();
    const gone = once(peer, 'exit');
    if (peer.connected) peer.disconnect();
    peer.stdin?.end();
    await gone;
  });

  it('sends through Net::SMPP: throttled segments again, none twice, receipts in another notation', async () => {
    const script = new URL('./testing/net-smpp-smsc.pl', import.meta.url).pathname;
    peer = spawn('perl', [script], { stdio: ['pipe', 'pipe', 'ignore'] });
    const lines = createInterface({ input: peer.stdout as NodeJS.ReadableStream });
    const [first] = (await Promise.race([once(lines, 'line'), once(peer, 'exit')])) as [unknown];
    const port = Number(/^port (\d+)/.exec(String(first))?.[1]);
    if (!port) throw new Error('Net::SMPP does not start; try: sudo apt-get install libnet-smpp-perl');
    const taken: string[] = [];
    lines.on('line', (line: string) => taken.push(line.split(' ')[2] ?? ''));

    route = await openRoute({ port, window: 20 });
    const ids = await sendAll(route);
    await route.until(() => route.receipts.length === ids.length);
    expect(new Set(ids).size).to.equal(330);
    while (taken.length < ids.length) await once(lines, 'line');
    expect(taken.length).to.equal(ids.length);
    const whole = taken.filter((hex) => !hex.startsWith('0500')).map((hex) => decodeGsm(Buffer.from(hex, 'hex')));
    expect(whole.sort()).to.deep.equal(TEXTS.filter((_, i) => i % 10 !== 0).sort());
    const reported = route.receipts.map(({ carrierId }) => carrierId);
    for (const id of ids) expect(reported.some((other) => isSameId(id, other))).to.equal(true);
  });

  it('sends through Net::SMPP by a transmitter, and has receipts by a receiver beside it', async () => {
    const script = new URL('./testing/net-smpp-smsc.pl', import.meta.url).pathname;
    peer = spawn('perl', [script], { stdio: ['pipe', 'pipe', 'ignore'] });
    const [first] = await once(createInterface({ input: peer.stdout as NodeJS.ReadableStream }), 'line');
    route = await openRoute({ port: Number(first.slice(5)), bind: 'transmitter-and-receiver' });
    await route.until(() => route.codes.includes('RECEIVER_BOUND'));
    expect(await route.text('a')).to.deep.equal({ kind: 'accepted', carrierIds: ['C0FFEF'], segments: 1 });
    await route.until(() => route.receipts.length === 1);
    expect(route.receipts).to.deep.equal([{ carrierId: '12648431', state: 'delivered' }]);
  });

  it('sends through the server of the smpp package, whose receipts come before its answers', async () => {
    const script = new URL('./testing/npm-smsc.ts', import.meta.url).pathname;
    peer = fork(script, { execArgv: ['--import', 'tsx'] });
    const [{ port }] = (await once(peer, 'message')) as [{ port: number }];
    const taken: string[] = [];
    peer.on('message', ({ submit }: { submit: string }) => taken.push(submit));

    route = await openRoute({ port, window: 20 });
    const ids = await sendAll(route);
    await route.until(() => route.receipts.length === ids.length);
    expect(route.receipts.map(({ carrierId }) => carrierId).sort()).to.deep.equal([...ids].sort());
    while (taken.length < ids.length) await once(peer, 'message');
    expect(taken.join('').length).to.equal(TEXTS.join('').length);
  });
});

describe('SMPP session with the simulator', () => {
  let route: OpenRoute;
  let simulator: SmscSimulator;

  async function open(behaviour: BehaviourInput, options: object = {}) {
    simulator = await startSmscSimulator({ behaviour });
    route = await openRoute({ port: simulator.smppPort, ...options });
  }
  afterEach(async () => {
    await route.close();
    await simulator.stop();
  });

  it('shows on phones what was sent, divided in every way', async () => {
    for (const longMessages of ['udh-8-bit', 'udh-16-bit', 'message_payload'] as const) {
      await open({}, { longMessages });
      const texts = ['Prijs 5€ [x]', 'ça ê 😀', 'lange tekst € '.repeat(30), 'ê😀'.repeat(100)];
      for (const text of texts) expect(await route.text(text)).to.include({ kind: 'accepted' });
      expect(simulator.messages().map(({ text }) => text)).to.deep.equal(texts);
      if (longMessages === 'message_payload') break;
      await route.close();
      await simulator.stop();
    }
  });

  it('slows down for a carrier that throttles and for one whose queue is full, and loses nothing', async () => {
    await open({ throughput: 200, faults: [{ kind: 'queue-full', after: 20, times: 5 }] }, { window: 10 });
    const ids = await sendAll(route);
    await route.until(() => route.receipts.length === ids.length);
    expect(new Set(ids).size).to.equal(330);
    expect(simulator.counts().messages).to.equal(300);
    expect(simulator.counts().segments).to.equal(330);
  });

  it('keeps the agreed throughput, counted in segments', async () => {
    await open({}, { throughput: 100 });
    const start = performance.now();
    await Promise.all(Array.from({ length: 50 }, () => route.text('x'.repeat(300))));
    expect(performance.now() - start).to.be.greaterThan(900);
  });

  it('reads what phones answer, in parts, and receipts of every kind', async () => {
    await open({ receipts: { states: ['ENROUTE', 'UNDELIV'], form: 'text', ids: 'decimal' } });
    const sent = await route.text('vraag');
    simulator.write('+32470000001', '8080', 'STOP ça '.repeat(30), 'civicline');
    await route.until(() => route.inbound.length === 1 && route.receipts.length === 2);
    expect(route.inbound).to.deep.equal([{ from: '+32470000001', to: '8080', text: 'STOP ça '.repeat(30) }]);
    expect(route.receipts.map(({ state, reason }) => [state, reason])).to.deep.equal([
      ['pending', undefined],
      ['failed', 'RECEIPT_UNDELIVERABLE'],
    ]);
    const [id = ''] = sent.kind === 'accepted' ? sent.carrierIds : [];
    expect(isSameId(id, route.receipts[0]?.carrierId ?? '')).to.equal(true);
  });
});

describe('SMPP over TLS', () => {
  let folder: string;
  let route: OpenRoute;
  let simulator: SmscSimulator;
  let stop: () => void;
  let port: number;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'civicline-tls-'));
    const files = ['-keyout', join(folder, 'key.pem'), '-out', join(folder, 'cert.pem')];
    const name = ['-subj', '/CN=smsc.example', '-addext', 'subjectAltName=DNS:smsc.example'];
    const made = spawnSync('openssl', [
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-days',
      '2',
      ...name,
      ...files,
    ]);
    if (made.status !== 0) throw new Error('openssl makes no certificate; try: sudo apt-get install openssl');
  });
  after(() => rmSync(folder, { recursive: true }));

  beforeEach(async () => {
    simulator = await startSmscSimulator();
    const key = readFileSync(join(folder, 'key.pem'));
    const server = createTls({ key, cert: readFileSync(join(folder, 'cert.pem')) }, (socket) => {
      socket.on('error', () => {});
      socket.pipe(connect(simulator.smppPort, '127.0.0.1')).pipe(socket);
    });
    server.on('tlsClientError', () => {});
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    port = (server.address() as { port: number }).port;
    stop = () => server.close();
  });
  afterEach(async () => {
    await route.close();
    stop();
    await simulator.stop();
  });

  it('binds to a server that proves itself', async () => {
    const ca = readFileSync(join(folder, 'cert.pem'), 'utf8');
    route = await openRoute({ port, tls: { ca, serverName: 'smsc.example' } });
    expect(await route.text('a')).to.include({ kind: 'accepted' });
  });

  it('gives nothing to one that does not', async () => {
    route = await openRoute({ port, tls: { serverName: 'smsc.example' } }, { wait: false });
    await route.until(() => route.codes.length > 0);
    expect(route.codes[0]).to.equal('DEPTH_ZERO_SELF_SIGNED_CERT');
    await route.close();
    const ca = readFileSync(join(folder, 'cert.pem'), 'utf8');
    route = await openRoute({ port, tls: { ca, serverName: 'other.example' } }, { wait: false });
    await route.until(() => route.codes.length > 0);
    expect(route.codes[0]).to.equal('ERR_TLS_CERT_ALTNAME_INVALID');
    expect(simulator.counts()).to.deep.include({ messages: 0 });
  });
});
