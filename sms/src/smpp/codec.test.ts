import { createRequire } from 'node:module';
import { expect } from 'chai';
import fc from 'fast-check';
import type { OutgoingSms } from '../route.ts';
import { decodeGsm } from '../text/index.ts';
import { type Body, decodePdu, encodePdu, MAX_LENGTH, type Pdu, roomFor } from './codec.ts';
import { createFraming } from './framing.ts';
import { ESME } from './status.ts';
import { type LongMessages, type Submission, submissionsOf } from './submit.ts';
import { type Dissected, dissect } from './testing/tshark.ts';

interface NpmPdu {
  toBuffer(): Buffer;
  [field: string]: unknown;
}
const npm: { PDU: new (command: string | Buffer, options?: object) => NpmPdu } = createRequire(import.meta.url)('smpp');

const text = (max: number) => fc.string({ unit: fc.constantFrom(...'AZaz09 .+-_~'), maxLength: max });
const octet = fc.nat(255);
const message: fc.Arbitrary<Body<'submit_sm'>> = fc.record({
  service_type: text(5),
  source_addr_ton: octet,
  source_addr_npi: octet,
  source_addr: text(20),
  dest_addr_ton: octet,
  dest_addr_npi: octet,
  destination_addr: text(20),
  esm_class: octet,
  protocol_id: octet,
  priority_flag: octet,
  schedule_delivery_time: text(16),
  validity_period: text(16),
  registered_delivery: octet,
  replace_if_present_flag: octet,
  data_coding: octet,
  sm_default_msg_id: octet,
  short_message: fc.uint8Array({ maxLength: 254 }).map((octets) => Buffer.from(octets)),
});
const tlvs = fc.record(
  {
    sar_msg_ref_num: fc.nat(0xffff),
    sar_total_segments: octet,
    message_state: octet,
    receipted_message_id: text(64),
    message_payload: fc.uint8Array({ maxLength: 2000 }).map((octets) => Buffer.from(octets)),
  },
  { requiredKeys: [] },
);
const sequence = fc.integer({ min: 1, max: 0x7fff_ffff });
const pdu: fc.Arbitrary<Pdu> = fc.oneof(
  fc.record({
    command: fc.constantFrom('submit_sm', 'deliver_sm'),
    status: fc.constant(0),
    sequence,
    body: message,
    tlvs,
  }),
  fc.record({
    command: fc.constantFrom('submit_sm_resp', 'deliver_sm_resp', 'data_sm_resp'),
    status: fc.constant(0),
    sequence,
    body: fc.record({ message_id: text(64) }),
    tlvs,
  }),
  fc.record({
    command: fc.constantFrom('bind_transceiver', 'bind_receiver', 'bind_transmitter'),
    status: fc.constant(0),
    sequence,
    body: fc.record({
      system_id: text(15),
      password: text(8),
      system_type: text(12),
      interface_version: octet,
      addr_ton: octet,
      addr_npi: octet,
      address_range: text(40),
    }),
    tlvs: fc.constant({}),
  }),
  fc.record({
    command: fc.constantFrom('enquire_link', 'enquire_link_resp', 'unbind', 'unbind_resp', 'generic_nack'),
    status: fc.nat(0xffff),
    sequence,
    body: fc.constant({}),
    tlvs: fc.constant({}),
  }),
) as fc.Arbitrary<Pdu>;

