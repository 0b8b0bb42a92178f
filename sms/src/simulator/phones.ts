import { decodeGsm, decodeUcs2, readHeader } from '../text/index.ts';

export type Encoding = 'gsm' | 'latin1' | 'ucs2' | 'binary';

/** One message as a person reads it, put together from its segments. */
export interface PhoneMessage {
  /** Counts up over all phones. */
  id: number;
  /** E.164: whose phone it is. */
  number: string;
  direction: 'to-phone' | 'from-phone';
  /** Who wrote it, or whom the person answers. */
  counterpart: string;
  text: string;
  encoding: Encoding;
  segments: number;
  /** UTC milliseconds */
  at: number;
  via: 'smpp' | 'ringring';
}

/** What arrives for a phone: a message, or one segment of it. */
export interface Arrival {
  number: string;
  counterpart: string;
  esmClass: number;
  dataCoding: number;
  /** Kept: not part of a buffer that is used again. */
  userData: Buffer;
  sar: { reference: number; total: number; part: number } | null;
  at: number;
  via: 'smpp' | 'ringring';
}

export interface Phone {
  /** Small whole number, for addresses on the page: those carry no phone number. */
  id: number;
  number: string;
  /** The latest ones, oldest first. */
  messages: readonly PhoneMessage[];
  /** How many there have been. */
  count: number;
}

export interface Phones {
  arrive(arrival: Arrival): void;
  /** The person behind `number` writes. */
  wrote(message: Omit<PhoneMessage, 'id' | 'direction'>): void;
  /** The phones with the latest messages, latest first. */
  list(): Phone[];
  byId(id: number): Phone | undefined;
  byNumber(number: string): Phone | undefined;
  /** All that are kept, oldest first. */
  messages(): PhoneMessage[];
  totals(): { messages: number; segments: number; phones: number; incomplete: number };
}

const MAXIMUM_PHONES = 200;
const MESSAGES_PER_PHONE = 50;
const MAXIMUM_INCOMPLETE = 1000;
const HEADER_INDICATOR = 0x40;

interface Incomplete {
  parts: (Buffer | undefined)[];
  missing: number;
}

/** Most messages of a load test are never read: their text is decoded when it is. */
interface KeptMessage extends Omit<PhoneMessage, 'text'> {
  text: string | Buffer[];
}

interface KeptPhone {
  id: number;
  number: string;
  messages: KeptMessage[];
  count: number;
}

/**
 * The phones of everybody: bounded, so that a load test fills no memory. The phone that has been quiet longest is
 * forgotten first; totals count everything. `changed` is called for every message, with how to read it.
 */
export function createPhones(changed: (phoneId: number, read: () => PhoneMessage) => void): Phones {
  /** Quiet longest first. */
  const phones = new Map<string, KeptPhone>();
  const byId = new Map<number, KeptPhone>();
  const incomplete = new Map<string, Incomplete>();
  let lastMessageId = 0;
  let lastPhoneId = 0;
  let segments = 0;

  function keep(message: KeptMessage): void {
    const phone = phones.get(message.number) ?? { id: ++lastPhoneId, number: message.number, messages: [], count: 0 };
    phones.delete(message.number);
    phones.set(message.number, phone);
    byId.set(phone.id, phone);
    phone.count++;
    phone.messages.push(message);
    if (phone.messages.length > MESSAGES_PER_PHONE) phone.messages.shift();
    if (phones.size > MAXIMUM_PHONES) forgetQuietest();
    changed(phone.id, () => readMessage(message));
  }

  function forgetQuietest(): void {
    const [quietest] = phones.values();
    if (!quietest) return;
    phones.delete(quietest.number);
    byId.delete(quietest.id);
  }

  /** All parts in order as soon as the last one is there. A part that comes twice counts once. */
  function gather(arrival: Arrival, part: NonNullable<Arrival['sar']>, body: Buffer): Buffer[] | null {
    const key = `${arrival.counterpart}\n${arrival.number}\n${part.reference}\n${part.total}`;
    const whole = incomplete.get(key) ?? { parts: Array(part.total).fill(undefined), missing: part.total };
    if (whole.parts[part.part - 1] === undefined) whole.missing--;
    whole.parts[part.part - 1] = body;
    if (whole.missing === 0) {
      incomplete.delete(key);
      return whole.parts as Buffer[];
    }
    incomplete.set(key, whole);
    const [oldest] = incomplete.keys();
    if (incomplete.size > MAXIMUM_INCOMPLETE && oldest !== undefined) incomplete.delete(oldest);
    return null;
  }

  return {
    arrive(arrival) {
      segments++;
      const header =
        arrival.esmClass & HEADER_INDICATOR
          ? readHeader(arrival.userData)
          : { concatenation: null, body: arrival.userData };
      const part = header.concatenation ?? arrival.sar;
      const parts = part ? gather(arrival, part, header.body) : [header.body];
      if (!parts) return;
      const { number, counterpart, at, via } = arrival;
      const encoding = encodingOf(arrival.dataCoding);
      const id = ++lastMessageId;
      const direction = 'to-phone';
      keep({ id, number, direction, counterpart, text: parts, encoding, segments: parts.length, at, via });
    },
    wrote: (message) => keep({ ...message, id: ++lastMessageId, direction: 'from-phone' }),
    list: () => [...phones.values()].map(readPhone).reverse(),
    byId: (id) => read(byId.get(id)),
    byNumber: (number) => read(phones.get(number)),
    messages: () =>
      [...phones.values()]
        .flatMap(({ messages }) => messages)
        .sort((a, b) => a.id - b.id)
        .map(readMessage),
    totals: () => ({ messages: lastMessageId, segments, phones: phones.size, incomplete: incomplete.size }),
  };
}

/** SMPP 3.4 §5.2.19 */
function encodingOf(dataCoding: number): Encoding {
  if (dataCoding === 0 || dataCoding >= 0xf0) return dataCoding & 0x04 ? 'binary' : 'gsm';
  if (dataCoding === 1 || dataCoding === 3) return 'latin1';
  return dataCoding === 8 ? 'ucs2' : 'binary';
}

function decode(bytes: Buffer, encoding: Encoding): string {
  if (encoding === 'gsm') return decodeGsm(bytes);
  if (encoding === 'ucs2') return decodeUcs2(bytes);
  return encoding === 'latin1' ? bytes.toString('latin1') : bytes.toString('hex');
}

function readMessage(message: KeptMessage): PhoneMessage {
  if (typeof message.text !== 'string') message.text = decode(Buffer.concat(message.text), message.encoding);
  return { ...message, text: message.text };
}

const readPhone = (phone: KeptPhone): Phone => ({ ...phone, messages: phone.messages.map(readMessage) });
const read = (phone: KeptPhone | undefined) => phone && readPhone(phone);
