/**
 * SMPP 3.4 PDUs to and from octets: the commands of a sending or receiving session, each a row of fields. Why it is our
 * own is in docs/decisions/0009-smpp-codec.md.
 */
import { ESME } from './status.ts';

type Type = 'int8' | 'cstring' | 'octets';
/** Name, type, and for a cstring how many octets it may take with its NUL, for octets how many. */
type Field = readonly [name: string, type: Type, max: number];

const BIND = [
  ['system_id', 'cstring', 16],
  // SMPP 3.4 allows 9; carriers give out longer ones.
  ['password', 'cstring', 65],
  ['system_type', 'cstring', 13],
  ['interface_version', 'int8', 1],
  ['addr_ton', 'int8', 1],
  ['addr_npi', 'int8', 1],
  ['address_range', 'cstring', 41],
] as const satisfies Field[];
const BIND_RESP = [['system_id', 'cstring', 16]] as const satisfies Field[];
const ADDRESSES = [
  ['service_type', 'cstring', 6],
  ['source_addr_ton', 'int8', 1],
  ['source_addr_npi', 'int8', 1],
  ['source_addr', 'cstring', 21],
  ['dest_addr_ton', 'int8', 1],
  ['dest_addr_npi', 'int8', 1],
  ['destination_addr', 'cstring', 21],
  ['esm_class', 'int8', 1],
] as const satisfies Field[];
const MESSAGE = [
  ...ADDRESSES,
  ['protocol_id', 'int8', 1],
  ['priority_flag', 'int8', 1],
  ['schedule_delivery_time', 'cstring', 17],
  ['validity_period', 'cstring', 17],
  ['registered_delivery', 'int8', 1],
  ['replace_if_present_flag', 'int8', 1],
  ['data_coding', 'int8', 1],
  ['sm_default_msg_id', 'int8', 1],
  ['short_message', 'octets', 254],
] as const satisfies Field[];
const MESSAGE_RESP = [['message_id', 'cstring', 65]] as const satisfies Field[];

/** SMPP 3.4 §4; an answer has its request's id with the highest bit. */
const COMMANDS = {
  generic_nack: { id: 0x8000_0000, fields: [] },
  bind_receiver: { id: 0x01, fields: BIND },
  bind_receiver_resp: { id: 0x8000_0001, fields: BIND_RESP },
  bind_transmitter: { id: 0x02, fields: BIND },
  bind_transmitter_resp: { id: 0x8000_0002, fields: BIND_RESP },
  bind_transceiver: { id: 0x09, fields: BIND },
  bind_transceiver_resp: { id: 0x8000_0009, fields: BIND_RESP },
  submit_sm: { id: 0x04, fields: MESSAGE },
  submit_sm_resp: { id: 0x8000_0004, fields: MESSAGE_RESP },
  deliver_sm: { id: 0x05, fields: MESSAGE },
  deliver_sm_resp: { id: 0x8000_0005, fields: MESSAGE_RESP },
  data_sm: { id: 0x103, fields: [...ADDRESSES, ['registered_delivery', 'int8', 1], ['data_coding', 'int8', 1]] },
  data_sm_resp: { id: 0x8000_0103, fields: MESSAGE_RESP },
  enquire_link: { id: 0x15, fields: [] },
  enquire_link_resp: { id: 0x8000_0015, fields: [] },
  unbind: { id: 0x06, fields: [] },
  unbind_resp: { id: 0x8000_0006, fields: [] },
} as const satisfies Record<string, { id: number; fields: readonly Field[] }>;

/** SMPP 3.4 §5.3.2; others are skipped when read. */
const TLVS = {
  sar_msg_ref_num: { tag: 0x020c, octets: 2 },
  sar_total_segments: { tag: 0x020e, octets: 1 },
  sar_segment_seqnum: { tag: 0x020f, octets: 1 },
  message_state: { tag: 0x0427, octets: 1 },
  receipted_message_id: { tag: 0x001e, octets: 'cstring' },
  message_payload: { tag: 0x0424, octets: 'any' },
} as const satisfies Record<string, { tag: number; octets: 1 | 2 | 'cstring' | 'any' }>;

export type Command = keyof typeof COMMANDS;
export type Request = { [C in Command]: C extends `${string}_resp` | 'generic_nack' ? never : C }[Command];

type Value = { int8: number; cstring: string; octets: Buffer };
export type Body<C extends Command> = {
  [F in (typeof COMMANDS)[C]['fields'][number] as F[0]]: Value[F[1]];
};
type TlvName = keyof typeof TLVS;
type TlvValue<T extends TlvName> = (typeof TLVS)[T]['octets'] extends infer O
  ? O extends number
    ? number
    : O extends 'cstring'
      ? string
      : Buffer
  : never;
