/** What a carrier's deliver_sm or data_sm says: a receipt, or an SMS from a phone, perhaps one part of it. */
import type { Receipt } from '../route.ts';
import { type Concatenation, decodeGsm, decodeUcs2, readHeader } from '../text/index.ts';
import type { CarrierRequest } from './connection.ts';

export type Delivery =
  | { kind: 'receipt'; receipt: Receipt }
  | { kind: 'sms'; from: string; to: string; text: string; concatenation: Concatenation | null }
  /** Binary, or a receipt without an id: nothing that anybody could do something with. */
  | { kind: 'useless'; why: 'DELIVERY_BINARY' | 'RECEIPT_WITHOUT_ID' };

/** esm_class, SMPP 3.4 §5.2.12. */
const UDH_INDICATOR = 0x40;
const MESSAGE_TYPE = 0x3c;
const RECEIPT = 0x04;
const INTERMEDIATE = 0x20;
const INTERNATIONAL = 1;
/** data_coding. */
const UCS2 = 0x08;

/**
 * Only the carrier's own marks (esm_class, receipted_message_id) make a receipt: a text in a receipt's form may come from
 * anybody's phone.
 */
export function readDelivery({ body, tlvs }: CarrierRequest): Delivery {
  const type = body.esm_class & MESSAGE_TYPE;
  const octets = octetsOf({ body, tlvs });
  const { concatenation, body: content } =
    body.esm_class & UDH_INDICATOR ? readHeader(octets) : { concatenation: concatenationOf(tlvs), body: octets };
  if (type === RECEIPT || type === INTERMEDIATE || tlvs.receipted_message_id !== undefined) {
    // ASCII, whatever alphabet data_coding names for what phones write.
    const text = body.data_coding === UCS2 ? decodeUcs2(content) : content.toString('latin1');
    const receipt = readReceipt(text, tlvs, type === INTERMEDIATE);
    return receipt ? { kind: 'receipt', receipt } : { kind: 'useless', why: 'RECEIPT_WITHOUT_ID' };
  }
  const text = decodeText(content, body.data_coding);
  if (text === null) return { kind: 'useless', why: 'DELIVERY_BINARY' };
  const from = numberOf(body.source_addr, body.source_addr_ton);
  const to = numberOf(body.destination_addr, body.dest_addr_ton);
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

/** data_coding, SMPP 3.4 §5.2.19; null for binary. What is not listed is read as Latin-1. */
function decodeText(octets: Buffer, dataCoding: number): string | null {
  switch (dataCoding) {
    case 0x00:
    // With a message class, the GSM default alphabet (3GPP TS 23.038 §4).
    case 0xf0:
    case 0xf1:
    case 0xf2:
    case 0xf3:
      return decodeGsm(octets);
    case UCS2:
      return decodeUcs2(octets);
    case 0x02:
    case 0x04:
    case 0xf4:
    case 0xf5:
    case 0xf6:
    case 0xf7:
      return null;
    default:
      return octets.toString('latin1');
  }
}

/** E.164 where the carrier says that it is, or where it can be nothing else; short codes and names as they are. */
function numberOf(address: string, ton: number): string {
  if (address.startsWith('+')) return address;
  const isInternational = ton === INTERNATIONAL || (ton === 0 && address.length > 8 && !address.startsWith('0'));
  return isInternational && /^\d+$/.test(address) ? `+${address}` : address;
}

type Outcome = Pick<Receipt, 'state' | 'reason'>;
const PENDING: Outcome = { state: 'pending' };
const failed = (reason: string): Outcome => ({ state: 'failed', reason });
/** As §5.2.28 numbers them, with the words of appendix B and spelled out. What is not here decides nothing. */
const OUTCOMES: { code: number; texts: string[]; outcome: Outcome }[] = [
  { code: 2, texts: ['DELIVRD', 'DELIVERED'], outcome: { state: 'delivered' } },
  { code: 3, texts: ['EXPIRED'], outcome: failed('RECEIPT_EXPIRED') },
  { code: 4, texts: ['DELETED'], outcome: failed('RECEIPT_DELETED') },
  { code: 5, texts: ['UNDELIV', 'UNDELIVERABLE'], outcome: failed('RECEIPT_UNDELIVERABLE') },
  // Final by the letter, but carriers give it when they take a message in.
  { code: 6, texts: ['ACCEPTD', 'ACCEPTED'], outcome: PENDING },
  { code: 7, texts: ['UNKNOWN'], outcome: failed('RECEIPT_UNKNOWN') },
  { code: 8, texts: ['REJECTD', 'REJECTED'], outcome: failed('RECEIPT_REJECTED') },
];

/** From the TLVs, else from the text of SMPP 3.4 appendix B; null without an id. */
function readReceipt(text: string, tlvs: CarrierRequest['tlvs'], intermediate: boolean): Receipt | null {
  const carrierId = tlvs.receipted_message_id ?? /\bid:\s*([^\s]+)/i.exec(text)?.[1];
  if (!carrierId) return null;
  const stat = /\bstat:\s*([a-z]+)/i.exec(text)?.[1]?.toUpperCase() ?? '';
  const known = OUTCOMES.find(({ code, texts }) =>
    tlvs.message_state === undefined ? texts.includes(stat) : code === tlvs.message_state,
  );
  const outcome = known?.outcome ?? PENDING;
  return { carrierId, ...(intermediate && outcome.state === 'failed' ? PENDING : outcome) };
}

/**
 * The forms in which a carrier may write the id of its own message elsewhere, the given one first, then from the
 * likeliest to the least likely: other case, leading zeros gone or filled up to 8, 10 or 16 digits, decimal for hexadecimal
 * and the other way round. Two messages may answer to one form, so the first form that matches is the one to believe.
 */
export function carrierIdNotations(id: string): string[] {
  const forms = new Set([id, id.toLowerCase(), id.toUpperCase()]);
  const values = [id];
  if (/^\d{1,20}$/.test(id)) values.push(BigInt(id).toString(16));
  if (/^[\da-f]{1,16}$/i.test(id)) values.push(BigInt(`0x${id}`).toString(10));
  for (const value of values) {
    if (!/^[\da-f]+$/i.test(value)) continue;
    const bare = value.replace(/^0+(?=.)/, '');
    for (const form of [bare, ...[8, 10, 16].map((digits) => bare.padStart(digits, '0'))]) {
      forms.add(form).add(form.toLowerCase()).add(form.toUpperCase());
    }
  }
  return [...forms];
}
