import { encodeGsm } from './gsm.ts';

/** What a phone shows as the sender of an SMS. */
export type Originator =
  /** `+` and an international number. */
  | { kind: 'international'; address: string }
  /** A short code of a network. */
  | { kind: 'short'; address: string }
  /** Digits whose numbering plan nobody names. */
  | { kind: 'number'; address: string }
  | { kind: 'alphanumeric'; address: string };

/** An alphanumeric address has room for 11 septets (3GPP TS 23.040 §9.1.2.5). */
const SEPTETS = 11;

/**
 * The originator that `text` is; null: no route carries it. A name needs a letter. Its characters must be in the GSM 7-bit
 * alphabet, in which a phone receives it, and in ASCII, in which SMPP's `source_addr` carries it (3.4 §3.1).
 */
export function originatorOf(text: string): Originator | null {
  if (/^\+\d{5,15}$/.test(text)) return { kind: 'international', address: text.slice(1) };
  if (/^\d{3,8}$/.test(text)) return { kind: 'short', address: text };
  if (/^\d{9,15}$/.test(text)) return { kind: 'number', address: text };
  if (!/^[\x20-\x7e]{1,11}$/.test(text) || !/[A-Za-z]/.test(text)) return null;
  const septets = encodeGsm(text);
  return septets && septets.length <= SEPTETS ? { kind: 'alphanumeric', address: text } : null;
}
