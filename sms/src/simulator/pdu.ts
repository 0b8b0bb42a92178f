/**
 * The PDUs of SMPP 3.4 that an SMSC reads and writes most, laid out by hand for speed. Written apart from the client's
 * session on purpose: two readings of the specification judge one another.
 */

/** SMPP 3.4 §5.1.2.1 */
export const COMMAND = {
  bindReceiver: 0x01,
  bindTransmitter: 0x02,
  submitSm: 0x04,
  deliverSm: 0x05,
  unbind: 0x06,
  bindTransceiver: 0x09,
  enquireLink: 0x15,
} as const;

export const RESPONSE = 0x8000_0000;
export const GENERIC_NACK = 0x8000_0000;

/** SMPP 3.4 §5.1.3 */
export const STATUS = {
  ok: 0x00,
  invalidMessageLength: 0x01,
  invalidCommandLength: 0x02,
  invalidCommandId: 0x03,
  invalidBindStatus: 0x04,
  alreadyBound: 0x05,
  invalidDestination: 0x0b,
  invalidPassword: 0x0e,
  queueFull: 0x14,
  submitFailed: 0x45,
  throttled: 0x58,
} as const;

export const HEADER_LENGTH = 16;
/** Far above any PDU with one message in it; more is not SMPP. */
export const MAXIMUM_LENGTH = 70_000;

const TLV = {
  sarReference: 0x020c,
  sarTotal: 0x020e,
  sarPart: 0x020f,
  payload: 0x0424,
  receiptedId: 0x001e,
  state: 0x0427,
};

const INTERNATIONAL = 1;
const ISDN = 1;
const ALPHANUMERIC = 5;
const DIGITS = /^\d+$/;

export interface SubmitSm {
  from: string;
  /** E.164 with its plus sign when the type of number is international. */
  to: string;
  esmClass: number;
  dataCoding: number;
  /** SMPP 3.4 §5.2.17 */
  registeredDelivery: number;
  /** User data of short_message or message_payload. Part of the buffer that was read: copy what is kept. */
  userData: Buffer;
  sar: { reference: number; total: number; part: number } | null;
}

/** Reads the body of a submit_sm; null when it does not end where it says. */
export function readSubmitSm(pdu: Buffer): SubmitSm | null {
  let at = skipString(pdu, HEADER_LENGTH);
  const fromType = pdu[at] ?? 0;
  const fromStart = at + 2;
  at = skipString(pdu, fromStart);
  const from = number(pdu.toString('latin1', fromStart, at - 1), fromType);
  const toType = pdu[at] ?? 0;
  const toStart = at + 2;
  at = skipString(pdu, toStart);
  const to = number(pdu.toString('latin1', toStart, at - 1), toType);
  const esmClass = pdu[at] ?? 0;
  at = skipString(pdu, skipString(pdu, at + 3));
  if (at + 5 > pdu.length) return null;
  const registeredDelivery = pdu[at] as number;
  const dataCoding = pdu[at + 2] as number;
  const end = at + 5 + (pdu[at + 4] as number);
  if (end > pdu.length) return null;
  const submit: SubmitSm = {
    from,
    to,
    esmClass,
    dataCoding,
    registeredDelivery,
    userData: pdu.subarray(at + 5, end),
    sar: null,
  };
  return end === pdu.length || readParameters(pdu, end, submit) ? submit : null;
}

function readParameters(pdu: Buffer, start: number, submit: SubmitSm): boolean {
  const sar = { reference: 0, total: 0, part: 0 };
  let at = start;
  for (; at + 4 <= pdu.length; at += 4 + pdu.readUInt16BE(at + 2)) {
    const value = pdu.subarray(at + 4, at + 4 + pdu.readUInt16BE(at + 2));
    const tag = pdu.readUInt16BE(at);
    if (tag === TLV.payload) submit.userData = value;
    if (tag === TLV.sarReference && value.length === 2) sar.reference = value.readUInt16BE(0);
    if (tag === TLV.sarTotal) sar.total = value[0] ?? 0;
    if (tag === TLV.sarPart) sar.part = value[0] ?? 0;
  }
  if (sar.part >= 1 && sar.part <= sar.total) submit.sar = sar;
  return at === pdu.length;
}

/** Just after the zero octet; past the end of the buffer when there is none. */
function skipString(pdu: Buffer, start: number): number {
  let at = start;
  while (at < pdu.length && pdu[at] !== 0) at++;
  return at + 1;
}

function number(address: string, type: number): string {
  return type === INTERNATIONAL && !address.startsWith('+') ? `+${address}` : address;
}