describe('SMPP codec', () => {
  it('reads what it wrote, within the room that it asked for', () => {
    fc.assert(
      fc.property(pdu, (given) => {
        const octets = encodePdu(given);
        expect(octets.length).to.be.at.most(roomFor(given));
        expect(octets.readUInt32BE(0)).to.equal(octets.length);
        expect(decodePdu(octets)).to.deep.equal(given);
      }),
    );
  });

  it('writes what the smpp package writes', () => {
    // That package makes a time of 16 characters of every other.
    const times = fc.constantFrom('', '260725120000000+');
    fc.assert(
      fc.property(message, sequence, times, (given, number, time) => {
        const body = { ...given, validity_period: time, schedule_delivery_time: time };
        const ours = encodePdu({ command: 'submit_sm', status: 0, sequence: number, body, tlvs: {} });
        const theirs = new npm.PDU('submit_sm', { ...body, sequence_number: number });
        expect(ours.toString('hex')).to.equal(theirs.toBuffer().toString('hex'));
      }),
    );
  });

  it('gives an answer with an error no body', () => {
    const octets = encodePdu({
      command: 'submit_sm_resp',
      status: ESME.RTHROTTLED,
      sequence: 1,
      body: { message_id: 'x' },
      tlvs: {},
    });
    expect(octets.length).to.equal(16);
    expect(decodePdu(octets)).to.deep.include({ status: ESME.RTHROTTLED, body: { message_id: '' } });
  });

  it('refuses to write a field that does not fit', () => {
    const nack = (command: 'submit_sm_resp', message_id: string) =>
      encodePdu({ command, status: 0, sequence: 1, body: { message_id }, tlvs: {} });
    for (const id of ['x'.repeat(65), 'a\0b', '€']) {
      expect(() => nack('submit_sm_resp', id)).to.throw(RangeError, 'PDU_FIELD_INVALID: message_id');
    }
  });

  it('finds every request that was cut short malformed, and never throws', () => {
    fc.assert(
      fc.property(message, fc.nat(1000), (body, at) => {
        const whole = encodePdu({ command: 'deliver_sm', status: 0, sequence: 7, body, tlvs: {} });
        const cut = whole.subarray(0, 16 + (at % (whole.length - 16)));
        expect(decodePdu(cut)).to.deep.equal({
          command: 'malformed',
          of: 'deliver_sm',
          sequence: 7,
          error: ESME.RINVCMDLEN,
        });
      }),
    );
    fc.assert(
      fc.property(fc.constantFrom(4, 5, 0x103, 9, 0x8000_0004, 0x8000_0009), fc.uint8Array(), (id, rest) => {
        const frame = Buffer.concat([Buffer.alloc(16), rest]);
        frame.writeUInt32BE(id, 4);
        expect(() => decodePdu(frame)).not.to.throw();
      }),
    );
  });

  it('says what is wrong with optional parameters, but forgives octets that pad', () => {
    const body = { message_id: 'x' };
    const read = (command: 'deliver_sm' | 'submit_sm_resp', tail: string) => {
      const fields = { ...fc.sample(message, 1)[0], ...body } as Body<'deliver_sm'> & Body<'submit_sm_resp'>;
      const octets = encodePdu({ command, status: 0, sequence: 7, body: fields, tlvs: {} } as Pdu);
      return decodePdu(Buffer.concat([octets, Buffer.from(tail, 'hex')]));
    };
    expect(read('deliver_sm', '0427000201')).to.include({ command: 'malformed', error: ESME.RINVOPTPARSTREAM });
    expect(read('deliver_sm', '042700020101')).to.include({ command: 'malformed', error: ESME.RINVPARLEN });
    expect(read('submit_sm_resp', '0427000201')).to.include({ command: 'submit_sm_resp' });
    expect(read('deliver_sm', '000000')).to.deep.include({ command: 'deliver_sm', tlvs: {} });
    expect(read('deliver_sm', '14010001ff0427000102')).to.deep.include({ tlvs: { message_state: 2 } });
    // A user_message_reference, of a length that cannot be: nobody needs it.
    expect(read('deliver_sm', '02040001010427000102')).to.deep.include({ tlvs: { message_state: 2 } });
  });

  it('tells unknown commands from unknown answers', () => {
    const frame = (id: string) => Buffer.from(`00000010${id}0000000000000005`, 'hex');
    for (const [id, wantsAnswer] of [
      ['00000003', true],
      ['80000102', false],
      // alert_notification and outbind, which have no answer.
      ['00000102', false],
      ['0000000b', false],
    ] as const) {
      expect(decodePdu(frame(id)), id).to.deep.equal({ command: 'unknown', sequence: 5, wantsAnswer });
    }
  });
});

describe('SMPP framing', () => {
  it('gives the same PDUs however the network cuts them', () => {
    fc.assert(
      fc.property(fc.array(pdu, { maxLength: 8 }), fc.array(fc.nat(3000)), (pdus, cuts) => {
        const stream = Buffer.concat(pdus.map((given) => encodePdu(given)));
        const read: unknown[] = [];
        const framing = createFraming((frame) => read.push(decodePdu(frame)) > 0);
        const ends = [...cuts.map((cut) => cut % (stream.length + 1)), stream.length].sort((a, b) => a - b);
        ends.forEach((end, i) => {
          expect(framing.push(stream.subarray(ends[i - 1] ?? 0, end))).to.equal(true);
        });
        expect(read).to.deep.equal(pdus);
      }),
    );
  });

  it('stops at a length that cannot be', () => {
    for (const length of [0, 15, MAX_LENGTH + 1, 70_000, 0xffff_ffff]) {
      const framing = createFraming(() => true);
      const head = Buffer.alloc(4);
      head.writeUInt32BE(length);
      expect(framing.push(head), String(length)).to.equal(false);
    }
  });
});

