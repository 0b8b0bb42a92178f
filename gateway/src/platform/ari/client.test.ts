import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { type Ari, AriError, type AriOptions, connectAri } from './index.ts';
import { record, whenever } from './testing/recorder.ts';
import { type StandIn, startStandIn } from './testing/stand-in/index.ts';

describe('ARI client when things go wrong', () => {
  let standIn: StandIn;
  let ari: Ari;
  let logged: string[];

  beforeEach(async () => {
    standIn = await startStandIn();
    logged = [];
  });
  afterEach(async () => {
    await ari.close();
    await standIn.stop();
  });

  function open(options: Partial<AriOptions> = {}): Ari {
    const write = (level: string) => (fields: { error?: Error }, message: string) => {
      logged.push(`${level} ${message} ${JSON.stringify(fields)} ${fields.error?.stack ?? ''}`);
    };
    const log = { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
    const { url, user, password } = standIn;
    ari = connectAri({ id: 'a', url, user, password, application: 'civicline', log, ...options });
    return ari;
  }

  async function connected(options: Partial<AriOptions> = {}) {
    const heard = record(open(options));
    await whenever(ari, 'connected');
    return heard;
  }

  describe('on the wire', () => {
    it('drops and counts what is no ARI message', async () => {
      const heard = await connected();
      const frames = [
        '',
        '{',
        'null',
        '[]',
        '"text"',
        '7',
        '{"type":7}',
        '{"no":"type"}',
        '\u0000',
        '['.repeat(10_000),
      ];
      for (const frame of frames) standIn.sendRaw(frame);
      await heard.mark('after');
      expect(ari.counters.malformedFrames).to.equal(frames.length);
      expect(heard.all()).to.have.length(1);
    });

    it('passes and counts events of a type that it does not know', async () => {
      const heard = await connected();
      standIn.sendRaw('{"type":"InventedLater","something":{"new":true}}');
      await heard.mark('after');
      expect(heard.all()[0]).to.deep.equal({ type: 'InventedLater', something: { new: true } });
      expect(ari.counters.unknownEvents).to.equal(1);
    });

    it('survives answers that nobody waits for, and answers without sense', async () => {
      const heard = await connected();
      standIn.sendRaw('{"type":"RESTResponse"}');
      standIn.sendRaw('{"type":"RESTResponse","request_id":"r999","status_code":200,"message_body":"{"}');
      await heard.mark('after');
      expect(ari.counters.lateAnswers).to.equal(2);
    });

    it('takes an answer with an unreadable body as one without', async () => {
      await connected();
      standIn.faults.request = () => 'lose';
      const answer = ari.asterisk.ping();
      const id = standIn.requests.length + 1;
      standIn.sendRaw(`{"type":"RESTResponse","request_id":"r${id}","status_code":200,"message_body":"{"}`);
      expect(await answer).to.equal(undefined);
    });

    it('sends the password in a header, and nothing of it in the URL', async () => {
      const server = createServer().listen(0, '127.0.0.1');
      await once(server, 'listening');
      const { port } = server.address() as AddressInfo;
      const asked = once(server, 'upgrade');
      open({ url: `http://127.0.0.1:${port}/`, user: 'ü:ser', password: 'pass wörd' });
      const [request, socket] = (await asked) as [IncomingMessage, NodeJS.WritableStream];
      socket.end();
      server.close();
      expect(request.url).to.equal('/ari/events?app=civicline');
      const encoded = Buffer.from('ü:ser:pass wörd').toString('base64');
      expect(request.headers.authorization).to.equal(`Basic ${encoded}`);
    });
  });

  describe('in the listeners', () => {
    it('catches and logs what they throw, and goes on', async () => {
      const heard = await connected();
      const calm: string[] = [];
      ari.on('event', () => {
        throw new Error('thrown');
      });
      ari.on('event', () => Promise.reject(new Error('rejected')));
      ari.on('event', ({ type }) => calm.push(type));
      await heard.mark('one');
      await heard.mark('two');
      expect(calm).to.have.length(2);
      expect(logged.filter((line) => line.startsWith('error'))).to.have.length(4);
    });

    it('hears no more when it was taken away', async () => {
      const heard = await connected();
      const types: string[] = [];
      const stop = ari.on('event', ({ type }) => types.push(type));
      stop();
      await heard.mark('after');
      expect(types).to.deep.equal([]);
    });

    it('hears nothing after it closed the client', async () => {
      open();
      const heard = record(ari);
      standIn.faults.request = duringHandshake(() => standIn.makeCall({ did: '+31850000001' }));
      ari.on('connected', () => ari.close());
      await whenever(ari, 'connected');
      await ari.close();
      expect(heard.all()).to.deep.equal([]);
    });
  });

  describe('in the order of things', () => {
    it('tells of the connection first, and then of what happened meanwhile', async () => {
      standIn.faults.request = duringHandshake(() => standIn.makeCall({ did: '+31850000001' }));
      open();
      const order: string[] = [];
      ari.on('connected', () => order.push('connected'));
      ari.on('event', ({ type }) => order.push(type));
      await whenever(ari, 'event');
      expect(order).to.deep.equal(['connected', 'StasisStart']);
    });

    it('lets whoever awaits an answer go on before the events that came after it', async () => {
      await connected();
      const order: string[] = [];
      ari.on('event', () => order.push('event'));
      for (let round = 0; round < 5; round++) {
        await Promise.all(
          Array.from({ length: 10 }, async () => {
            await ari.events.userEvent({ eventName: 'mark', application: 'civicline' });
            order.push('answer');
          }),
        );
      }
      await ari.asterisk.ping();
      expect(order).to.deep.equal(Array.from({ length: 50 }, () => ['answer', 'event']).flat());
    });
  });

  describe('in time', () => {
    it('gives a request up that is not answered, and stays connected', async () => {
      await connected({ requestTimeoutMs: 200 });
      standIn.faults.request = () => 'lose-answer';
      const error = await ari.channels.list().catch((reason: unknown) => reason);
      expect(error).to.be.instanceOf(AriError).with.property('code', 'ARI_TIMEOUT');
      expect(ari.state).to.equal('connected');
    });

    it('notices that nothing comes any more, and connects again', async () => {
      await connected({ pingIntervalMs: 20 });
      const pending = ari.asterisk.ping().catch((error: unknown) => error);
      standIn.freeze();
      await whenever(ari, 'disconnected');
      await whenever(ari, 'connected');
      expect((await pending) === undefined || ari.counters.reconnections === 1).to.equal(true);
      await ari.asterisk.ping();
    });

    it('stays connected while there is nothing but pings', async () => {
      await connected({ pingIntervalMs: 5 });
      let lost = false;
      ari.on('disconnected', () => {
        lost = true;
      });
      for (let round = 0; round < 10; round++) await new Promise((resolve) => setTimeout(resolve, 10));
      expect(lost).to.equal(false);
    });

    it('ends by force when Asterisk does not answer the end', async () => {
      await connected();
      standIn.freeze();
      await ari.close();
      expect(ari.state).to.equal('closed');
    });
  });

  describe('while connecting', () => {
    it('waits for an Asterisk that is not ready', async () => {
      standIn.faults.refuseConnections = true;
      open();
      const refused = await whenever(ari, 'connect-failed');
      expect({ ...refused }).to.include({ code: 'ARI_UNREACHABLE', status: 503 });
      standIn.faults.refuseConnections = false;
      standIn.faults.request = () => ({ status: 503 });
      const unready = await whenever(ari, 'connect-failed');
      expect({ ...unready }).to.include({ code: 'ARI_REQUEST_FAILED', status: 503 });
      standIn.faults.request = () => 'pass';
      await whenever(ari, 'connected');
    });

    it('survives connections that end at any moment', async () => {
      open();
      for (let round = 0; round < 5; round++) {
        await whenever(ari, 'connected');
        const lost = whenever(ari, 'disconnected');
        standIn.dropConnections();
        await lost;
        standIn.faults.request = duringHandshake(() => standIn.dropConnections());
      }
      await whenever(ari, 'connected');
      expect(ari.counters.reconnections).to.be.at.least(5);
    });

    it('says once in the log that nobody is there, however often it tries', async () => {
      standIn.faults.refuseConnections = true;
      open();
      for (let failure = 0; failure < 3; failure++) await whenever(ari, 'connect-failed');
      expect(logged.filter((line) => line.startsWith('warn'))).to.have.length(1);
    });
  });

  it('logs neither numbers nor codes nor passwords', async () => {
    const number = '+31850000001';
    const code = '12345678';
    const heard = await connected();
    ari.on('event', () => {
      throw new Error('a listener failed');
    });
    const { channelId } = standIn.makeCall({ did: number, code, callingNumber: '+31612345678' });
    await heard.mark('after the call');
    standIn.sendRaw(`{"type":"InventedLater","args":["${code}","${number}"]}`);
    standIn.sendRaw(`{"args":["${code}","${number}"`);
    await heard.mark('after the frames');
    const failed = await ari.channels
      .getChannelVar({ channelId: `${code}/${number}`, variable: code })
      .catch((error: Error) => `${error.message} ${error.stack} ${JSON.stringify(error)}`);
    standIn.faults.request = () => 'lose';
    const lost = ari.channels
      .setChannelVar({ channelId, variable: 'CODE', value: code })
      .catch((error: Error) => `${error.message} ${error.stack} ${JSON.stringify(error)}`);
    standIn.dropConnections();
    const everything = [...logged, failed, await lost].join('\n');
    expect(everything).to.include('a listener of ARI events failed').and.to.include('ARI_DISCONNECTED');
    expect(everything).not.to.match(/12345678|31850000001|stand-in-password/);
  });

  /** Does something once, between the socket's opening and the end of the handshake. */
  function duringHandshake(what: () => void): StandIn['faults']['request'] {
    let done = false;
    return (operation) => {
      if (operation === 'asterisk.getInfo' && !done) {
        done = true;
        what();
      }
      return 'pass';
    };
  }
});
