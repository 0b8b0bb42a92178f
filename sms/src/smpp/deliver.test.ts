import { expect } from 'chai';
import fc from 'fast-check';
import { concatenationHeader, encodeUcs2 } from '../text/index.ts';
import type { Body, Tlvs } from './codec.ts';
import { readDelivery } from './deliver.ts';

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
    for (const stat of ['DELIVRD', 'DELIVERED', 'delivrd', 'DELIV']) {
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
      // Cut off, or spelled otherwise.
      REJECT: 'RECEIPT_REJECTED',
      REJ: 'RECEIPT_REJECTED',
      EXPIR: 'RECEIPT_EXPIRED',
      DELETE: 'RECEIPT_DELETED',
      UNDELIVERED: 'RECEIPT_UNDELIVERABLE',
      UNKNOW: 'RECEIPT_UNKNOWN',
      FAILED: 'RECEIPT_UNDELIVERABLE',
      SKIPPED: 'RECEIPT_UNDELIVERABLE',
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
        isOdd: false,
      });
    }
    for (const data_coding of [8, 0x18])
      expect(ofCoding(data_coding, encodeUcs2(text))).to.have.nested.property('receipt.carrierId', carrierId);
  });

  it('are read from their parameters first', () => {
    const tlvs = { receipted_message_id: '12648430', message_state: 5 };
    expect(read({ esm_class: 0x04, short_message: receiptText('DELIVRD') }, tlvs)).to.deep.equal({
      kind: 'receipt',
      receipt: { carrierId: '12648430', state: 'failed', reason: 'RECEIPT_UNDELIVERABLE' },
      isOdd: false,
    });
  });

  it('are read from their text where a parameter is empty or says nothing', () => {
    const delivered = { carrierId: '00c0ffee', state: 'delivered' };
    const short_message = receiptText('DELIVRD');
    for (const tlvs of [{ receipted_message_id: '' }, { receipted_message_id: ' ' }, { message_state: 99 }]) {
      expect(read({ esm_class: 0x04, short_message }, tlvs)).to.deep.include({ receipt: delivered });
    }
    const withoutId = Buffer.from('id: sub:001 dlvrd:001 stat:DELIVRD');
    expect(read({ esm_class: 0x04, short_message: withoutId }).kind).to.equal('useless');
    expect(read({}, { receipted_message_id: '' }).kind).to.equal('sms');
  });

  it('are marked when nobody knows the state that they name', () => {
    const isOdd = (stat: string) => read({ esm_class: 0x04, short_message: receiptText(stat) });
    for (const stat of ['ENROUTE', 'SCHEDULED', 'BUFFERED', 'ACCEPTD', 'DELIVRD']) {
      expect(isOdd(stat), stat).to.include({ isOdd: false });
    }
    for (const stat of ['WHATEVER', '']) expect(isOdd(stat), stat).to.include({ isOdd: true });
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

  it('are decoded by the scheme of phones too, of any class', () => {
    const stop = encodeUcs2('STOP');
    const text = (data_coding: number, octets: Buffer) => {
      const delivery = read({ data_coding, short_message: octets });
      return delivery.kind === 'sms' ? delivery.text : delivery.kind;
    };
    for (const data_coding of [0x18, 0x19, 0x1a, 0x1b, 0x48, 0x58, 0xe0, 0xe8]) {
      expect(text(data_coding, stop), data_coding.toString(16)).to.equal('STOP');
    }
    for (const data_coding of [0x10, 0x11, 0x1c, 0x50, 0x80, 0xc0, 0xd8, 0xf0, 0xf3]) {
      expect(text(data_coding, Buffer.from('1b65', 'hex')), data_coding.toString(16)).to.equal('€');
    }
    for (const data_coding of [0x02, 0x04, 0x14, 0x15, 0x20, 0x28, 0x64, 0xf5]) {
      expect(text(data_coding, stop), data_coding.toString(16)).to.equal('useless');
    }
  });

  it('have numbers in E.164, short codes as they are', () => {
    expect(read({})).to.deep.include({ from: '+32470000001', to: '8080', text: 'STOP' });
    expect(read({ source_addr_ton: 0 })).to.deep.include({ from: '+32470000001' });
    expect(read({ source_addr_ton: 5, source_addr: 'Info' })).to.deep.include({ from: 'Info' });
  });

  it('have national numbers in E.164 where the route says whose they are', () => {
    const national = { ...BODY, source_addr_ton: 2, source_addr: '0612345678' };
    const pdu = { command: 'deliver_sm' as const, status: 0, sequence: 1, body: national, tlvs: {} };
    expect(readDelivery(pdu, 'FR')).to.deep.include({ from: '+33612345678' });
    expect(readDelivery(pdu)).to.deep.include({ from: '0612345678' });
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