describe('submit_sm, judged by Wireshark', () => {
  const sms: fc.Arbitrary<OutgoingSms> = fc.record({
    id: fc.uuid(),
    to: fc.stringMatching(/^\+[1-9]\d{7,14}$/),
    from: fc.constantFrom('Gemeente', '+3225550123', '8080'),
    urgent: fc.boolean(),
    text: fc.oneof(
      fc.string({ unit: fc.constantFrom(...'abcàé@£€[]{}^~|\\ΔÇñÑ¿0123 \n'), maxLength: 500 }),
      fc.string({ unit: fc.constantFrom('ê', 'ç', 'a', '漢', '’', '😀', '\t'), maxLength: 250 }),
    ),
    validUntil: fc.integer({ min: Date.UTC(2026, 0), max: Date.UTC(2030, 0) }),
  });
  const longMessages = fc.constantFrom<LongMessages>('udh-8-bit', 'udh-16-bit', 'message_payload');

  it('says what the SMS says', () => {
    const samples = fc.sample(fc.tuple(sms, longMessages, fc.nat(0xffff)), { numRuns: 250, seed: 8 });
    const sent = samples.map(([given, longMessages, reference]) => ({
      given,
      reference: longMessages === 'udh-16-bit' ? reference : reference & 0xff,
      submissions: submissionsOf(given, { longMessages }, reference) as Submission[],
    }));
    const octets = sent.flatMap(({ submissions }) =>
      submissions.map(({ body, tlvs }) => encodePdu({ command: 'submit_sm', status: 0, sequence: 1, body, tlvs })),
    );
    const dissected = dissect(octets);
    expect(dissected.length).to.equal(octets.length);
    for (const { given, reference, submissions } of sent) {
      const parts = dissected.splice(0, submissions.length);
      expect(parts.map(textOf).join('')).to.equal(given.text);
      parts.forEach((part, i) => {
        expect(`+${part['smpp.destination_addr']}`).to.equal(given.to);
        expect(part['smpp.source_addr']).to.equal(given.from?.replace('+', ''));
        expect(part['smpp.source_addr_ton']).to.equal({ G: '0x05', '+': '0x01', '8': '0x03' }[given.from?.[0] ?? '']);
        expect(part['smpp.regdel.receipt']).to.equal('0x01');
        expect(Date.parse(part['smpp.validity_period'] ?? '')).to.equal(Math.floor(given.validUntil / 1000) * 1000);
        if (parts.length === 1) return;
        expect(part['smpp.esm.submit.features']).to.equal('0x01');
        expect(Number(part['gsm_sms.udh.mm.msg_id'] ?? part['gsm_sms.udh.mm.msg_id.16'])).to.equal(reference);
        expect(Number(part['gsm_sms.udh.mm.msg_parts'])).to.equal(parts.length);
        expect(Number(part['gsm_sms.udh.mm.msg_part'])).to.equal(i + 1);
      });
    }
  });

  it('comes from the route’s own sender where no route carries the one asked for', () => {
    const given: OutgoingSms = { id: '1', to: '+32470000001', text: 'x', validUntil: 0, urgent: false };
    const sourceOf = (from: string, sender?: string) => {
      const submissions = submissionsOf({ ...given, from }, { longMessages: 'udh-8-bit', sender }, 0);
      if (typeof submissions === 'string') return submissions;
      return submissions.map(({ body }) => [body.source_addr_ton, body.source_addr_npi, body.source_addr])[0];
    };
    for (const from of ['Gemeente Gent', 'Liège', 'Stad`', '12', ' ', '', 'Stad\u0000', '€€€€€€']) {
      expect(sourceOf(from, '8850'), from).to.deep.equal([3, 0, '8850']);
      expect(sourceOf(from), from).to.deep.equal([0, 0, '']);
    }
    expect(sourceOf('Stad Gent', '8850')).to.deep.equal([5, 0, 'Stad Gent']);
    expect(sourceOf('Stad[Gent]', 'Gent')).to.deep.equal([5, 0, 'Gent']);
    expect(sourceOf('Liège', 'Gemeente Gent')).to.equal('SENDER_INVALID');
  });

  it('is refused for a text of more than 255 parts', () => {
    const given: OutgoingSms = { id: '1', to: '+32470000001', text: 'x', validUntil: 0, urgent: false };
    const options = { longMessages: 'udh-8-bit' } as const;
    expect(submissionsOf({ ...given, text: 'x'.repeat(153 * 255 + 1) }, options, 0)).to.equal('TEXT_TOO_LONG');
    expect(submissionsOf({ ...given, text: 'x'.repeat(153 * 255) }, options, 0)).to.have.length(255);
  });
});

/** Wireshark's text; it knows no characters beyond 16 bits and no texts in message_payload, so those from its octets. */
function textOf(part: Dissected): string {
  const payload = part['smpp.message_payload'];
  const octets = Buffer.from((payload ?? part['smpp.message'] ?? '').replaceAll(':', ''), 'hex');
  const header = part['smpp.esm.submit.features'] === '0x01' ? 1 + (octets[0] ?? 0) : 0;
  if (part['smpp.data_coding'] === '0x08') {
    return new TextDecoder('utf-16be', { ignoreBOM: true }).decode(octets.subarray(header));
  }
  return payload === undefined ? (part['smpp.message_text'] ?? '') : decodeGsm(octets);
}
