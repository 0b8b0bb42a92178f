/** Times as RingRing's API writes them: local, `30-06-2017 10:00` in requests, `2018-05-04 14:20:58` in answers. */

/** UTC milliseconds of `text`, local time in `zone`; slashes, seconds and a missing time of day are taken too. null: none. */
export function readTime(text: string, zone: string): number | null {
  const found = /^(\d{2})[-/](\d{2})[-/](\d{4})(?:[ T](\d{2}):(\d{2})(?::(\d{2}))?)?$/.exec(text.trim());
  if (!found) return null;
  const [day = 0, month = 0, year = 0, hour = 0, minute = 0, second = 0] = found
    .slice(1)
    .map((part) => Number(part ?? 0));
  const asUtc = Date.UTC(year, month - 1, day, hour, minute, second);
  const date = new Date(asUtc);
  const exists =
    date.getUTCDate() === day && date.getUTCMonth() === month - 1 && hour < 24 && minute < 60 && second < 60;
  if (!exists) return null;
  // Twice, because the offset may change between the guess and the time; what a clock change leaves out comes an hour later.
  const guess = asUtc - offsetAt(asUtc, zone);
  return asUtc - offsetAt(guess, zone);
}

export function writeTime(at: number, zone: string): string {
  const { year, month, day, hour, minute, second } = partsAt(at, zone);
  return `${year}-${month}-${day} ${hour}:${minute}:${second}`;
}

function offsetAt(at: number, zone: string): number {
  const { year, month, day, hour, minute, second } = partsAt(at, zone);
  return Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second)) - at;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function partsAt(at: number, zone: string): Record<'year' | 'month' | 'day' | 'hour' | 'minute' | 'second', string> {
  let format = formats.get(zone);
  if (!format) {
    const two = '2-digit';
    const shown = { year: 'numeric', month: two, day: two, hour: two, minute: two, second: two } as const;
    format = new Intl.DateTimeFormat('en-GB', { timeZone: zone, hourCycle: 'h23', ...shown });
    formats.set(zone, format);
  }
  const seconds = Math.floor(at / 1000) * 1000;
  return Object.fromEntries(format.formatToParts(seconds).map(({ type, value }) => [type, value])) as never;
}
