/**
 * Keyed digits as RFC 4733 telephone events: payloads, and the exact times at which a phone sends them. Pure.
 *
 *            toneMs            gapMs
 *   ├──────────────────────┤├────────┤
 *   s ······ u ······ u ··· EEE      s ······
 *
 *   s  start, marker bit set      u  update every 20 ms      E  end, sent three times
 *
 * All packets of one digit carry the RTP timestamp of its start and the duration so far.
 */

export const DTMF_KEYS = '0123456789*#ABCD';

const UPDATE_MS = 20;
const TICKS_PER_MS = 8;
const VOLUME = 10;
const END_PACKETS = 3;

export interface DigitTiming {
  /** How long each digit sounds, 1 to 2000 ms. */
  toneMs: number;
  /** The silence between two digits, 0 to 10,000 ms. */
  gapMs: number;
  /** How many of the three end packets of each digit survive the network; one number for all digits, or one for each. */
  endPackets?: number | readonly number[];
}

/** The payload of RFC 4733 §2.3. */
export interface TelephoneEvent {
  /** 0–9 the digits, 10 `*`, 11 `#`, 12–15 A–D. */
  event: number;
  end: boolean;
  /** 0 (loudest) to 63, in dBm0 below zero. */
  volume: number;
  /** In RTP timestamp units, 1/8 ms. */
  duration: number;
}

export interface DigitPacket extends TelephoneEvent {
  /** When to send it, from the start of the first digit. */
  atMs: number;
  /** When its digit began, from the start of the first digit: tells the RTP timestamp. */
  startMs: number;
  /** The first packet of its digit. */
  marker: boolean;
}

/** @throws RangeError for a character that no phone has a key for. */
export function eventOf(digit: string): number {
  const event = digit.length === 1 ? DTMF_KEYS.indexOf(digit.toUpperCase()) : -1;
  if (event < 0) throw new RangeError('a phone has the keys 0-9, *, # and A-D only');
  return event;
}

/**
 * Every packet of a row of digits in the order of sending.
 *
 * @throws RangeError for a digit or timing that no phone sends.
 */
export function digitSchedule(digits: string, timing: DigitTiming): DigitPacket[] {
  const { toneMs, gapMs, endPackets = END_PACKETS } = timing;
  if (!(toneMs >= 1 && toneMs <= 2000)) throw new RangeError('a tone lasts 1 to 2000 ms');
  if (!(gapMs >= 0 && gapMs <= 10_000)) throw new RangeError('a gap lasts 0 to 10000 ms');
  return [...digits].flatMap((digit, index) => {
    const ends = typeof endPackets === 'number' ? endPackets : (endPackets[index] ?? END_PACKETS);
    return digitPackets(eventOf(digit), index * (toneMs + gapMs), toneMs, ends);
  });
}

/** How long a row of digits takes, from the start of the first to the end of the last. */
export function digitsLastMs(count: number, timing: DigitTiming): number {
  return count === 0 ? 0 : count * timing.toneMs + (count - 1) * timing.gapMs;
}

export function encodeEvent(event: TelephoneEvent): Buffer {
  const payload = Buffer.alloc(4);
  payload.writeUInt8(event.event, 0);
  payload.writeUInt8((event.end ? 0x80 : 0) | (event.volume & 0x3f), 1);
  payload.writeUInt16BE(event.duration, 2);
  return payload;
}

/** undefined: not a telephone event. */
export function decodeEvent(payload: Buffer): TelephoneEvent | undefined {
  if (payload.length < 4) return undefined;
  const flags = payload.readUInt8(1);
  return {
    event: payload.readUInt8(0),
    end: (flags & 0x80) !== 0,
    volume: flags & 0x3f,
    duration: payload.readUInt16BE(2),
  };
}

function digitPackets(event: number, startMs: number, toneMs: number, endPackets: number): DigitPacket[] {
  const packet = (atMs: number, durationMs: number, end: boolean): DigitPacket => ({
    event,
    end,
    volume: VOLUME,
    duration: Math.round(durationMs * TICKS_PER_MS),
    atMs: startMs + atMs,
    startMs,
    marker: atMs === 0 && !end,
  });
  const updates = Array.from({ length: Math.ceil(toneMs / UPDATE_MS) }, (_, index) => index * UPDATE_MS);
  return [
    ...updates.map((atMs) => packet(atMs, Math.min(atMs + UPDATE_MS, toneMs), false)),
    ...Array.from({ length: endPackets }, () => packet(toneMs, toneMs, true)),
  ];
}
