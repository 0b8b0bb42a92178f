/**
 * What a phone hears: counts the packets of a call and finds tones in the last second of sound.
 */
import { decode, loudness, toneShare } from './audio.ts';
import type { Clock } from './clock.ts';
import { PhoneError } from './errors.ts';
import type { RtpPacket } from './rtp.ts';
import { CODECS, type Codec, PAYLOAD_TYPE } from './sdp.ts';

export interface Ear {
  /** Audio packets received. */
  readonly packets: number;
  /** How many are missing among them, by their sequence numbers. */
  readonly lost: number;
  /** When the last one came, in the clock's time; undefined: none did. */
  readonly lastAt: number | undefined;
  /**
   * How many sources (SSRC, RFC 3550) have been heard. Asterisk begins a new one when it joins a call to another, and at
   * no prompt and no music: the second source is a person.
   */
  readonly sources: number;
  hear(packet: RtpPacket): void;
  /** Loudness of the last 200 ms, 0 to 1. */
  loudness(): number;
  /** How much of the last 200 ms is a tone of that frequency, 0 to 1. */
  toneShare(hertz: number): number;
  /** Whether that tone sounds now. */
  hears(hertz: number): boolean;
  /** Resolves when the tone sounds. Rejects with `PHONE_NOT_HEARD` when it does not in time or before the call ends. */
  waitFor(hertz: number, timeoutMs?: number): Promise<void>;
  /** Resolves when no sound but silence has come for 200 ms. Rejects with `PHONE_NOT_HEARD`. */
  waitForSilence(timeoutMs?: number): Promise<void>;
  /** Resolves with the n-th source. Rejects with `PHONE_NOT_HEARD` when it does not come in time or before the end. */
  waitForSource(n: number, timeoutMs?: number): Promise<void>;
  /** Nothing more will come. */
  close(): void;
}

const FRAME_MS = 20;
/** Ten frames: long enough to tell tones 10 Hz apart, short enough to notice a change at once. */
const WINDOW_FRAMES = 10;
const SHARE_OF_A_TONE = 0.7;
const LOUDNESS_OF_SOUND = 0.01;
const LOOK_EVERY_MS = 20;

const CODEC_OF = new Map<number, Codec>(CODECS.map((codec) => [PAYLOAD_TYPE[codec], codec]));

export function createEar(clock: Clock): Ear {
  const window: { codec: Codec; payload: Buffer; at: number }[] = [];
  let packets = 0;
  let lost = 0;
  let lastAt: number | undefined;
  let expected: number | undefined;
  let source: number | undefined;
  let sources = 0;
  let closed = false;

  const samples = (): Int16Array => {
    const since = clock.now() - (WINDOW_FRAMES + 2) * FRAME_MS;
    const recent = window.filter((frame) => frame.at >= since);
    const decoded = recent.map(({ codec, payload }) => decode(codec, payload));
    const joined = new Int16Array(decoded.reduce((sum, part) => sum + part.length, 0));
    let offset = 0;
    for (const part of decoded) {
      joined.set(part, offset);
      offset += part.length;
    }
    return joined;
  };
  const hears = (hertz: number) => {
    if (window.length < WINDOW_FRAMES) return false;
    const sound = samples();
    return loudness(sound) > LOUDNESS_OF_SOUND && toneShare(sound, hertz) >= SHARE_OF_A_TONE;
  };
  const until = (condition: () => boolean, timeoutMs: number, what: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const deadline = clock.now() + timeoutMs;
      const look = () => {
        if (condition()) return resolve();
        if (closed || clock.now() > deadline) {
          const until = closed ? 'before the call ended' : `within ${timeoutMs} ms`;
          return reject(new PhoneError('PHONE_NOT_HEARD', `${what} was not heard ${until}.`));
        }
        clock.after(LOOK_EVERY_MS, look);
      };
      look();
    });

  return {
    get packets() {
      return packets;
    },
    get lost() {
      return lost;
    },
    get lastAt() {
      return lastAt;
    },
    get sources() {
      return sources;
    },
    hear(packet) {
      const codec = CODEC_OF.get(packet.payloadType);
      // A new source starts a new row of sequence numbers.
      if (packet.source !== source) sources++;
      else if (expected !== undefined) {
        const ahead = (packet.sequence - expected) & 0xffff;
        if (ahead < 0x8000) lost += ahead;
      }
      source = packet.source;
      expected = (packet.sequence + 1) & 0xffff;
      if (codec === undefined) return;
      packets++;
      lastAt = clock.now();
      window.push({ codec, payload: packet.payload, at: lastAt });
      if (window.length > WINDOW_FRAMES) window.shift();
    },
    loudness: () => loudness(samples()),
    toneShare: (hertz) => toneShare(samples(), hertz),
    hears,
    waitFor: (hertz, timeoutMs = 5000) => until(() => hears(hertz), timeoutMs, `A tone of ${hertz} Hz`),
    waitForSilence: (timeoutMs = 5000) => until(() => loudness(samples()) < LOUDNESS_OF_SOUND, timeoutMs, 'Silence'),
    waitForSource: (n, timeoutMs = 5000) => until(() => sources >= n, timeoutMs, `Source ${n}`),
    close() {
      closed = true;
    },
  };
}