export type Tlvs = { [T in TlvName]?: TlvValue<T> };

export type Pdu<C extends Command = Command> = {
  [K in C]: { command: K; status: number; sequence: number; body: Body<K>; tlvs: Tlvs };
}[C];

/** What octets with a right length turned out to be. */
export type Decoded =
  | Pdu
  /** No command of the table. `wantsAnswer`: false for an answer and for a notification. */
  | { command: 'unknown'; sequence: number; wantsAnswer: boolean }
  /** A request with a body that cannot be; to be answered with `error`. */
  | { command: 'malformed'; of: Request; sequence: number; error: number };

/** command_length and the three other integers. */
export const HEADER_LENGTH = 16;
/** message_payload may have 64 KiB; nothing legitimate is longer than that and all other fields. */
export const MAX_LENGTH = 66_000;

const ANSWER = 0x8000_0000;
/** outbind and alert_notification, SMPP 3.4 §4.1.7 and §4.12: commands that have no answer. */
const UNANSWERED = new Set([0x0b, 0x102]);
const NO_TLVS: Tlvs = Object.freeze({});

const COMMAND_BY_ID = new Map<number, Command>(
  Object.entries(COMMANDS).map(([command, { id }]) => [id, command as Command]),
);
const TLV_BY_TAG = new Map<number, TlvName>(Object.entries(TLVS).map(([name, { tag }]) => [tag, name as TlvName]));
/** Octets that a PDU without TLVs may take at most. */
const ROOM = Object.fromEntries(
  Object.entries(COMMANDS).map(([command, { fields }]) => [
    command,
    HEADER_LENGTH + (fields as readonly Field[]).reduce((sum, [, , max]) => sum + max + 1, 0),
  ]),
) as Record<Command, number>;

/** The command that answers `request`. */
export function answerTo<C extends Request>(request: C): `${C}_resp` & Command {
  return `${request}_resp` as `${C}_resp` & Command;
}

/** How much room `writePdu` needs; never less than what it writes. */
export function roomFor({ command, tlvs }: Pdu): number {
  let room = ROOM[command];
  for (const name in tlvs) {
    const value = tlvs[name as TlvName] ?? '';
    room += 4 + (typeof value === 'number' ? 2 : value.length + 1);
  }
  return room;
}

/** The PDU's octets. Throws RangeError `PDU_FIELD_INVALID` when a field does not fit its command. */
export function encodePdu(pdu: Pdu): Buffer {
  const buffer = Buffer.allocUnsafe(roomFor(pdu));
  return buffer.subarray(0, writePdu(pdu, buffer, 0));
}

/** Writes the PDU at `start` and returns where it ends; errors as `encodePdu`. An answer with an error has no body. */
export function writePdu(pdu: Pdu, buffer: Buffer, start: number): number {
  const { id, fields } = COMMANDS[pdu.command];
  buffer.writeUInt32BE(id, start + 4);
  buffer.writeUInt32BE(pdu.status, start + 8);
  buffer.writeUInt32BE(pdu.sequence, start + 12);
  let at = start + HEADER_LENGTH;
  if (pdu.status === 0) {
    const body = pdu.body as Record<string, number | string | Buffer>;
    for (const field of fields as readonly Field[]) at = writeField(field, body[field[0]], buffer, at);
    if (pdu.tlvs !== NO_TLVS) at = writeTlvs(pdu.tlvs, buffer, at);
  }
  buffer.writeUInt32BE(at - start, start);
  return at;
}

function writeField([name, type, max]: Field, value: unknown, buffer: Buffer, at: number): number {
  if (type === 'int8') {
    buffer[at] = value as number;
    return at + 1;
  }
  if (type === 'cstring') return writeCString(name, value as string, max, buffer, at);
  const octets = value as Buffer;
  if (octets.length > max) throw invalidField(name);
  buffer[at] = octets.length;
  octets.copy(buffer, at + 1);
  return at + 1 + octets.length;
}

function writeCString(name: string, text: string, max: number, buffer: Buffer, at: number): number {
  if (text.length >= max) throw invalidField(name);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0 || code > 0xff) throw invalidField(name);
    buffer[at + i] = code;
  }
  buffer[at + text.length] = 0;
  return at + text.length + 1;
}

