/**
 * G.711 sound at 8000 samples per second: making a tone, and finding one in what was heard. Pure.
 */
import type { Codec } from './sdp.ts';

export const SAMPLE_RATE = 8000;
/** 20 ms, the length of one RTP packet. */
export const FRAME_SAMPLES = 160;

/** What a phone sends: `off` sends nothing at all (digits excepted), a number is a tone in hertz. */
export type Sound = 'off' | 'silence' | number;

const TONE_AMPLITUDE = 8000;

const DECODED: Record<Codec, Int16Array> = {
  PCMU: Int16Array.from({ length: 256 }, (_, byte) => decodeMuLaw(byte)),
  PCMA: Int16Array.from({ length: 256 }, (_, byte) => decodeALaw(byte)),
};
const ENCODE: Record<Codec, (sample: number) => number> = { PCMU: encodeMuLaw, PCMA: encodeALaw };

/** 16-bit linear samples of G.711 bytes. */
export function decode(codec: Codec, bytes: Uint8Array): Int16Array {
  const table = DECODED[codec];
  const samples = new Int16Array(bytes.length);
  for (let index = 0; index < bytes.length; index++) samples[index] = table[bytes[index] ?? 0] ?? 0;
  return samples;
}

export function encode(codec: Codec, samples: Int16Array): Buffer {
  const encodeSample = ENCODE[codec];
  return Buffer.from(Uint8Array.from(samples, encodeSample));
}

const frames = new Map<string, Buffer[]>();

/** One second of a sound as 20 ms frames to be sent round and round; a tone of whole hertz joins without a click. */
export function framesOf(sound: Exclude<Sound, 'off'>, codec: Codec): Buffer[] {
  const key = `${codec} ${sound}`;
  const known = frames.get(key);
  if (known) return known;
  const bytes = encode(codec, sound === 'silence' ? new Int16Array(SAMPLE_RATE) : tone(sound, SAMPLE_RATE));
  const made = Array.from({ length: SAMPLE_RATE / FRAME_SAMPLES }, (_, index) =>
    bytes.subarray(index * FRAME_SAMPLES, (index + 1) * FRAME_SAMPLES),
  );
  frames.set(key, made);
  return made;
}

export function tone(hertz: number, samples: number): Int16Array {
  return Int16Array.from({ length: samples }, (_, index) =>
    Math.round(TONE_AMPLITUDE * Math.sin((2 * Math.PI * hertz * index) / SAMPLE_RATE)),
  );
}

/** Root mean square of the samples, 0 (silence) to 1 (as loud as G.711 goes). */
export function loudness(samples: Int16Array): number {
  return samples.length === 0 ? 0 : Math.sqrt(energy(samples) / samples.length) / 32_768;
}

/**
 * How much of the sound is a tone of that frequency, 0 to 1, by the Goertzel algorithm. A pure tone gives nearly 1, speech
 * and music far less than a half; silence gives 0.
 */
export function toneShare(samples: Int16Array, hertz: number): number {
  const total = energy(samples);
  if (total === 0) return 0;
  const coefficient = 2 * Math.cos((2 * Math.PI * hertz) / SAMPLE_RATE);
  let last = 0;
  let beforeLast = 0;
  for (const sample of samples) {
    const now = sample + coefficient * last - beforeLast;
    beforeLast = last;
    last = now;
  }
  const power = last * last + beforeLast * beforeLast - coefficient * last * beforeLast;
  return Math.min(1, (2 * power) / (samples.length * total));
}

function energy(samples: Int16Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  return sum;
}

/** ITU-T G.711 §3.2, the 14-bit law scaled to 16 bits. */
function encodeMuLaw(sample: number): number {
  const sign = sample < 0 ? 0x80 : 0;
  const magnitude = Math.min(Math.abs(sample), 32_635) + 132;
  const exponent = Math.max(0, 24 - Math.clz32(magnitude));
  return ~(sign | (exponent << 4) | ((magnitude >> (exponent + 3)) & 0x0f)) & 0xff;
}

function decodeMuLaw(byte: number): number {
  const bits = ~byte & 0xff;
  const exponent = (bits >> 4) & 7;
  const magnitude = ((((bits & 0x0f) << 3) + 132) << exponent) - 132;
  return bits & 0x80 ? -magnitude : magnitude;
}

/** ITU-T G.711 §3.1, the 13-bit law scaled to 16 bits; even bits are inverted on the wire. */
function encodeALaw(sample: number): number {
  const sign = sample >= 0 ? 0x80 : 0;
  const magnitude = Math.min(sample >= 0 ? sample : -sample - 1, 32_767) >> 4;
  const exponent = Math.max(0, 32 - Math.clz32(magnitude) - 4);
  const mantissa = (magnitude >> Math.max(0, exponent - 1)) & 0x0f;
  return (sign | (exponent << 4) | mantissa) ^ 0x55;
}

function decodeALaw(byte: number): number {
  const bits = byte ^ 0x55;
  const exponent = (bits >> 4) & 7;
  const mantissa = bits & 0x0f;
  const magnitude = exponent === 0 ? (mantissa << 4) + 8 : ((mantissa << 4) + 0x108) << (exponent - 1);
  return bits & 0x80 ? magnitude : -magnitude;
}
