/** What became of a message, in RingRing's words. */
import { parsePhoneNumberFromString } from 'libphonenumber-js';
import { sizeOfSms } from '../../index.ts';
import type { StoredMessage } from '../stored.ts';
import { RESULT, resultFields } from './codes.ts';
import { writeTime } from './times.ts';

/** Reasons for which nobody knows whether it arrived. */
const UNCERTAIN = new Set(['RECEIPT_MISSING', 'RECEIPT_UNKNOWN']);

/**
 * The vendor's ranges: 0-99 not sent yet, 100-199 submitted, 200 delivered, 300-399 not delivered, 400-499 unknown,
 * 800-899 not sent to a carrier, 900-999 in progress. Within a range the numbers are the side-car's own.
 */
export function statusOf(message: StoredMessage, now: number): readonly [code: number, description: string] {
  const { state, dueAt, reason, submittedAt } = message;
  switch (state) {
    case 'waiting':
      return dueAt > now ? [0, 'Scheduled'] : [10, 'Being submitted'];
    case 'sending':
      return [10, 'Being submitted'];
    case 'accepted':
      return [20, 'With the distributor'];
    case 'deferred':
      return [21, 'Waiting for the send window'];
    case 'attempting':
      return [100, 'Submitted'];
    case 'falling-back':
      return [900, 'Trying another channel'];
    case 'delivered':
    case 'read':
      return [200, 'Delivered'];
    case 'undeliverable':
      return reason !== null && UNCERTAIN.has(reason) ? [400, 'Unknown'] : [300, 'Not delivered'];
    case 'expired':
      return submittedAt === null ? [801, 'Expired before it was sent'] : [400, 'Unknown'];
    case 'cancelled':
      return [802, 'Cancelled'];
    case 'refused':
      return [800, 'Not sent'];
  }
}

/** The status webhook's body, and the answer of /StatusMessage. Number and text are empty once they are erased. */
export function statusMessage(message: StoredMessage, options: { now: number; timeZone: string }) {
  const [code, description] = statusOf(message, options.now);
  const time = (at: number | null) => (at === null ? '' : writeTime(at, options.timeZone));
  const { content, settings } = message;
  const size = content && sizeOfSms(content.text);
  const number = content?.to.phone ?? '';
  return {
    MessageId: message.id,
    Reference: settings.reference ?? '',
    StatusCode: String(code),
    StatusDescription: description,
    TimeScheduled: time(message.dueAt),
    TimeSubmitted: time(message.submittedAt),
    DeliveryTime: code === 200 ? time(message.endedAt) : '',
    Country: parsePhoneNumberFromString(number)?.country ?? '',
    ...resultFields(RESULT.success),
    From: content?.from ?? '',
    To: number.replace('+', ''),
    Message: content?.text ?? '',
    MessageEncoding: size?.encoding === 'ucs2' ? 'UNICODE' : 'TEXT',
    NumberOfParts: message.segments ?? size?.segments ?? 0,
    NumberOfChars: size?.characters ?? 0,
  };
}
