import { expect } from 'chai';
import { type Caller, createCaller, parseTelUrl } from './index.ts';
import { udpSocket } from './rtp.ts';
import { writeSdp } from './sdp.ts';
import {
  type Header,
  header,
  parseSipMessage,
  responseTo,
  type SipRequest,
  serializeSipMessage,
} from './sip-message.ts';

const FAST = { t1: 5, t2: 20, t4: 20 };

interface Reply {
  status: number;
  body?: string;
  headers?: Header[];
  /** Default: the request that just came. */
  of?: SipRequest;
}

describe('tel: URLs', () => {
  it('name a number, pauses and digits', () => {
    expect(parseTelUrl('tel:+31850000001,,12345678')).to.deep.equal({
      number: '+31850000001',
      pauses: 2,
      digits: '12345678',
    });
    expect(parseTelUrl('tel:+31850000001')).to.deep.equal({ number: '+31850000001', pauses: 0, digits: '' });
    expect(() => parseTelUrl('tel:+31850000001;ext=1')).to.throw(TypeError);
  });
});

describe('the scripted caller, when the server', () => {
  let caller: Caller;
  let server: ReturnType<typeof udpSocket>;
  /** Answers a request with any number of responses. A stand-in for a server that misbehaves as no real one can be made to. */
  let reply: (request: SipRequest) => Reply[];
  let seen: string[];

  beforeEach(async () => {
    seen = [];
    /** What was answered to each transaction: on a slow machine a request comes again (RFC 3261 §17.2). */
    const answered = new Map<string, Reply[]>();
    const answersTo = (request: SipRequest): Reply[] => {
      const transaction = `${request.method} ${header(request, 'Via')}`;
      const replies = (request.method !== 'ACK' && answered.get(transaction)) || reply(request);
      answered.set(transaction, replies);
      return replies;
    };
    server = udpSocket();
    await new Promise<void>((resolve) => server.bind(0, '127.0.0.1', resolve));
    server.on('message', (datagram, from) => {
      const request = parseSipMessage(datagram);
      if (request.kind !== 'request') return;
      seen.push(request.method);
      for (const { status, of = request, body = '', headers = [] } of answersTo(request)) {
        const answer = responseTo(of, status, 'Said', { toTag: 'server', headers, body });
        server.send(serializeSipMessage(answer), from.port, from.address);
      }
    });
    caller = await createCaller({ server: { address: '127.0.0.1', port: server.address().port }, timing: FAST });
  });
  afterEach(async () => {
    await caller.close();
    server.close();
  });

  const accept = () => ({
    status: 200,
    body: writeSdp(
      { address: '127.0.0.1', port: 9, codecs: ['PCMU'], telephoneEvent: 101, direction: 'sendrecv' },
      { id: 1, version: 1 },
    ),
  });

  it('is silent, ends the call as unreachable', async () => {
    reply = () => [];
    const call = await caller.call({ number: '+31850000001' });
    expect(await call.ended).to.deep.equal({ how: 'unreachable' });
  });

  it('rings for ever, calls the call off', async () => {
    let invite: SipRequest | undefined;
    reply = (request) => {
      if (request.method === 'INVITE') {
        invite = request;
        return [{ status: 180 }];
      }
      return request.method === 'CANCEL' && invite ? [{ status: 200 }, { status: 487, of: invite }] : [];
    };
    const call = await caller.call({ number: '+31850000001', patienceMs: 20 });
    expect(await call.ended).to.deep.equal({ how: 'not-answered' });
    while (!seen.includes('ACK')) await new Promise(setImmediate);
    expect([...new Set(seen)]).to.deep.equal(['INVITE', 'CANCEL', 'ACK']);
  });

  it('answers in the moment of hanging up, ends the call properly', async () => {
    reply = ({ method }) => (method === 'INVITE' ? [{ status: 180 }, accept()] : [{ status: 200 }]);
    const call = await caller.call({ number: '+31850000001' });
    expect(await call.hangUp()).to.include({ how: 'hung-up' });
    expect(seen).to.include.members(['CANCEL', 'ACK', 'BYE']);
  });

  it('wants a password, answers the challenge once and no more', async () => {
    await caller.close();
    const { port } = server.address();
    const credentials = { user: 'trunk', password: 'secret' };
    caller = await createCaller({ server: { address: '127.0.0.1', port }, timing: FAST, credentials });
    const authorizations: (string | undefined)[] = [];
    reply = (request) => {
      if (request.method !== 'INVITE') return [];
      authorizations.push(header(request, 'Authorization'));
      return [
        { status: 401, headers: [{ name: 'WWW-Authenticate', value: 'Digest realm="r", nonce="n", qop="auth"' }] },
      ];
    };
    const call = await caller.call({ number: '+31850000001' });
    expect(await call.ended).to.deep.equal({ how: 'rejected', status: 401 });
    expect(authorizations.map((value) => value?.slice(0, 23))).to.deep.equal([undefined, 'Digest username="trunk"']);
  });

  it('describes no audio that can be played, hangs up', async () => {
    reply = ({ method }) => (method === 'INVITE' ? [{ status: 200, body: 'v=0\r\n' }] : [{ status: 200 }]);
    const call = await caller.call({ number: '+31850000001' });
    expect(await call.ended).to.deep.equal({ how: 'no-common-audio' });
  });

  it('dies in the middle of a call, notices', async () => {
    reply = ({ method }) => (method === 'INVITE' ? [accept()] : []);
    const call = await caller.call({ number: '+31850000001', keepAliveMs: 10 });
    expect(await call.ended).to.deep.equal({ how: 'peer-lost' });
  });

  it('listens before it answers, keys early digits', async () => {
    reply = ({ method }) => [method === 'INVITE' ? { ...accept(), status: 183 } : { status: 200 }];
    const key = { digits: '12', toneMs: 20, gapMs: 10, early: true };
    const call = await caller.call({ number: '+31850000001', key, sound: 'off' });
    while (call.times.lastDigit === undefined) await new Promise(setImmediate);
    expect(call.state).to.equal('ringing');
  });

  it('wants digits by SIP INFO, keys them so', async () => {
    const keyed: string[] = [];
    reply = (request) => {
      if (request.method === 'INFO') keyed.push(request.body);
      return request.method === 'INVITE' ? [accept()] : [{ status: 200 }];
    };
    const call = await caller.call({ number: '+31850000001' });
    await call.answered;
    await call.sendDigits('1#', { toneMs: 20, gapMs: 10, by: 'info' });
    expect(keyed).to.deep.equal(['Signal=1\r\nDuration=20\r\n', 'Signal=#\r\nDuration=20\r\n']);
  });

  it('repeats its answer, acknowledges it again', async () => {
    reply = ({ method }) => (method === 'INVITE' ? [accept(), accept(), accept()] : [{ status: 200 }]);
    const call = await caller.call({ number: '+31850000001' });
    await call.answered;
    while (seen.filter((method) => method === 'ACK').length < 3) await new Promise(setImmediate);
    expect(call.state).to.equal('answered');
  });
});
