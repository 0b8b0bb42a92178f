import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { agentEndpoint } from './agent-endpoint.ts';
import { ariOf, INSTALLING_MS, installed, openApplication } from './test-asterisk.ts';
import { type Alone, startAlone, untilHeard } from './test-telephony.ts';

const CALLING = '+31612345678';
const NUMBER = '+31850000001';
const SDP = ['v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=-', 'c=IN IP4 127.0.0.1', 't=0 0', 'm=audio 9 RTP/AVP 0'];

/** Each is sent as it stands, in Latin-1. */
interface Raw {
  method?: string;
  from?: string;
  headers?: string[];
  sdp?: string[];
  to?: string;
}

const HOSTILE: Record<string, Raw> = {
  'a display name in Latin-1': { from: `"Jos\xe9 M\xfcller" <sip:${CALLING}@carrier.example>` },
  'an asserted name in Latin-1': { headers: [`P-Asserted-Identity: "Jos\xe9" <sip:${CALLING}@carrier.example>`] },
  'a party in Latin-1': { headers: [`Remote-Party-ID: "Jos\xe9" <sip:${CALLING}@carrier.example>;privacy=off`] },
  'a name with quotes, brackets, dollars and commas': { from: `"Jos) \\"\${CODE}\\", $[1+" <sip:${CALLING}@x>` },
  'a From that is none': { from: `"Jose <sip:${CALLING}@@carrier.example` },
  '1,900 attributes': { sdp: [...SDP, ...Array.from({ length: 1_900 }, () => `a=x:${CALLING}`)] },
  '500 media': { sdp: [...SDP, ...Array.from({ length: 500 }, (_, index) => `m=jose${index} 9 RTP/AVP 0`)] },
  'SDP that is none': { sdp: [`Jose ${CALLING}`] },
  'SDP with nothing that we speak': { sdp: [...SDP.slice(0, -1), 'm=audio 9 RTP/AVP 96', `a=rtpmap:96 jose/1`] },
  'a number that is none': { to: `jose${CALLING}` },
  'a number with escapes': { to: '%22Jose%22%00612345678' },
  'no call at all': { method: 'MESSAGE', from: `"Jos\xe9" <sip:${CALLING}@carrier.example>`, sdp: [] },
  'a subscription': { method: 'SUBSCRIBE', headers: ['Event: presence'], sdp: [] },
  'somebody who registers as the caller': { method: 'REGISTER', sdp: [] },
  'an agent’s phone with no password': { method: 'REGISTER', from: '<sip:phone-agent-a@carrier.example>', sdp: [] },
};

const TOO_LONG: Record<string, Raw> = {
  'a name as long as a message may be': { from: `"${'Jose '.repeat(1_500)}" <sip:${CALLING}@carrier.example>` },
  'privacy as long as a message may be': { headers: [`Privacy: ${'x'.repeat(6_000)}`] },
};

describe('the log of Asterisk', function () {
  this.timeout(90_000);
  let alone: Alone;
  let socket: Socket;

  before(async function () {
    this.timeout(INSTALLING_MS);
    await installed();
  });
  before(async () => {
    alone = await startAlone({ firstDigitSeconds: 1 });
    for (const { type, id, fields } of agentEndpoint({ agentId: 'agent-a', kind: 'phone', password: 'secret' })) {
      await ariOf(alone.asterisk)('PUT', `asterisk/config/dynamic/res_pjsip/${type}/${id}`, { fields });
    }
    socket = createSocket('udp4').bind(0, '127.0.0.1');
    await once(socket, 'listening');
  });
  after(async () => {
    socket?.close();
    await alone?.stop();
  });

  /** What Asterisk wrote since it was ready. */
  async function lines(): Promise<string[]> {
    const log = await readFile(join(alone.directory, 'asterisk.log'), 'latin1');
    return log.slice(log.indexOf('Asterisk Ready.')).split('\n').slice(1).filter(Boolean);
  }
  /** Resolves when Asterisk has taken and done everything before: it answers in order. */
  async function settled(): Promise<void> {
    const call = await alone.caller.call({ number: NUMBER, callerId: CALLING });
    await call.answered;
    await untilHeard(call, 25);
    await call.hangUp();
  }

  async function send(messages: Record<string, Raw>): Promise<void> {
    for (const [name, raw] of Object.entries(messages)) {
      socket.send(
        datagram(raw, name.replaceAll(/\W/g, ''), socket.address().port),
        alone.asterisk.sipPort,
        '127.0.0.1',
      );
      await sleep(20);
    }
    await settled();
  }

  it('has no line about whatever callers send', async () => {
    await send(HOSTILE);
    expect(await lines()).to.deep.equal([]);
    expect(await readdir(join(alone.directory, 'log'))).to.deep.equal([]);
  });

  it('has no line about callers who hang up, in the middle of a prompt, of their code or of the music', async () => {
    for (const part of ['', '1234', '12345678']) {
      const call = await alone.caller.call({ number: NUMBER, callerId: CALLING });
      await call.answered;
      await untilHeard(call, 25);
      if (part) await call.sendDigits(part, { toneMs: 80, gapMs: 60 });
      await call.hangUp();
    }
    const application = await openApplication(alone.asterisk);
    for (const line of ['closed', 'error']) {
      const call = await alone.caller.call({ number: NUMBER, key: { digits: '12345678', toneMs: 40, gapMs: 40 } });
      const { channel } = await application.nextStart();
      const place = `context=civicline-fallback&extension=${line}&priority=1`;
      await ariOf(alone.asterisk)('POST', `channels/${channel.id}/continue?${place}`);
      await untilHeard(call, call.ear.packets + 25);
      await call.hangUp();
    }
    await application.close();
    await settled();
    expect(await lines()).to.deep.equal([]);
  });

  it('has one line, with nothing in it, about a header that is too long to be looked at', async () => {
    await send(TOO_LONG);
    const said = (await lines()).map((line) => line.replace(/^.*read_header: /, ''));
    expect(said).to.deep.equal(Object.keys(TOO_LONG).map(() => 'Not enough buffer space in pjsip_hdr_print_on'));
  });
});

function datagram({ method = 'INVITE', from, headers = [], sdp = SDP, to = NUMBER }: Raw, id: string, port: number) {
  const body = sdp.map((line) => `${line}\r\n`).join('');
  const lines = [
    `${method} sip:${to}@127.0.0.1 SIP/2.0`,
    `Via: SIP/2.0/UDP 127.0.0.1:${port};branch=z9hG4bK${id};rport`,
    `From: ${from ?? `<sip:${CALLING}@carrier.example>`};tag=${id}`,
    `To: <sip:${to}@127.0.0.1>`,
    `Call-ID: ${id}`,
    `CSeq: 1 ${method}`,
    'Max-Forwards: 70',
    `Contact: <sip:caller@127.0.0.1:${port}>`,
    ...headers,
    ...(body ? ['Content-Type: application/sdp'] : []),
    `Content-Length: ${body.length}`,
  ];
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body}`, 'latin1');
}
