/** From an SMS to the submit_sm PDUs that carry it: one, or one per segment. */
import type { OutgoingSms } from '../route.ts';
import { concatenationHeader, type Originator, originatorOf, segment } from '../text/index.ts';
import type { Body, Tlvs } from './codec.ts';

/** How a long text travels: parts with a header of an 8 or 16-bit reference, or whole for the carrier to divide. */
export type LongMessages = 'udh-8-bit' | 'udh-16-bit' | 'message_payload';

/** Type of number and numbering plan, SMPP 3.4 §5.2.5 and §5.2.6. */
export interface AddressType {
  ton: number;
  npi: number;
}

export interface SubmitOptions {
  longMessages: LongMessages;
  /** Who it is from where the SMS names nobody; without, the carrier decides. */
  sender?: string | undefined;
  /** Where a carrier wants others than those that follow from the address. */
  sourceType?: AddressType | undefined;
  destinationType?: AddressType | undefined;
}

export interface Submission {
  body: Body<'submit_sm'>;
  tlvs: Tlvs;
  /** As the carrier counts and bills. */
  segments: number;
  /** UTC milliseconds. */
  validUntil: number;
  /** See {@link OutgoingSms}. */
  tryMs: number;
}

const UDH_INDICATOR = 0x40;
const DATA_CODING = { gsm: 0x00, ucs2: 0x08 } as const;
/** Total in a concatenation header is one octet. */
const MOST_PARTS = 255;
const NO_TLVS: Tlvs = {};
const NOTHING = Buffer.alloc(0);

const INTERNATIONAL: AddressType = { ton: 1, npi: 1 };
const UNKNOWN: AddressType = { ton: 0, npi: 0 };
const SOURCE_TYPES: Record<Originator['kind'], AddressType> = {
  international: INTERNATIONAL,
  short: { ton: 3, npi: 0 },
  number: UNKNOWN,
  alphanumeric: { ton: 5, npi: 0 },
};

/**
 * The PDUs of one SMS, in order; `reference` is what its parts share. Or a code when it cannot be sent like this:
 * `SENDER_INVALID` (the route's own sender is no originator) or `TEXT_TOO_LONG` (over 255 parts). The route's sender stands
 * in for an originator of the SMS that no route carries.
 */
export function submissionsOf(
  sms: OutgoingSms,
  options: SubmitOptions,
  reference: number,
  now = Date.now(),
): Submission[] | 'SENDER_INVALID' | 'TEXT_TOO_LONG' {
  const source = sourceAddress(sms.from, options);
  if (!source) return 'SENDER_INVALID';
  const bits = options.longMessages === 'udh-16-bit' ? 16 : 8;
  const { encoding, segments } = segment(sms.text, bits);
  if (segments.length > MOST_PARTS) return 'TEXT_TOO_LONG';
  const { ton, npi } = options.destinationType ?? INTERNATIONAL;
  const { validUntil, tryMs = Number.POSITIVE_INFINITY } = sms;

  const submission = (esm_class: number, short_message: Buffer, tlvs: Tlvs, count: number): Submission => ({
    body: {
      service_type: '',
      ...source,
      dest_addr_ton: ton,
      dest_addr_npi: npi,
      destination_addr: digitsOf(sms.to),
      esm_class,
      protocol_id: 0,
      priority_flag: 0,
      schedule_delivery_time: '',
      validity_period: absoluteTime(Math.min(validUntil, now + tryMs)),
      registered_delivery: 1,
      replace_if_present_flag: 0,
      data_coding: DATA_CODING[encoding],
      sm_default_msg_id: 0,
      short_message,
    },
    tlvs,
    segments: count,
    validUntil,
    tryMs,
  });

  const total = segments.length;
  const [only] = segments;
  if (total === 1 && only) return [submission(0, only, NO_TLVS, 1)];
  if (options.longMessages === 'message_payload') {
    const message_payload = Buffer.concat(segments);
    return [submission(0, NOTHING, { message_payload }, total)];
  }
  return segments.map((bytes, i) => {
    const header = concatenationHeader({ reference, total, part: i + 1 }, bits);
    return submission(UDH_INDICATOR, Buffer.concat([header, bytes]), NO_TLVS, 1);
  });
}

/** To be called when it leaves, at `now` (UTC milliseconds): the carrier's time to try runs from then. */
export function refreshValidity({ body, validUntil, tryMs }: Submission, now: number): void {
  if (now + tryMs < validUntil) body.validity_period = absoluteTime(now + tryMs);
}

type Source = Pick<Body<'submit_sm'>, 'source_addr_ton' | 'source_addr_npi' | 'source_addr'>;

function sourceAddress(from: string | undefined, { sender, sourceType }: SubmitOptions): Source | null {
  const wished = from === undefined ? null : originatorOf(from);
  const originator = wished ?? (sender === undefined ? null : originatorOf(sender));
  if (!originator && sender !== undefined) return null;
  const { ton, npi } = sourceType ?? (originator ? SOURCE_TYPES[originator.kind] : UNKNOWN);
  return { source_addr_ton: ton, source_addr_npi: npi, source_addr: originator?.address ?? '' };
}

function digitsOf(number: string): string {
  return number.startsWith('+') ? number.slice(1) : number;
}

let lastSecond = 0;
let lastSecondText = absoluteSecond(0);

/** UTC milliseconds, rounded down to a second, in SMPP's absolute format. Messages of one second are many. */
function absoluteTime(time: number): string {
  const second = Math.floor(time / 1000);
  if (second !== lastSecond) {
    lastSecondText = absoluteSecond(second);
    lastSecond = second;
  }
  return lastSecondText;
}

/** YYMMDDhhmmss, no tenths, no quarter hours ahead of UTC (SMPP 3.4 §7.1.1). */
function absoluteSecond(second: number): string {
  const digits = new Date(second * 1000).toISOString().replace(/\D/g, '');
  return `${digits.slice(2, 14)}000+`;
}
