import { once } from 'node:events';
import { expect } from 'chai';
import type { Pdu } from './codec.ts';
import { encodePdu } from './codec.ts';
import { ESME } from './status.ts';
import { type OpenRoute, openRoute } from './testing/open-route.ts';
import { type RawPeer, type RawSmsc, startRawSmsc } from './testing/raw-smsc.ts';

type OnPdu = (pdu: Pdu, peer: RawPeer) => boolean;

describe('SMPP session and a hostile or broken carrier', () => {
  let smsc: RawSmsc;
  let route: OpenRoute;
  /** What the carrier was sent. */
  let seen: Pdu[];

  async function open(onPdu: OnPdu, options: Parameters<typeof openRoute>[0] | object = {}, wait = true) {
    seen = [];
    smsc = await startRawSmsc((pdu, peer) => {
      seen.push(pdu);
      return onPdu(pdu, peer);
    });
    route = await openRoute({ port: smsc.port, ...options }, { wait });
  }

  afterEach(async () => {
    await Promise.all([route.close(), smsc.stop()]);
  });

  const isSubmit = (pdu: Pdu): pdu is Pdu<'submit_sm'> => pdu.command === 'submit_sm';
  /** Accepts submits with the text as id. */
  const accept = (pdu: Pdu, peer: RawPeer) => {
    if (isSubmit(pdu)) peer.answer(pdu, ESME.ROK, pdu.body.short_message.toString());
    return isSubmit(pdu);
  };
  /** Accepts submits, one after the other. */
  const acceptLong = (pdu: Pdu, peer: RawPeer) => {
    if (isSubmit(pdu)) peer.answer(pdu, ESME.ROK, `id-${pdu.sequence}`);
    return isSubmit(pdu);
  };
  const binds = () => seen.filter(({ command }) => command === 'bind_transceiver').length;

  for (const [name, octets] of Object.entries({
    'a length of 0': '00000000',
    'a length of 15': '0000000f000000',
    'a length of 70000': '00011170',
    garbage: Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n').toString('hex'),
  })) {
    it(`closes after generic_nack on ${name}, and comes back`, async () => {
      await open((pdu, peer) => {
        if (!isSubmit(pdu) || peer.number > 1) return accept(pdu, peer);
        peer.send(octets);
        return true;
      });
      expect(await route.text('a')).to.deep.equal({ kind: 'unknown', carrierIds: [], segments: 1 });
      await route.until(() => route.up());
      expect(await route.text('b')).to.deep.equal({ kind: 'accepted', carrierIds: ['b'], segments: 1 });
      const nack = seen.find(({ command }) => command === 'generic_nack');
      expect(nack).to.deep.include({ status: ESME.RINVCMDLEN, sequence: 0 });
      expect(route.codes).to.include('LENGTH_INVALID');
    });
  }

  it('answers an unknown command with generic_nack, a malformed one with its error, and goes on', async () => {
    await open((pdu, peer) => {
      if (isSubmit(pdu)) {
        peer.send('00000010000000030000000000000063');
        peer.send('00000012000000050000000000000064ffff');
        peer.send('00000010800001ff0000000000000065');
      }
      return accept(pdu, peer);
    });
    expect(await route.text('a')).to.include({ kind: 'accepted' });
    expect(await route.text('b')).to.include({ kind: 'accepted' });
    expect(seen).to.deep.include({
      command: 'generic_nack',
      status: ESME.RINVCMDID,
      sequence: 0x63,
      body: {},
      tlvs: {},
    });
    expect(seen.find(({ command }) => command === 'deliver_sm_resp')).to.include({
      status: ESME.RINVCMDLEN,
      sequence: 0x64,
    });
    expect(seen.some(({ sequence }) => sequence === 0x65)).to.equal(false);
    expect(smsc.peers.length).to.equal(1);
  });

  it('tells the carrier to try no longer than somebody awaits the receipt', async () => {
    await open(accept);
    const hour = 3_600_000;
    const now = Date.now();
    await route.text('a', { validUntil: now + 168 * hour, tryMs: 72 * hour });
    await route.text('b', { validUntil: now + hour, tryMs: 72 * hour });
    await route.text('c', { validUntil: now + 168 * hour });
    const told = seen.filter(isSubmit).map(({ body }) => {
      const [, year, month, day, hours, minutes, seconds] =
        /^(..)(..)(..)(..)(..)(..)000\+$/.exec(body.validity_period) ?? [];
      return Date.parse(`20${year}-${month}-${day}T${hours}:${minutes}:${seconds}Z`);
    });
    for (const [i, hours] of [72, 1, 168].entries()) {
      expect((told[i] ?? 0) - now).to.be.within(hours * hour - 1_000, hours * hour + 60_000);
    }
  });

  it('expects one receipt of a carrier that sends one for a message of several segments', async () => {
    await open(acceptLong, { receipts: 'per-message' });
    expect(await route.text('a'.repeat(200))).to.include({ kind: 'accepted', segments: 2, onlyReceipt: true });
    expect(await route.text('b')).not.to.have.property('onlyReceipt');
  });

  it('completes an SMS of which the carrier has a part, although it was withdrawn meanwhile', async () => {
    let isWithdrawn = false;
    await open((pdu, peer) => {
      if (isSubmit(pdu)) isWithdrawn = true;
      return acceptLong(pdu, peer);
    });
    const result = await route.text('a'.repeat(400), { mayLeave: () => !isWithdrawn });
    expect(result).to.include({ kind: 'accepted', segments: 3 });
    expect(await route.text('b', { mayLeave: () => !isWithdrawn })).to.deep.equal({ kind: 'withdrawn' });
  });

  it('answers nothing to what has no answer, such as an alert_notification', async () => {
    await open((pdu, peer) => {
      // alert_notification from 32470000001 to nobody, outbind.
      if (isSubmit(pdu)) {
        peer.send('000000210000010200000000000000630101333234373030303030303100000000');
        peer.send('000000120000000b00000000000000640000');
      }
      return accept(pdu, peer);
    });
    expect(await route.text('a')).to.include({ kind: 'accepted' });
    expect(await route.text('b')).to.include({ kind: 'accepted' });
    expect(seen.filter(({ command }) => command !== 'submit_sm').map(({ command }) => command)).to.deep.equal([
      'bind_transceiver',
    ]);
  });

  it('takes PDUs that come octet by octet', async () => {
    await open((pdu, peer) => {
      if (!isSubmit(pdu)) return false;
      const answer = encodePdu({
        command: 'submit_sm_resp',
        status: 0,
        sequence: pdu.sequence,
        body: { message_id: 'slow' },
        tlvs: {},
      });
      let at = 0;
      const next = () => {
        peer.send(answer.subarray(at, ++at));
        if (at < answer.length) setImmediate(next);
      };
      next();
      return true;
    });
    expect(await route.text('a')).to.deep.include({ carrierIds: ['slow'] });
  });

  it('knows what was never written from what may have arrived when the carrier closes in mid-window', async () => {
    await open(
      (pdu, peer) => {
        if (!isSubmit(pdu)) return false;
        if (seen.filter(isSubmit).length === 5) {
          peer.send('00000030800000'); // half an answer
          peer.socket.destroySoon();
        }
        return true;
      },
      { window: 5, reconnectMinMs: 60_000 },
    );
    const results = await Promise.all(Array.from({ length: 12 }, (_, i) => route.text(String(i))));
    expect(results.map(({ kind }) => kind)).to.deep.equal([
      ...new Array(5).fill('unknown'),
      ...new Array(7).fill('unavailable'),
    ]);
    expect(seen.filter(isSubmit).length).to.equal(5);
    expect(route.up()).to.equal(false);
    expect(await route.text('later')).to.deep.equal({ kind: 'unavailable' });
  });

  it('gives each its own answer whatever their order, once', async () => {
    const held: Pdu<'submit_sm'>[] = [];
    await open((pdu, peer) => {
      if (!isSubmit(pdu)) return false;
      held.push(pdu);
      if (held.length === 20) for (const one of [...held.reverse(), ...held]) accept(one, peer);
      return true;
    });
    const texts = Array.from({ length: 20 }, (_, i) => `text ${i}`);
    const results = await Promise.all(texts.map((text) => route.text(text)));
    expect(results).to.deep.equal(texts.map((text) => ({ kind: 'accepted', carrierIds: [text], segments: 1 })));
  });

  it('calls what is not answered in time unknown, and survives the late answer', async () => {
    let silent: Pdu | null = null;
    await open(
      (pdu, peer) => {
        if (!isSubmit(pdu) || silent) return accept(pdu, peer);
        silent = pdu;
        return true;
      },
      { responseTimeoutMs: 100 },
    );
    expect(await route.text('a')).to.deep.equal({ kind: 'unknown', carrierIds: [], segments: 1 });
    smsc.peers[0]?.answer(silent as unknown as Pdu, ESME.ROK, 'late');
    expect(await route.text('b')).to.deep.include({ carrierIds: ['b'] });
    await route.until(() => route.codes.includes('ANSWER_LATE'));
    expect(smsc.peers.length).to.equal(1);
  });

  it('takes no answer of another kind for its own', async () => {
    await open(
      (pdu, peer) => {
        if (!isSubmit(pdu)) return false;
        peer.answer({ ...pdu, command: 'enquire_link' } as unknown as Pdu);
        return true;
      },
      { responseTimeoutMs: 100 },
    );
    expect(await route.text('a')).to.include({ kind: 'unknown' });
    expect(route.codes).to.include('ANSWER_UNEXPECTED');
  });

  it('takes a generic_nack for a refusal', async () => {
    await open((pdu, peer) => {
      if (isSubmit(pdu)) peer.send(`00000010800000000000000100000${pdu.sequence.toString(16).padStart(3, '0')}`);
      return isSubmit(pdu);
    });
    expect(await route.text('a')).to.deep.equal({ kind: 'refused', permanent: false, reason: 'ESME_RINVMSGLEN' });
  });

  it('does not write to a carrier that does not read, and leaves it', async () => {
    await open(
      (pdu, peer) => {
        if (!isSubmit(pdu)) return pdu.command === 'enquire_link';
        peer.socket.pause();
        return true;
      },
      { window: 100_000, longMessages: 'message_payload', enquireLinkMs: 200, responseTimeoutMs: 1000 },
    );
    const long = 'x'.repeat(30_000);
    const results = await Promise.all(Array.from({ length: 1_000 }, () => route.text(long)));
    // 30 MB were offered; the network takes some.
    expect(results.filter(({ kind }) => kind === 'unavailable').length).to.be.greaterThan(500);
    expect(results.every(({ kind }) => kind === 'unavailable' || kind === 'unknown')).to.equal(true);
    expect(route.codes).to.include('ENQUIRE_LINK_TIMEOUT');
  });

  it('ends a session in which enquire_link is not answered, and keeps one in which it is', async () => {
    let answers = 3;
    await open((pdu) => pdu.command === 'enquire_link' && answers-- <= 0, {
      enquireLinkMs: 20,
      responseTimeoutMs: 100,
    });
    await route.until(() => route.codes.includes('ENQUIRE_LINK_TIMEOUT'));
    expect(seen.filter(({ command }) => command === 'enquire_link').length).to.be.greaterThan(3);
    answers = Number.POSITIVE_INFINITY;
    await route.until(() => route.up());
  });

  it('lets a carrier that unbinds answer what it has, and binds anew', async () => {
    await open(
      (pdu, peer) => {
        if (!isSubmit(pdu) || peer.number > 1) return accept(pdu, peer);
        if (seen.filter(isSubmit).length === 1) peer.send('00000010000000060000000000000001');
        setTimeout(() => accept(pdu, peer), 50);
        return true;
      },
      { window: 2 },
    );
    const results = await Promise.all(['a', 'b', 'c'].map((text) => route.text(text)));
    expect(results.map(({ kind }) => kind)).to.deep.equal(['accepted', 'accepted', 'unavailable']);
    expect(seen).to.deep.include({ command: 'unbind_resp', status: 0, sequence: 1, body: {}, tlvs: {} });
    await route.until(() => route.up());
    expect(await route.text('d')).to.include({ kind: 'accepted' });
    expect(binds()).to.equal(2);
  });

  it('lets a carrier that has lost the session answer all that it has, and binds anew', async () => {
    const held: Pdu[] = [];
    await open(
      (pdu, peer) => {
        if (!isSubmit(pdu) || peer.number > 1) return accept(pdu, peer);
        if (held.push(pdu) < 5) return true;
        for (const one of held.slice(0, 3)) peer.answer(one, ESME.RINVBNDSTS);
        peer.send('00000010000000060000000000000001');
        setTimeout(() => held.slice(3).map((one) => accept(one, peer)), 50);
        return true;
      },
      { window: 5 },
    );
    const results = await Promise.all(['a', 'b', 'c', 'd', 'e', 'f'].map((text) => route.text(text)));
    expect(results.map(({ kind }) => kind)).to.deep.equal([
      ...new Array(3).fill('unavailable'),
      ...new Array(2).fill('accepted'),
      'unavailable',
    ]);
    expect(route.codes).to.deep.equal(['BOUND', 'ESME_RINVBNDSTS']);
    await route.until(() => route.up());
    expect(await route.text('g')).to.include({ kind: 'accepted' });
  });

  it('reads what has come before it calls anything unanswered, after the process stood still', async () => {
    await open(
      (pdu, peer) => {
        if (!accept(pdu, peer)) return false;
        const end = performance.now() + 300;
        while (performance.now() < end);
        return true;
      },
      { responseTimeoutMs: 100 },
    );
    expect(await route.text('a')).to.include({ kind: 'accepted' });
  });

  it('tries again when the bind is refused, never answered, or answered by closing', async () => {
    await open(
      (pdu, peer) => {
        if (pdu.command !== 'bind_transceiver') return false;
        if (peer.number === 1) peer.answer(pdu, ESME.RINVPASWD);
        if (peer.number === 3) peer.socket.destroy();
        return peer.number <= 3;
      },
      { bindTimeoutMs: 100 },
      false,
    );
    await route.until(() => route.up());
    expect(route.codes.slice(0, 2)).to.deep.equal(['ESME_RINVPASWD', 'BIND_TIMEOUT']);
    expect(route.codes[2]).to.be.oneOf(['CONNECTION_CLOSED', 'ECONNRESET']);
    expect(binds()).to.equal(4);
  });

  it('says at once that a login can never do', async () => {
    await open(accept);
    const never = openRoute({ port: smsc.port, systemId: 'far too long for SMPP' }, { wait: false });
    const error = await never.catch((error: unknown) => error);
    expect(error).to.be.instanceOf(RangeError).with.property('message', 'PDU_FIELD_INVALID: system_id');
  });

  it('answers a request before the bind with the right error', async () => {
    await open((pdu, peer) => {
      if (pdu.command === 'bind_transceiver') {
        const body = { ...SMS, short_message: Buffer.from('STOP') };
        peer.send(encodePdu({ command: 'deliver_sm', status: 0, sequence: 9, body, tlvs: {} }));
      }
      return false;
    });
    expect(await answerTo(9)).to.include({ command: 'deliver_sm_resp', status: ESME.RINVBNDSTS });
  });

  it('answers a receipt when it is stored, with an error when it could not be, every time it is repeated', async () => {
    await open(accept);
    const receipt = Buffer.from(
      'id:7 sub:001 dlvrd:001 submit date:2607251200 done date:2607251201 stat:DELIVRD err:000',
    );
    const deliver = (sequence: number) => {
      const body = { ...SMS, esm_class: 4, short_message: receipt };
      smsc.peers[0]?.send(encodePdu({ command: 'deliver_sm', status: 0, sequence, body, tlvs: {} }));
      return answerTo(sequence);
    };
    route.storing.works = false;
    expect(await deliver(1)).to.include({ status: ESME.RX_T_APPN });
    route.storing.works = true;
    expect(await deliver(2)).to.include({ status: ESME.ROK });
    expect(await deliver(3)).to.include({ status: ESME.ROK });
    expect(route.receipts).to.deep.equal(new Array(2).fill({ carrierId: '7', state: 'delivered' }));
  });

  it('finishes a long SMS of which a part was accepted after a new connection', async () => {
    await open((pdu, peer) => {
      if (!isSubmit(pdu)) return false;
      const [, , , , , part] = pdu.body.short_message;
      if (part === 2 && peer.number === 1) {
        peer.answer(pdu, ESME.RTHROTTLED);
        peer.socket.destroySoon();
      } else {
        peer.answer(pdu, ESME.ROK, `part ${part}`);
      }
      return true;
    });
    const result = await route.text('x'.repeat(200));
    expect(result).to.deep.equal({ kind: 'accepted', carrierIds: ['part 1', 'part 2'], segments: 2 });
    expect(binds()).to.equal(2);
  });

  it('sends nothing of a long SMS whose first part is refused, and tells parts that may have gone', async () => {
    let status: number = ESME.RINVDSTADR;
    await open((pdu, peer) => {
      if (!isSubmit(pdu)) return false;
      const [, , , , , part] = pdu.body.short_message;
      peer.answer(pdu, part === 1 ? status : ESME.RSYSERR, 'first');
      return true;
    });
    const refused = { kind: 'refused', permanent: true, reason: 'ESME_RINVDSTADR' };
    expect(await route.text('x'.repeat(400))).to.deep.equal(refused);
    expect(seen.filter(isSubmit).length).to.equal(1);
    status = ESME.ROK;
    const half = { kind: 'unknown', carrierIds: ['first'], segments: 1 };
    expect(await route.text('x'.repeat(400))).to.deep.equal(half);
  });

  it('gives up an SMS that the carrier wants later than it is valid', async () => {
    await open((pdu, peer) => {
      if (isSubmit(pdu)) peer.answer(pdu, ESME.RMSGQFUL);
      return isSubmit(pdu);
    });
    const result = await route.text('x', { validUntil: Date.now() + 500 });
    expect(result).to.deep.equal({ kind: 'refused', permanent: true, reason: 'EXPIRED' });
  });

  it('closes politely: what is under way ends first, what waits is given back', async () => {
    const submits: Pdu[] = [];
    await open(
      (pdu) => {
        if (isSubmit(pdu)) submits.push(pdu);
        return isSubmit(pdu);
      },
      { window: 2 },
    );
    const results = Promise.all(['a', 'b', 'c'].map((text) => route.text(text)));
    while (submits.length < 2) await once(smsc.peers[0]?.socket as never, 'data');
    const closed = route.close();
    expect(route.up()).to.equal(false);
    expect(await route.text('d')).to.deep.equal({ kind: 'unavailable' });
    for (const pdu of submits) smsc.peers[0]?.answer(pdu, ESME.ROK, 'x');
    expect((await results).map(({ kind }) => kind)).to.deep.equal(['accepted', 'accepted', 'unavailable']);
    await closed;
    expect(seen.at(-1)?.command).to.equal('unbind');
    expect(route.codes.at(-1)).to.equal('CLOSED');
  });

  it('closes only when a long SMS is whole, also where its parts wait for the throughput', async () => {
    let first: Pdu | null = null;
    await open(
      (pdu, peer) => {
        if (!isSubmit(pdu)) return false;
        if (first) peer.answer(pdu, ESME.ROK, 'other');
        first ??= pdu;
        return true;
      },
      { throughput: 10 },
    );
    const result = route.text('x'.repeat(400));
    while (!first) await once(smsc.peers[0]?.socket as never, 'data');
    const closed = route.close();
    smsc.peers[0]?.answer(first, ESME.ROK, 'first');
    expect(await result).to.include({ kind: 'accepted', segments: 3 });
    await closed;
  });

  async function answerTo(sequence: number): Promise<Pdu | undefined> {
    const find = () => seen.find((pdu) => pdu.sequence === sequence && pdu.command === 'deliver_sm_resp');
    while (!find()) await once(smsc.peers[0]?.socket as never, 'data');
    return find();
  }
});

const SMS = {
  service_type: '',
  source_addr_ton: 1,
  source_addr_npi: 1,
  source_addr: '32470000001',
  dest_addr_ton: 0,
  dest_addr_npi: 0,
  destination_addr: '8080',
  esm_class: 0,
  protocol_id: 0,
  priority_flag: 0,
  schedule_delivery_time: '',
  validity_period: '',
  registered_delivery: 0,
  replace_if_present_flag: 0,
  data_coding: 0,
  sm_default_msg_id: 0,
};
