/** What a carrier's deliver_sm or data_sm says: a receipt, or an SMS from a phone, perhaps one part of it. */
import { type Address, type CountryCode, e164Of } from '../numbers.ts';
import type { Receipt } from '../route.ts';
import { type Concatenation, decodeUcs2, readHeader } from '../text/index.ts';
import type { CarrierRequest } from './connection.ts';
import { alphabetOf, decodeText } from './data-coding.ts';
import { readReceipt } from './receipt.ts';

export type Delivery =
  /** `isOdd`: it names a state that nobody knows. */
  | { kind: 'receipt'; receipt: Receipt; isOdd: boolean }
  | { kind: 'sms'; from: string; to: string; text: string; concatenation: Concatenation | null }
  /** Binary, or a receipt without an id: nothing that anybody could do something with. */
  | { kind: 'useless'; why: 'DELIVERY_BINARY' | 'RECEIPT_WITHOUT_ID' };

/** esm_class, SMPP 3.4 §5.2.12. */
const UDH_INDICATOR = 0x40;
const MESSAGE_TYPE = 0x3c;
const RECEIPT = 0x04;
const INTERMEDIATE = 0x20;

/**
 * Only the carrier's own marks (esm_class, receipted_message_id) make a receipt: a text in a receipt's form may come from
 * anybody's phone. `country`: whose national numbers the carrier writes.
 */
export function readDelivery({ body, tlvs }: CarrierRequest, country?: CountryCode): Delivery {
  const type = body.esm_class & MESSAGE_TYPE;
  const octets = octetsOf({ body, tlvs });
  const { concatenation, body: content } =
    body.esm_class & UDH_INDICATOR ? readHeader(octets) : { concatenation: concatenationOf(tlvs), body: octets };
  if (type === RECEIPT || type === INTERMEDIATE || tlvs.receipted_message_id) {
    // ASCII, whatever alphabet data_coding names for what phones write.
    const text = alphabetOf(body.data_coding) === 'ucs2' ? decodeUcs2(content) : content.toString('latin1');
    const read = readReceipt(text, tlvs, type === INTERMEDIATE);
    return read ? { kind: 'receipt', ...read } : { kind: 'useless', why: 'RECEIPT_WITHOUT_ID' };
  }
  const text = decodeText(content, body.data_coding);
  if (text === null) return { kind: 'useless', why: 'DELIVERY_BINARY' };
  const { source_addr, source_addr_ton, source_addr_npi, destination_addr, dest_addr_ton, dest_addr_npi } = body;
  const from = numberOf({ address: source_addr, ton: source_addr_ton, npi: source_addr_npi }, country);
  const to = numberOf({ address: destination_addr, ton: dest_addr_ton, npi: dest_addr_npi }, country);
  return { kind: 'sms', from, to, text, concatenation };
}

function octetsOf({ body, tlvs }: Pick<CarrierRequest, 'body' | 'tlvs'>): Buffer {
  const short = 'short_message' in body ? body.short_message : undefined;
  return short && short.length > 0 ? short : (tlvs.message_payload ?? Buffer.alloc(0));
}

function concatenationOf(tlvs: CarrierRequest['tlvs']): Concatenation | null {
  const { sar_msg_ref_num: reference, sar_total_segments: total, sar_segment_seqnum: part } = tlvs;
  if (reference === undefined || total === undefined || part === undefined) return null;
  return part >= 1 && part <= total && total > 1 ? { reference, total, part } : null;
}

/** Short codes, names and what else cannot be read as they are. */
function numberOf(address: Address, country: CountryCode | undefined): string {
  return e164Of(address, country) ?? address.address;
}
