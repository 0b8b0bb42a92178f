/** What a service wants to send, checked and brought into the form in which it is sealed. */
import {
  CHANNELS,
  type ChannelName,
  categorySchema,
  type EmailContent,
  emailContentSchema,
  type MessageInput,
  messageInputSchema,
  type SmsContent,
  smsContentSchema,
  urgencySchema,
} from '@civicline/protocol';
import { originatorOf, sizeOfText, type TextSize } from '@civicline/sms/text';
import { z } from 'zod';
import { type CountryCode, normaliseEmail, normalisePhone } from './addresses.ts';
import { type Mistake, mistaken } from './errors.ts';

const envelope = messageInputSchema.shape;

const outgoingSchema = z.strictObject({
  /** At least one; the strategy decides which is tried when. */
  to: z.strictObject({ phone: z.string().optional(), email: z.string().optional() }),
  text: z.string(),
  /** Of the e-mail; needed when there is an address for one. */
  subject: z.string().optional(),
  /**
   * The name or number that an SMS is to come from: up to 11 letters, digits and signs without accents, or 3 to 15 digits,
   * with or without `+`. A carrier may replace it.
   */
  from: z.string().optional(),
  category: categorySchema,
  urgency: urgencySchema.optional(),
  strategy: envelope.strategy,
  reference: envelope.reference,
  /** A Date, or RFC 3339. */
  expiresAt: z.union([z.date().transform((date) => date.toISOString()), z.iso.datetime({ offset: true })]).optional(),
});
/** A message as a service writes it, number and text in clear. */
export type OutgoingMessage = z.input<typeof outgoingSchema>;

export type SmsSize = TextSize;

export interface CheckedMessage {
  /** What SMIS may read. */
  envelope: Omit<MessageInput, 'parts'>;
  /** What only the channel may read. */
  contents: { sms?: SmsContent; email?: EmailContent };
  /** Absent: no SMS among the channels. */
  sms?: SmsSize;
}

/** Counts what `text` takes as SMS, before anything is sent. */
export function sizeOfSms(text: string): SmsSize {
  return sizeOfText(text);
}

/** Throws SenderError with everything that is wrong with `message`, and never a word of what it holds. */
export function checkMessage(message: unknown, country?: CountryCode): CheckedMessage {
  const parsed = outgoingSchema.safeParse(message);
  if (!parsed.success) throw refuse(parsed.error.issues.flatMap((issue) => mistakesOf(issue)));
  const { to, text, subject, from, ...rest } = parsed.data;
  const wanted = (channel: ChannelName) => rest.strategy?.some((step) => step.channel === channel) ?? true;
  const mistakes: Mistake[] = [];
  const contents: CheckedMessage['contents'] = {};

  if (text === '') mistakes.push({ path: '/text', code: 'TEXT_EMPTY', message: 'is empty' });
  if (/\p{Surrogate}/u.test(text)) {
    mistakes.push({ path: '/text', code: 'TEXT_MALFORMED', message: 'holds half a character (a lone surrogate)' });
  }
  if (from !== undefined && originatorOf(from) === null) {
    const message = 'must be a number, or up to 11 letters, digits and signs without accents';
    mistakes.push({ path: '/from', code: 'SENDER_INVALID', message });
  }
  if (to.phone === undefined && to.email === undefined) {
    mistakes.push({ path: '/to', code: 'RECIPIENT_MISSING', message: 'needs a phone number or an e-mail address' });
  }
  if (to.phone !== undefined && wanted('sms')) {
    const number = to.phone.length <= 64 ? normalisePhone(to.phone, country) : null;
    const message = country ? 'is not a phone number' : 'is not a phone number with its country code, such as +32';
    if (number === null) mistakes.push({ path: '/to/phone', code: 'NUMBER_INVALID', message });
    else contents.sms = { to: number, text, ...(from !== undefined && { from }) };
  }
  if (to.email !== undefined && wanted('email')) {
    const address = to.email.length <= 320 ? normaliseEmail(to.email) : null;
    if (subject === undefined)
      mistakes.push({ path: '/subject', code: 'INPUT_INVALID', message: 'is needed by an e-mail' });
    if (address === null)
      mistakes.push({ path: '/to/email', code: 'EMAIL_INVALID', message: 'is not an e-mail address' });
    else contents.email = { to: address, text, subject: subject ?? '' };
  }
  for (const [index, { channel }] of (rest.strategy ?? []).entries()) {
    if (rest.strategy?.findIndex((step) => step.channel === channel) !== index) {
      mistakes.push({ path: `/strategy/${index}/channel`, code: 'INPUT_INVALID', message: 'comes twice' });
    }
    if (channel === 'sms' ? to.phone !== undefined : channel === 'email' && to.email !== undefined) continue;
    const message = `has no address in "to" for ${channel}`;
    mistakes.push({ path: `/strategy/${index}/channel`, code: 'RECIPIENT_MISSING', message });
  }
  if (mistakes.length === 0) {
    mistakes.push(...mistakesIn(smsContentSchema, contents.sms), ...mistakesIn(emailContentSchema, contents.email));
  }
  if (mistakes.length > 0) throw refuse(mistakes);
  return { envelope: rest, contents, ...(contents.sms && { sms: sizeOfSms(text) }) };
}

/** The channels of a checked message, in the order in which SMIS tries them when there is no strategy. */
export function channelsOf({ contents }: CheckedMessage): ('sms' | 'email')[] {
  return CHANNELS.filter((channel) => channel !== 'app').filter((channel) => contents[channel] !== undefined);
}

function mistakesIn(schema: z.ZodType, content: unknown): Mistake[] {
  if (content === undefined) return [];
  const parsed = schema.safeParse(content);
  return parsed.success ? [] : parsed.error.issues.flatMap((issue) => mistakesOf(issue));
}

function mistakesOf(issue: z.core.$ZodIssue): Mistake[] {
  const at = (path: PropertyKey[], message: string): Mistake => ({
    path: pointer(path),
    code: 'INPUT_INVALID',
    message,
  });
  if (issue.code !== 'unrecognized_keys') return [at(issue.path, lowerFirst(issue.message))];
  return issue.keys.map((key) => at([...issue.path, nameable(key)], 'is not known here'));
}

/** A field's name is repeated only if it looks like one: what was put in its place may be a number. */
function nameable(key: string): string {
  return /^[A-Za-z_]{1,40}$/.test(key) ? key : '…';
}

function pointer(path: PropertyKey[]): string {
  return path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

function refuse(mistakes: Mistake[]) {
  return mistaken(mistakes as [Mistake, ...Mistake[]]);
}
