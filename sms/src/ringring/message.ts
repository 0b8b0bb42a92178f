import type { OutgoingSms } from '../route.ts';
import { originatorOf } from '../text/index.ts';

/** Longest text that the Message API takes; UTF-16 code units, which never count fewer than the vendor does. */
export const MAXIMUM_CHARACTERS = 758;

/**
 * The body of `/Message` that leaves at `now`, UTC milliseconds. Its Reference is our id, by which receipts come back.
 * `sender`, the route's own, stands in for an originator of the SMS that no route carries.
 */
export function messageFields(
  sms: OutgoingSms,
  { sender, statusUrl, now }: { sender: string | undefined; statusUrl: string | null; now: number },
): object {
  const from = sms.from !== undefined && originatorOf(sms.from) ? sms.from : sender;
  const { validUntil, tryMs = Number.POSITIVE_INFINITY } = sms;
  return {
    To: sms.to.replace(/^\+/, ''),
    Message: sms.text,
    ...(from === undefined ? {} : { From: from }),
    Reference: sms.id,
    TimeValidity: localMinute(Math.min(validUntil, now + tryMs)),
    MessageEncoding: 'Auto',
    ...(statusUrl === null ? {} : { StatusUrl: statusUrl, StatusMethod: 'POST', StatusFormat: 'JSON' }),
  };
}

const BRUSSELS = new Intl.DateTimeFormat('en-GB', {
  timeZone: 'Europe/Brussels',
  day: '2-digit',
  month: '2-digit',
  year: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  hourCycle: 'h23',
});

/** `30-06-2017 10:00`, in the vendor's time zone, rounded up: a time that has passed is refused. */
function localMinute(time: number): string {
  const parts = new Map(BRUSSELS.formatToParts(time + 59_999).map(({ type, value }) => [type, value]));
  const [day, month, year, hour, minute] = ['day', 'month', 'year', 'hour', 'minute'].map((type) =>
    parts.get(type as Intl.DateTimeFormatPartTypes),
  );
  return `${day}-${month}-${year} ${hour}:${minute}`;
}
