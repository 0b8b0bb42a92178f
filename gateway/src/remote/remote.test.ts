import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Attempt, type Channel, ChannelError } from '@civicline/protocol/channel';
import { generateSealingKeysSync } from '@civicline/protocol/sealing/node';
import { expect } from 'chai';
import { createHttp, createLog, createMetrics, drain, finishHttp, listen } from '../platform/http/index.ts';
import { createRoleTokenSigner, generateRoleKey } from '../platform/run/index.ts';
import { createSealer, type Database, openDatabase } from '../platform/storage/index.ts';
import { itConforms } from '../roles/channels/conformance.ts';
import { createSmsChannel } from '../roles/channels/sms/index.ts';
import { attempt, KEYS } from '../roles/channels/sms/testing/room.ts';
import { standInRouter } from '../roles/channels/sms/testing/stand-in-router.ts';
import { createRemoteChannel } from './client.ts';
import { type ChannelServerSettings, createChannelServer } from './server.ts';

const SMIS_KEY = generateRoleKey();
const SMS_KEY = generateRoleKey();
const STRANGER = generateRoleKey();
const OFFER: ChannelServerSettings = { privateKey: SMS_KEY.privateKey, smisPublicKeys: [SMIS_KEY.publicKey] };

const remote = (url: string, changes: { privateKey?: string; publicKeys?: string[]; timeoutMs?: number } = {}) =>
  createRemoteChannel({
    name: 'sms',
    url,
    publicKeys: [SMS_KEY.publicKey],
    privateKey: SMIS_KEY.privateKey,
    log: createLog('silent'),
    now: Date.now,
    ...changes,
  });

/** Serves a channel on a port of its own. */
async function serve(channel: Channel, settings = OFFER, port = 0) {
  const lines: string[] = [];
  const log = createLog('trace', { write: (line) => void lines.push(line) });
  const http = createHttp({ log, metrics: createMetrics(false), trustedProxies: [] });
  const offer = createChannelServer(channel, settings, { log, now: Date.now });
  offer.mount(http);
  finishHttp(http, log);
  const listening = await listen(http, '127.0.0.1', port);
  return {
    url: `http://127.0.0.1:${listening.port}`,
    port: listening.port,
    lines,
    async close() {
      offer.close();
      await drain(listening.server, 1_000);
    },
  };
}

async function smsChannel(database: Database) {
  return createSmsChannel({
    database,
    privateKeys: [KEYS],
    connect: standInRouter().connect,
    sealer: createSealer([randomBytes(32)]),
    metrics: createMetrics(false),
    log: createLog('silent'),
    now: Date.now,
  });
}