function writeTlvs(tlvs: Tlvs, buffer: Buffer, start: number): number {
  let at = start;
  for (const name in tlvs) {
    const value = tlvs[name as TlvName];
    if (value === undefined) continue;
    const { tag, octets } = TLVS[name as TlvName];
    const octetsWritten = writeTlvValue(name, octets, value, buffer, at + 4);
    buffer.writeUInt16BE(tag, at);
    buffer.writeUInt16BE(octetsWritten, at + 2);
    at += 4 + octetsWritten;
  }
  return at;
}

function writeTlvValue(name: string, type: unknown, value: number | string | Buffer, buffer: Buffer, at: number) {
  if (typeof value === 'number') return buffer.writeUIntBE(value, at, type as 1 | 2) - at;
  if (typeof value === 'string') return writeCString(name, value, 65, buffer, at) - at;
  if (value.length > 0xffff) throw invalidField(name);
  return value.copy(buffer, at);
}

function invalidField(name: string): RangeError {
  return new RangeError(`PDU_FIELD_INVALID: ${name}`);
}

/** Thrown and caught in this file alone. */
class Malformed extends Error {
  readonly error: number;
  constructor(error: number) {
    super('malformed PDU');
    this.error = error;
  }
}

/** Octets being read; `frame` ends where the PDU does. */
interface Reader {
  frame: Buffer;
  at: number;
}

/**
 * Reads one PDU, whose command_length the caller has checked to be the length of `frame`. Buffers in the result are views
 * of `frame`. Answers are read leniently, for carriers leave fields out of them: what is missing is empty.
 */
export function decodePdu(frame: Buffer): Decoded {
  const id = frame.readUInt32BE(4);
  const sequence = frame.readUInt32BE(12);
  const isAnswer = id >= ANSWER;
  const command = COMMAND_BY_ID.get(id);
  if (command === undefined) return { command: 'unknown', sequence, wantsAnswer: !isAnswer && !UNANSWERED.has(id) };
  const reader = { frame, at: HEADER_LENGTH };
  const body: Record<string, unknown> = {};
  try {
    for (const field of COMMANDS[command].fields as readonly Field[])
      body[field[0]] = readField(field, reader, isAnswer);
    const tlvs = reader.at === frame.length ? NO_TLVS : readTlvs(reader, isAnswer);
    return { command, status: frame.readUInt32BE(8), sequence, body, tlvs } as Pdu;
  } catch (error) {
    if (error instanceof Malformed)
      return { command: 'malformed', of: command as Request, sequence, error: error.error };
    throw error;
  }
}

function readField([, type]: Field, reader: Reader, lenient: boolean): number | string | Buffer {
  const { frame, at } = reader;
  const end = endOfField(type, frame, at);
  if (end <= frame.length) {
    reader.at = end;
    if (type === 'int8') return frame[at] as number;
    return type === 'cstring' ? frame.toString('latin1', at, end - 1) : frame.subarray(at + 1, end);
  }
  if (!lenient) throw new Malformed(ESME.RINVCMDLEN);
  reader.at = frame.length;
  if (type === 'int8') return 0;
  return type === 'cstring' ? frame.toString('latin1', at, frame.length) : frame.subarray(frame.length);
}

/** Beyond the frame when the field is not whole. */
function endOfField(type: Type, frame: Buffer, at: number): number {
  if (type === 'int8') return at + 1;
  if (type === 'octets') return at + 1 + (frame[at] ?? 0);
  for (let end = at; end < frame.length; end++) if (frame[end] === 0) return end + 1;
  return frame.length + 1;
}

/** Up to three octets that remain are no TLV; carriers exist that pad. */
function readTlvs(reader: Reader, lenient: boolean): Tlvs {
  const { frame } = reader;
  const tlvs: Record<string, number | string | Buffer> = {};
  for (let at = reader.at; at + 4 <= frame.length; ) {
    const name = TLV_BY_TAG.get(frame.readUInt16BE(at));
    const length = frame.readUInt16BE(at + 2);
    const value = frame.subarray(at + 4, at + 4 + length);
    if (value.length < length) {
      if (lenient) break;
      throw new Malformed(ESME.RINVOPTPARSTREAM);
    }
    at += 4 + length;
    if (name === undefined) continue;
    const read = readTlvValue(TLVS[name].octets, value);
    if (read !== undefined) tlvs[name] = read;
    else if (!lenient) throw new Malformed(ESME.RINVPARLEN);
  }
  return tlvs as Tlvs;
}

function readTlvValue(type: 1 | 2 | 'cstring' | 'any', value: Buffer): number | string | Buffer | undefined {
  if (type === 'any') return value;
  if (type !== 'cstring') return value.length === type ? value.readUIntBE(0, type) : undefined;
  const nul = value.indexOf(0);
  return value.toString('latin1', 0, nul < 0 ? value.length : nul);
}