/** What a bind says about who binds: SMPP 3.4 §4.1. */
export function readBind(pdu: Buffer): { systemId: string; password: string } | null {
  const passwordStart = skipString(pdu, HEADER_LENGTH);
  const end = skipString(pdu, passwordStart);
  if (end > pdu.length) return null;
  return {
    systemId: pdu.toString('latin1', HEADER_LENGTH, passwordStart - 1),
    password: pdu.toString('latin1', passwordStart, end - 1),
  };
}

export interface DeliverSm {
  from: string;
  to: string;
  /** 0x04: a receipt. 0x40: user data begins with a header. */
  esmClass: number;
  dataCoding: number;
  userData: Buffer | string;
  /** Adds receipted_message_id and message_state, SMPP 3.4 §5.3.2.12 and §5.3.2.35. */
  receipt?: { id: string; state: number };
}

/** Collects PDUs, so that hundreds of them go out in one write. */
export interface PduWriter {
  /** A PDU of which the body is nothing or one string. */
  plain(command: number, status: number, sequence: number, text?: string): void;
  deliverSm(sequence: number, message: DeliverSm): void;
  raw(octets: Buffer): void;
  /** What has been collected since the last time; empty when nothing was. */
  take(): Buffer;
}

const BLOCK = 32_768;

export function createPduWriter(): PduWriter {
  let block = Buffer.allocUnsafe(BLOCK);
  let end = 0;

  function reserve(length: number): void {
    if (end + length <= block.length) return;
    const larger = Buffer.allocUnsafe(Math.max(block.length * 2, end + length));
    block.copy(larger, 0, 0, end);
    block = larger;
  }

  function header(length: number, command: number, status: number, sequence: number): void {
    block.writeUInt32BE(length, end);
    block.writeUInt32BE(command, end + 4);
    block.writeUInt32BE(status, end + 8);
    block.writeUInt32BE(sequence, end + 12);
    end += HEADER_LENGTH;
  }

  function string(text: string): void {
    end += block.write(text, end, 'latin1');
    block[end++] = 0;
  }

  function octets(...values: number[]): void {
    for (const value of values) block[end++] = value;
  }

  function address(value: string): void {
    if (value.startsWith('+')) {
      octets(INTERNATIONAL, ISDN);
      string(value.slice(1));
      return;
    }
    if (DIGITS.test(value)) octets(0, ISDN);
    else octets(ALPHANUMERIC, 0);
    string(value);
  }

  return {
    plain(command, status, sequence, text) {
      reserve(HEADER_LENGTH + (text?.length ?? 0) + 1);
      header(HEADER_LENGTH + (text === undefined ? 0 : text.length + 1), command, status, sequence);
      if (text !== undefined) string(text);
    },
    deliverSm(sequence, { from, to, esmClass, dataCoding, userData, receipt }) {
      reserve(HEADER_LENGTH + 2 * 24 + userData.length + 100);
      const start = end;
      end += HEADER_LENGTH;
      octets(0);
      address(from);
      address(to);
      octets(esmClass, 0, 0, 0, 0, 0, 0, dataCoding, 0, userData.length);
      end += typeof userData === 'string' ? block.write(userData, end, 'latin1') : userData.copy(block, end);
      if (receipt) {
        octets(TLV.receiptedId >> 8, TLV.receiptedId & 0xff, 0, receipt.id.length + 1);
        string(receipt.id);
        octets(TLV.state >> 8, TLV.state & 0xff, 0, 1, receipt.state);
      }
      const length = end - start;
      end = start;
      header(length, COMMAND.deliverSm, STATUS.ok, sequence);
      end = start + length;
    },
    raw(octetsToSend) {
      reserve(octetsToSend.length);
      end += octetsToSend.copy(block, end);
    },
    take() {
      const taken = Buffer.from(block.subarray(0, end));
      end = 0;
      return taken;
    },
  };
}

/**
 * Divides a stream into PDUs. `pdu` gets one whole PDU, `violation` is called once when a length cannot be: what follows
 * has no beginning then, so nothing more is read.
 */
export function createPduReader(pdu: (pdu: Buffer) => void, violation: () => void): (chunk: Buffer) => void {
  let rest: Buffer = Buffer.alloc(0);
  let broken = false;
  return (chunk) => {
    if (broken) return;
    const data = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let at = 0;
    while (at + 4 <= data.length) {
      const length = data.readUInt32BE(at);
      if (length < HEADER_LENGTH || length > MAXIMUM_LENGTH) {
        broken = true;
        violation();
        return;
      }
      if (at + length > data.length) break;
      pdu(data.subarray(at, at + length));
      at += length;
    }
    rest = at === data.length ? Buffer.alloc(0) : Buffer.from(data.subarray(at));
  };
}