describe('a channel in another process', () => {
  describe('as SMIS knows it', () => {
    itConforms(async () => {
      const database = await openDatabase({ url: 'memory:', role: 'sms' });
      let sms = await smsChannel(database);
      let server = await serve(sms);
      const channel = remote(server.url);
      const unknown = generateSealingKeysSync().keyId;
      return {
        channel,
        attempt,
        unopenable: () => ({ ...attempt(), part: { ...attempt().part, keyId: unknown } }),
        start: () => sms.start(),
        async restart() {
          await server.close();
          await sms.stop();
          sms = await smsChannel(database);
          server = await serve(sms, OFFER, server.port);
        },
        async close() {
          await server.close();
          await sms.stop();
          await database.close();
        },
      };
    });
  });

  /** A channel that notes what is submitted. */
  function noting(): Channel & { submitted: Attempt[] } {
    const submitted: Attempt[] = [];
    return {
      name: 'sms',
      submitted,
      keys: async () => [{ id: 'a', publicKey: 'b' }],
      submit: async (attempts) => void submitted.push(...attempts),
      cancel: async () => undefined,
      outcomes: async () => [],
      acknowledge: async () => undefined,
      onOutcome: () => () => undefined,
    };
  }
  const codeOf = (promise: Promise<unknown>) =>
    promise.then(
      () => 'accepted',
      (error: unknown) => (error instanceof ChannelError ? error.code : String(error)),
    );
  async function answering(listener: RequestListener) {
    const server = createServer(listener).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const close = () => {
      server.close();
      server.closeAllConnections();
    };
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close };
  }

  it('takes calls of SMIS alone, each for its own body', async () => {
    const channel = noting();
    const server = await serve(channel);
    try {
      const stranger = remote(server.url, { privateKey: STRANGER.privateKey });
      expect(await codeOf(stranger.submit([attempt()]))).to.equal('CHANNEL_REFUSED');
      const post = async (about: string, signed: string, sent: string, from = 'smis') => {
        const sign = createRoleTokenSigner(SMIS_KEY.privateKey, Date.now);
        const { token } = await sign({ from, to: 'sms', about, body: signed });
        const headers = { authorization: `Bearer ${token}` };
        return (await fetch(`${server.url}/internal/channel/submit`, { method: 'POST', headers, body: sent })).status;
      };
      const body = JSON.stringify({ attempts: [attempt()] });
      expect(await post('submit', '{"attempts":[]}', body)).to.equal(401);
      expect(await post('cancel', body, body)).to.equal(401);
      expect(await post('submit', body, body, 'email')).to.equal(401);
      expect((await fetch(`${server.url}/internal/channel/submit`, { method: 'POST', body })).status).to.equal(401);
      expect((await fetch(`${server.url}/internal/channel/hints`)).status).to.equal(401);
      expect(channel.submitted).to.deep.equal([]);
      expect(await post('submit', body, body)).to.equal(200);
      expect(channel.submitted).to.have.length(1);
    } finally {
      await server.close();
    }
  });

  it('is believed only when its own key has signed the answer', async () => {
    const impostor = await serve(noting(), { ...OFFER, privateKey: STRANGER.privateKey });
    try {
      expect(await codeOf(remote(impostor.url).outcomes(0, 10))).to.equal('CHANNEL_REFUSED');
      const rotating = remote(impostor.url, { publicKeys: [SMS_KEY.publicKey, STRANGER.publicKey] });
      expect(await rotating.outcomes(0, 10)).to.deep.equal([]);
    } finally {
      await impostor.close();
    }
  });

  it('is unavailable when it is away, silent or broken, and its keys stay known', async () => {
    const server = await serve(noting());
    const channel = remote(server.url);
    const keys = await channel.keys();
    await server.close();
    expect(await codeOf(channel.submit([attempt()]))).to.equal('CHANNEL_UNAVAILABLE');
    expect(await channel.keys()).to.deep.equal(keys);
    expect(await codeOf(remote(server.url).keys())).to.equal('CHANNEL_UNAVAILABLE');
    const listeners: RequestListener[] = [
      () => undefined,
      (_request, response) => void response.writeHead(503).end(),
      (_request, response) => void response.end('x'.repeat(9 * 1024 ** 2)),
      (_request, response) => void response.writeHead(302, { location: 'http://127.0.0.1:9' }).end(),
    ];
    for (const listener of listeners) {
      const broken = await answering(listener);
      expect(await codeOf(remote(broken.url, { timeoutMs: 1_000 }).outcomes(0, 1))).to.equal('CHANNEL_UNAVAILABLE');
      broken.close();
    }
  });

  it('tells SMIS why it refuses, and keeps its own faults to itself', async () => {
    const channel = noting();
    const server = await serve(channel);
    try {
      channel.submit = async () => {
        throw new ChannelError('ATTEMPT_REFUSED', 'on purpose');
      };
      expect(await codeOf(remote(server.url).submit([attempt()]))).to.equal('ATTEMPT_REFUSED');
      channel.submit = async () => {
        throw new TypeError('the number +32470000001');
      };
      expect(await codeOf(remote(server.url).submit([attempt()]))).to.equal('CHANNEL_UNAVAILABLE');
    } finally {
      await server.close();
    }
  });

  it('logs nothing of what passes', async () => {
    const server = await serve(noting());
    const one = attempt();
    await remote(server.url).submit([one]);
    await remote(server.url).cancel([one.id]);
    await server.close();
    const log = server.lines.join('');
    expect(log).to.include('/internal/channel/submit');
    for (const secret of [one.id, one.part.sealed, one.sender.name, 'Bearer', 'eyJ'])
      expect(log).not.to.include(secret);
  });
});
