/** A call of /Message, checked as RingRing would, with its own codes for each mistake. */
import { withoutInvisible } from '@civicline/protocol';
import { originatorOf } from '@civicline/sms/text';
import { type CountryCode, normalisePhone } from '../../index.ts';
import type { Settings } from '../stored.ts';
import { RESULT, Refusal, type Result } from './codes.ts';
import type { Call } from './request.ts';
import { readTime } from './times.ts';

export const RECIPIENTS = 1_000;
export const MESSAGE_CHARACTERS = 758;
const REFERENCE_CHARACTERS = 128;
const DEFAULT_VALIDITY_MS = 72 * 3600_000;
const DAY_MS = 24 * 3600_000;
/** SMIS keeps a message for 30 days. */
const LONGEST_MS = 30 * DAY_MS;
/** "Now", written without seconds by a clock that may be slow. */
const LATE_MS = 5 * 60_000;

export interface RingRingMessage {
  /** As written, and in E.164; null: not a number. */
  recipients: { written: string; number: string | null }[];
  text: string;
  from: string | undefined;
  /** UTC milliseconds. */
  dueAt: number;
  expiresAt: number;
  settings: Settings;
}

/** Throws {@link Refusal} for what is wrong with the whole; a wrong number among several is for its own answer. */
export function readMessage(
  call: Call,
  options: { now: number; timeZone: string; country: CountryCode | undefined },
): RingRingMessage {
  const { now, timeZone, country } = options;
  const recipients = (call.field('To') ?? '')
    .split(',')
    .map((written) => written.trim())
    .filter(Boolean);
  if (recipients.length === 0) throw new Refusal(RESULT.toMissing);
  if (recipients.length > RECIPIENTS) throw new Refusal(RESULT.toTooMany);

  const text = call.text('Message') ?? '';
  if (text.trim() === '') throw new Refusal(RESULT.messageEmpty);
  if ([...text].length > MESSAGE_CHARACTERS) throw new Refusal(RESULT.messageTooLong);
  if (/\p{Surrogate}/u.test(text)) throw new Refusal(RESULT.bodyMalformed);

  const scheduled = timeOf(call.field('TimeScheduled'), timeZone, RESULT.scheduledMalformed);
  if (scheduled !== null && (scheduled < now - LATE_MS || scheduled > now + LONGEST_MS - DAY_MS)) {
    throw new Refusal(RESULT.scheduledOutOfRange);
  }
  const dueAt = Math.max(now, scheduled ?? now);
  const validity = timeOf(call.field('TimeValidity'), timeZone, RESULT.validityMalformed);
  const expiresAt = validity ?? Math.min(dueAt + DEFAULT_VALIDITY_MS, now + LONGEST_MS);
  if (expiresAt <= dueAt || expiresAt > now + LONGEST_MS) throw new Refusal(RESULT.validityOutOfRange);

  const from = call.field('From');
  if (from !== undefined && !isFrom(from)) throw new Refusal(RESULT.fromInvalid);
  if ((call.field('SenderId')?.length ?? 0) > 64) throw new Refusal(RESULT.senderIdInvalid);
  return {
    recipients: recipients.map((written) => ({ written, number: numberOf(written, country) })),
    text,
    from,
    dueAt,
    expiresAt,
    settings: readSettings(call),
  };
}

/** RingRing's names have fewer signs than an originator may have. */
function isFrom(text: string): boolean {
  return /^\+?[A-Za-z0-9 .&_-]+$/.test(text) && originatorOf(text) !== null;
}

function readSettings(call: Call): Settings {
  const reference = call.field('Reference');
  if ((reference?.length ?? 0) > REFERENCE_CHARACTERS) throw new Refusal(RESULT.referenceTooLong);
  const statusUrl = call.field('StatusUrl');
  if (statusUrl !== undefined && !isWebUrl(statusUrl)) throw new Refusal(RESULT.statusUrlInvalid);
  const statusMethod = oneOf(call.field('StatusMethod'), ['POST', 'GET'] as const, RESULT.statusMethodInvalid);
  const statusFormat = oneOf(call.field('StatusFormat'), ['JSON', 'XML'] as const, RESULT.statusFormatInvalid);
  return {
    ...(reference !== undefined && { reference }),
    ...(statusUrl !== undefined && { statusUrl }),
    ...(statusMethod && { statusMethod }),
    ...(statusFormat && { statusFormat }),
  };
}

/** RingRing's notation is E.164 without "+"; "+", "00" and, with a country, national numbers are understood too. */
export function numberOf(written: string, country: CountryCode | undefined): string | null {
  const number = withoutInvisible(written).trim();
  if (!/^\+?[\d\s.()/\p{Pd}]{4,32}$/u.test(number)) return null;
  if (number.startsWith('+')) return normalisePhone(number);
  if (number.startsWith('00')) return normalisePhone(`+${number.slice(2)}`);
  if (number.startsWith('0')) return country ? normalisePhone(number, country) : null;
  return normalisePhone(`+${number}`);
}

function timeOf(text: string | undefined, timeZone: string, otherwise: Result): number | null {
  if (text === undefined) return null;
  const at = readTime(text, timeZone);
  if (at === null) throw new Refusal(otherwise);
  return at;
}

function oneOf<Value extends string>(
  text: string | undefined,
  values: readonly Value[],
  otherwise: Result,
): Value | undefined {
  if (text === undefined) return undefined;
  const found = values.find((value) => value === text.toUpperCase());
  if (found === undefined) throw new Refusal(otherwise);
  return found;
}

function isWebUrl(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : null;
  return text.length <= 2_000 && (url?.protocol === 'https:' || url?.protocol === 'http:');
}
