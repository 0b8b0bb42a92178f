/**
 * Session descriptions (RFC 8866) in the offer/answer model (RFC 3264), for one G.711 audio stream with
 * telephone-event digits (RFC 4733). Pure.
 */
import { PhoneError } from './errors.ts';

export const CODECS = ['PCMU', 'PCMA'] as const;
export type Codec = (typeof CODECS)[number];

/** The static payload types of RFC 3551. */
export const PAYLOAD_TYPE: Record<Codec, number> = { PCMU: 0, PCMA: 8 };

/** The payload type under which this phone offers digits. */
export const TELEPHONE_EVENT = 101;

/** As the one who says it sees it. */
export type Direction = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';

export interface AudioDescription {
  /** IPv4. */
  address: string;
  port: number;
  /** In order of preference, never empty. */
  codecs: Codec[];
  /** undefined: the peer takes no telephone-event digits. */
  telephoneEvent: number | undefined;
  direction: Direction;
}

/** `version` grows by one whenever the same session (`id`) is described differently. */
export function writeSdp(audio: AudioDescription, session: { id: number; version: number }): string {
  const { address, port, codecs, telephoneEvent, direction } = audio;
  const types = [
    ...codecs.map((codec) => PAYLOAD_TYPE[codec]),
    ...(telephoneEvent === undefined ? [] : [telephoneEvent]),
  ];
  const lines = [
    'v=0',
    `o=- ${session.id} ${session.version} IN IP4 ${address}`,
    's=-',
    `c=IN IP4 ${address}`,
    't=0 0',
    `m=audio ${port} RTP/AVP ${types.join(' ')}`,
    ...codecs.map((codec) => `a=rtpmap:${PAYLOAD_TYPE[codec]} ${codec}/8000`),
    ...(telephoneEvent === undefined
      ? []
      : [`a=rtpmap:${telephoneEvent} telephone-event/8000`, `a=fmtp:${telephoneEvent} 0-16`]),
    'a=ptime:20',
    `a=${direction}`,
  ];
  return `${lines.join('\r\n')}\r\n`;
}

/** @throws PhoneError `SDP_NOT_ACCEPTABLE` when there is no audio stream in a codec of this phone. */
export function readSdp(text: string): AudioDescription {
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  const start = lines.findIndex((line) => line.startsWith('m=audio '));
  if (start < 0) throw notAcceptable('it describes no audio');
  const [, port = '', profile = '', ...types] = (lines[start] ?? '').split(/\s+/);
  if (profile !== 'RTP/AVP') throw notAcceptable('its audio is not plain RTP');
  if (Number(port) === 0) throw notAcceptable('its audio stream is switched off');

  const next = lines.findIndex((line, index) => index > start && line.startsWith('m='));
  const media = lines.slice(start + 1, next < 0 ? undefined : next);
  const session = lines.slice(
    0,
    lines.findIndex((line) => line.startsWith('m=')),
  );
  const address = connectionAddress(media) ?? connectionAddress(session);
  if (address === undefined) throw notAcceptable('it names no IPv4 address');

  const formats = formatsOf(media);
  const codecs = types.map((type) => codecOf(Number(type), formats)).filter((codec) => codec !== undefined);
  if (codecs.length === 0) throw notAcceptable('it offers neither PCMU nor PCMA');
  const telephoneEvent = types.find((type) => formats.get(Number(type)) === 'TELEPHONE-EVENT/8000');
  return {
    address,
    port: Number(port),
    codecs,
    telephoneEvent: telephoneEvent === undefined ? undefined : Number(telephoneEvent),
    direction: directionOf(media) ?? directionOf(session) ?? 'sendrecv',
  };
}

/** What the one who is told this direction may do (RFC 3264 §6.1); `0.0.0.0` is the old way of saying hold. */
export function answerDirection(offer: AudioDescription): Direction {
  if (offer.address === '0.0.0.0') return 'recvonly';
  if (offer.direction === 'sendonly') return 'recvonly';
  if (offer.direction === 'recvonly') return 'sendonly';
  return offer.direction;
}

/** Whether the peer that described itself so wants to receive. */
export function mayBeSent(remote: AudioDescription): boolean {
  return remote.address !== '0.0.0.0' && (remote.direction === 'sendrecv' || remote.direction === 'recvonly');
}

function connectionAddress(lines: string[]): string | undefined {
  return lines.map((line) => /^c=IN IP4 ([\d.]+)/.exec(line)?.[1]).find((address) => address !== undefined);
}

function formatsOf(lines: string[]): Map<number, string> {
  const maps = lines.map((line) => /^a=rtpmap:(\d+) (\S+)/.exec(line)).filter((map) => map !== null);
  return new Map(maps.map(([, type, format]) => [Number(type), (format ?? '').toUpperCase()]));
}

function codecOf(type: number, formats: Map<number, string>): Codec | undefined {
  return CODECS.find(
    (codec) => PAYLOAD_TYPE[codec] === type && (formats.get(type) ?? `${codec}/8000`).startsWith(codec),
  );
}

function directionOf(lines: string[]): Direction | undefined {
  return lines
    .map((line) => /^a=(sendrecv|sendonly|recvonly|inactive)$/.exec(line)?.[1] as Direction | undefined)
    .find((direction) => direction !== undefined);
}

function notAcceptable(what: string): PhoneError {
  return new PhoneError('SDP_NOT_ACCEPTABLE', `The session description cannot be used: ${what}.`);
}
