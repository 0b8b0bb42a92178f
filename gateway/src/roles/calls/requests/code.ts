import { randomInt } from 'node:crypto';

export const CODE_DIGITS = 8;

/** A new code, all values alike, from the system's random source. */
export function randomCode(): string {
  return String(randomInt(10 ** CODE_DIGITS)).padStart(CODE_DIGITS, '0');
}

/** What a caller keyed, as far as it can be a code. */
export function readKeyed(keyed: string): { kind: 'none' } | { kind: 'incomplete' } | { kind: 'code'; code: string } {
  const digits = keyed.replaceAll(/\D/g, '');
  if (digits.length === 0) return { kind: 'none' };
  if (digits.length !== CODE_DIGITS) return { kind: 'incomplete' };
  return { kind: 'code', code: digits };
}
