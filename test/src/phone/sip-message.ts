/**
 * SIP messages (RFC 3261 §7, §20, §25): text to plain data and back. Pure.
 */
import { PhoneError } from './errors.ts';

export interface Header {
  name: string;
  value: string;
}

export interface SipRequest {
  kind: 'request';
  method: string;
  uri: string;
  /** In order, without Content-Length, which follows from the body. */
  headers: Header[];
  body: string;
}

export interface SipResponse {
  kind: 'response';
  status: number;
  reason: string;
  headers: Header[];
  body: string;
}

export type SipMessage = SipRequest | SipResponse;

export interface SipUri {
  user: string | undefined;
  /** A name or an IPv4 address. */
  host: string;
  port: number | undefined;
}

/** `"Display" <uri>;parameters`, as in From, To, Contact and Route. */
export interface NameAddress {
  uri: string;
  parameters: Record<string, string>;
}

/** RFC 3261 §7.3.3 and the RFCs that registered more. */
const COMPACT_NAMES: Record<string, string> = {
  c: 'Content-Type',
  e: 'Content-Encoding',
  f: 'From',
  i: 'Call-ID',
  k: 'Supported',
  l: 'Content-Length',
  m: 'Contact',
  o: 'Event',
  r: 'Refer-To',
  s: 'Subject',
  t: 'To',
  u: 'Allow-Events',
  v: 'Via',
  x: 'Session-Expires',
};

