/**
 * Ids of messages and of their attempts: UUIDv7 (RFC 9562) whose last digit is 0 for the message and n + 1 for the
 * attempt of step n. So an attempt's id follows from message and step, however often it is derived, and leads back to
 * them without a look-up.
 *
 *   tttttttt-tttt-7rrr-yrrr-rrrrrrrcccc0      t: time, r: random, c: counter within one request
 */
import { randomBytes } from 'node:crypto';

/** How many ids one request may have. */
export const MOST_IDS = 0x1_0000;

/** The first of up to {@link MOST_IDS} ids. `now`: UTC milliseconds. */
export function firstId(now: number): string {
  const time = now.toString(16).padStart(12, '0');
  const random = randomBytes(8).toString('hex');
  const variant = ((Number.parseInt(random.charAt(3), 16) & 0x3) | 0x8).toString(16);
  return `${time.slice(0, 8)}-${time.slice(8)}-7${random.slice(0, 3)}-${variant}${random.slice(4, 7)}-${random.slice(7, 14)}00000`;
}

/** The id that is `n` after the first, 0 ≤ n < {@link MOST_IDS}. */
export function idAt(first: string, n: number): string {
  return `${first.slice(0, 31)}${n.toString(16).padStart(4, '0')}0`;
}

export function attemptIdOf(messageId: string, step: number): string {
  return `${messageId.slice(0, -1)}${step + 1}`;
}

/** Which message and step an attempt belongs to; null: it is none of ours. */
export function ofAttempt(attemptId: string): { messageId: string; step: number } | null {
  const step = Number(attemptId.at(-1)) - 1;
  return attemptId.length === 36 && step >= 0 ? { messageId: `${attemptId.slice(0, -1)}0`, step } : null;
}

/** Sorts before every id that was made at or after `time`, UTC milliseconds. */
export function idFloor(time: number): string {
  const hex = Math.max(0, Math.floor(time)).toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000000`;
}
