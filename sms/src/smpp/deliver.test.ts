import { expect } from 'chai';
import fc from 'fast-check';
import { concatenationHeader, encodeUcs2 } from '../text/index.ts';
import type { Body, Tlvs } from './codec.ts';
import { carrierIdNotations, readDelivery } from './deliver.ts';

const BODY: Body<'deliver_sm'> = {
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
  short_message: Buffer.from('STOP'),
};

function read(body: Partial<Body<'deliver_sm'>>, tlvs: Tlvs = {}) {
  return readDelivery({ command: 'deliver_sm', status: 0, sequence: 1, body: { ...BODY, ...body }, tlvs });
}

const receiptText = (stat: string) =>
  Buffer.from(`id:00c0ffee sub:001 dlvrd:001 submit date:2607251200 done date:2607251201 stat:${stat} err:000 text:x`);

describe('receipts', () => {
  it('are read from the text of SMPP 3.4 appendix B', () => {
    const outcome = (stat: string) => {
      const delivery = read({ esm_class: 0x04, short_message: receiptText(stat) });
      return delivery.kind === 'receipt' ? delivery.receipt : null;
    };
    for (const stat of ['DELIVRD', 'DELIVERED', 'delivrd']) {
      expect(outcome(stat)).to.deep.equal({ carrierId: '00c0ffee', state: 'delivered' });
    }
    for (const [stat, reason] of Object.entries({
      EXPIRED: 'RECEIPT_EXPIRED',
      UNDELIV: 'RECEIPT_UNDELIVERABLE',
      REJECTD: 'RECEIPT_REJECTED',
      DELETED: 'RECEIPT_DELETED',
      UNKNOWN: 'RECEIPT_UNKNOWN',
      UNDELIVERABLE: 'RECEIPT_UNDELIVERABLE',
      REJECTED: 'RECEIPT_REJECTED',
    })) {
      expect(outcome(stat)).to.deep.equal({ carrierId: '00c0ffee', state: 'failed', reason });
    }
    const open = ['ENROUTE', 'SCHEDULED', 'ACCEPTD', 'ACCEPTED', 'WHATEVER', ''];
    for (const stat of open) expect(outcome(stat), stat).to.deep.equal({ carrierId: '00c0ffee', state: 'pending' });
  });

  it('are ASCII whatever data_coding says, or UCS-2', () => {
    const carrierId = 'a_b@c$[1]{2}~|^';
    const text = `id:${carrierId} sub:001 dlvrd:001 stat:DELIVRD err:000`;
    const ofCoding = (data_coding: number, short_message: Buffer) => read({ esm_class: 4, data_coding, short_message });
    for (const data_coding of [0, 1, 2, 3, 4, 0xf1, 0xf5]) {
      expect(ofCoding(data_coding, Buffer.from(text)), String(data_coding)).to.deep.equal({
        kind: 'receipt',
        receipt: { carrierId, state: 'delivered' },
      });
    }
    expect(ofCoding(8, encodeUcs2(text))).to.have.nested.property('receipt.carrierId', carrierId);
  });

  it('are read from their parameters first', () => {
    const tlvs = { receipted_message_id: '12648430', message_state: 5 };
    expect(read({ esm_class: 0x04, short_message: receiptText('DELIVRD') }, tlvs)).to.deep.equal({
      kind: 'receipt',
      receipt: { carrierId: '12648430', state: 'failed', reason: 'RECEIPT_UNDELIVERABLE' },
    });
  });

  it('do not come from a phone that writes like a carrier', () => {
    expect(read({ short_message: receiptText('DELIVRD') }).kind).to.equal('sms');
  });

  it('without an id are useless, and intermediate ones never final failures', () => {
    expect(read({ esm_class: 0x04, short_message: Buffer.from('hello') }).kind).to.equal('useless');
    const early = read({ esm_class: 0x20, short_message: receiptText('UNDELIV') });
    expect(early).to.deep.include({ receipt: { carrierId: '00c0ffee', state: 'pending' } });
  });
});

describe('inbound SMS', () => {
  it('are decoded by their data_coding', () => {
    const text = (data_coding: number, octets: Buffer) => {
      const delivery = read({ data_coding, short_message: octets });
      return delivery.kind === 'sms' ? delivery.text : delivery.kind;
    };
    expect(text(0, Buffer.from('1b65204a6f09', 'hex'))).to.equal('€ JoÇ');
    expect(text(1, Buffer.from('STOP [1]'))).to.equal('STOP [1]');
    expect(text(3, Buffer.from('ARRÊT', 'latin1'))).to.equal('ARRÊT');
    expect(text(8, encodeUcs2('ça 😀'))).to.equal('ça 😀');
    expect(text(0xf1, Buffer.from('00', 'hex'))).to.equal('@');
    expect(text(4, Buffer.from('00ff', 'hex'))).to.equal('useless');
  });

  it('have numbers in E.164, short codes as they are', () => {
    expect(read({})).to.deep.include({ from: '+32470000001', to: '8080', text: 'STOP' });
    expect(read({ source_addr_ton: 0 })).to.deep.include({ from: '+32470000001' });
    expect(read({ source_addr_ton: 5, source_addr: 'Info' })).to.deep.include({ from: 'Info' });
  });

  it('come in parts by header or by sar parameters, and whole in message_payload', () => {
    const concatenation = { reference: 9, total: 2, part: 1 };
    const short_message = Buffer.concat([concatenationHeader(concatenation), Buffer.from('ab')]);
    expect(read({ esm_class: 0x40, short_message })).to.deep.include({ text: 'ab', concatenation });
    const sar = { sar_msg_ref_num: 9, sar_total_segments: 2, sar_segment_seqnum: 1 };
    expect(read({}, sar)).to.deep.include({ concatenation });
    const whole = read({ short_message: Buffer.alloc(0) }, { message_payload: Buffer.from('long') });
    expect(whole).to.deep.include({ text: 'long', concatenation: null });
  });
});

describe('deliveries', () => {
  it('are read whatever the octets are', () => {
    fc.assert(
      fc.property(fc.nat(255), fc.nat(255), fc.uint8Array({ maxLength: 254 }), (esm_class, data_coding, octets) => {
        const delivery = read({ esm_class, data_coding, short_message: Buffer.from(octets) });
        expect(delivery.kind).to.be.oneOf(['receipt', 'sms', 'useless']);
      }),
    );
  });
});

describe('notations of a carrier’s message id', () => {
  it('begin with the id itself and hold the others that carriers use', () => {
    expect(carrierIdNotations('12648430')[0]).to.equal('12648430');
    expect(carrierIdNotations('12648430')).to.include.members(['c0ffee', 'C0FFEE', '00c0ffee', '00C0FFEE']);
    expect(carrierIdNotations('00C0FFEE')).to.include.members(['00c0ffee', 'c0ffee', '12648430', '0012648430']);
    expect(carrierIdNotations('0000000123')).to.include.members(['123', '7b']);
    expect(carrierIdNotations('d34f-uuid')).to.deep.equal(['d34f-uuid', 'D34F-UUID']);
  });

  it('find a decimal id that was given in hexadecimal, and back', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.boolean(), fc.boolean(), (id, upper, padded) => {
        const bare = upper ? id.toString(16).toUpperCase() : id.toString(16);
        const hexadecimal = padded ? bare.padStart(16, '0') : bare;
        expect(carrierIdNotations(id.toString())).to.include(hexadecimal);
        expect(carrierIdNotations(hexadecimal)).to.include(id.toString());
      }),
    );
  });
});