const REQUEST_LINE = /^([A-Za-z0-9.!%*_+`'~-]+) (\S+) SIP\/2\.0$/;
const STATUS_LINE = /^SIP\/2\.0 (\d{3}) ?(.*)$/;
const NEEDED = ['via', 'from', 'to', 'call-id', 'cseq'];

/** @throws PhoneError `SIP_MALFORMED` that says what is wrong. */
export function parseSipMessage(datagram: Buffer): SipMessage {
  const end = datagram.indexOf('\r\n\r\n');
  if (end < 0) throw malformed('it has no empty line after its headers');
  const [startLine = '', ...lines] = unfold(datagram.toString('utf8', 0, end)).split('\r\n');
  const headers = lines.map(parseHeader);
  for (const name of NEEDED) {
    if (!headers.some((header) => header.name.toLowerCase() === name)) throw malformed(`it has no ${name} header`);
  }
  const body = bodyOf(datagram.subarray(end + 4), headers);
  const rest = { headers: headers.filter((header) => header.name.toLowerCase() !== 'content-length'), body };

  const status = STATUS_LINE.exec(startLine);
  if (status) return { kind: 'response', status: Number(status[1]), reason: status[2] ?? '', ...rest };
  const request = REQUEST_LINE.exec(startLine);
  if (request) return { kind: 'request', method: request[1] ?? '', uri: request[2] ?? '', ...rest };
  throw malformed('its first line is neither a request nor a status line');
}

export function serializeSipMessage(message: SipMessage): Buffer {
  const startLine =
    message.kind === 'request'
      ? `${message.method} ${message.uri} SIP/2.0`
      : `SIP/2.0 ${message.status} ${message.reason}`;
  const headers = message.headers.map(({ name, value }) => `${name}: ${value}\r\n`).join('');
  return Buffer.from(
    `${startLine}\r\n${headers}Content-Length: ${Buffer.byteLength(message.body)}\r\n\r\n${message.body}`,
  );
}

/** The first header of that name, whatever its case; undefined when there is none. */
export function header(message: SipMessage, name: string): string | undefined {
  const wanted = name.toLowerCase();
  return message.headers.find((entry) => entry.name.toLowerCase() === wanted)?.value;
}

/** Every value of a header that may come several times or as a comma-separated list, in order. */
export function headerList(message: SipMessage, name: string): string[] {
  const wanted = name.toLowerCase();
  return message.headers
    .filter((entry) => entry.name.toLowerCase() === wanted)
    .flatMap((entry) => splitList(entry.value));
}

/** The status and headers of an answer as RFC 3261 §8.2.6 builds it from its request; `toTag` names our side. */
export function responseTo(
  request: SipRequest,
  status: number,
  reason: string,
  options: { toTag?: string; headers?: Header[]; body?: string } = {},
): SipResponse {
  const copied = request.headers
    .filter(({ name }) => ['via', 'from', 'to', 'call-id', 'cseq', 'record-route'].includes(name.toLowerCase()))
    .map(({ name, value }) =>
      name.toLowerCase() === 'to' && options.toTag !== undefined && parseNameAddress(value).parameters.tag === undefined
        ? { name, value: `${value};tag=${options.toTag}` }
        : { name, value },
    );
  return {
    kind: 'response',
    status,
    reason,
    headers: [...copied, ...(options.headers ?? [])],
    body: options.body ?? '',
  };
}

/** @throws PhoneError `SIP_MALFORMED` */
export function parseNameAddress(text: string): NameAddress {
  const bracketed = /^\s*(?:"(?:[^"\\]|\\.)*"\s*|[^<"]*)<([^>]*)>(.*)$/.exec(text);
  if (bracketed) return { uri: bracketed[1] ?? '', parameters: parseParameters(bracketed[2] ?? '') };
  // Without brackets, what follows a semicolon belongs to the header, not to the URI (RFC 3261 §20).
  const [uri = '', ...parameters] = text.split(';');
  if (uri.trim() === '') throw malformed('an address is empty');
  return { uri: uri.trim(), parameters: parseParameters(parameters.map((parameter) => `;${parameter}`).join('')) };
}

/** @throws PhoneError `SIP_MALFORMED` */
export function parseSipUri(uri: string): SipUri {
  const parts = /^sips?:(?:([^@;?]+)@)?([^:;?@\s]+)(?::(\d{1,5}))?(?:[;?].*)?$/.exec(uri);
  if (!parts) throw malformed('a SIP URI is not one');
  const user = parts[1]?.split(':')[0];
  return {
    user: user === undefined ? undefined : decodeUser(user),
    host: parts[2] ?? '',
    port: parts[3] === undefined ? undefined : Number(parts[3]),
  };
}

/** @throws PhoneError `SIP_MALFORMED` */
export function parseCSeq(message: SipMessage): { sequence: number; method: string } {
  const parts = /^(\d{1,10})\s+(\S+)$/.exec(header(message, 'CSeq') ?? '');
  if (!parts) throw malformed('its CSeq is not a number and a method');
  return { sequence: Number(parts[1]), method: parts[2] ?? '' };
}

/** The topmost Via: who sent the message and to which transaction it belongs. @throws PhoneError `SIP_MALFORMED` */
export function topVia(message: SipMessage): { sentBy: string; branch: string } {
  const [via = ''] = headerList(message, 'Via');
  const parts = /^SIP\s*\/\s*2\.0\s*\/\s*\w+\s+([^;\s]+)(.*)$/i.exec(via);
  if (!parts) throw malformed('its Via is not one');
  return { sentBy: parts[1] ?? '', branch: parseParameters(parts[2] ?? '').branch ?? '' };
}

/** `;name=value;flag`; a flag has the empty string. */
export function parseParameters(text: string): Record<string, string> {
  const entries = text
    .split(';')
    .slice(1)
    .map((parameter) => {
      const [name = '', ...value] = parameter.split('=');
      return [name.trim().toLowerCase(), value.join('=').trim()] as const;
    });
  return Object.fromEntries(entries.filter(([name]) => name !== ''));
}

function unfold(text: string): string {
  return text.replace(/\r\n[ \t]+/g, ' ');
}

function parseHeader(line: string): Header {
  const colon = line.indexOf(':');
  const name = line.slice(0, colon).trim();
  if (colon < 1 || name === '') throw malformed('a header line has no name');
  return { name: COMPACT_NAMES[name.toLowerCase()] ?? name, value: line.slice(colon + 1).trim() };
}

function bodyOf(rest: Buffer, headers: Header[]): string {
  const given = headers.find((entry) => entry.name.toLowerCase() === 'content-length')?.value;
  if (given === undefined) return rest.toString('utf8');
  if (!/^\d+$/.test(given) || Number(given) > rest.length) throw malformed('its body is shorter than Content-Length');
  return rest.toString('utf8', 0, Number(given));
}

/** Splits at commas that stand outside quotes and angle brackets. */
function splitList(value: string): string[] {
  const parts = value.match(/(?:"(?:[^"\\]|\\.)*"|<[^>]*>|[^,"<])+/g) ?? [];
  return parts.map((part) => part.trim()).filter((part) => part !== '');
}

function decodeUser(user: string): string {
  try {
    return decodeURIComponent(user);
  } catch {
    return user;
  }
}

function malformed(what: string): PhoneError {
  return new PhoneError('SIP_MALFORMED', `This is not a SIP message: ${what}.`);
}
