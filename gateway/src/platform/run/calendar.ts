/**
 * Hours by the clock on the wall of a time zone: opening hours, send windows. Between two changes of the zone's offset
 * the clock runs evenly; so the search goes from change to change, and within each such stretch from date to date. An
 * hour that is left out is not open, one that comes twice is open twice.
 */
import { Temporal } from 'temporal-polyfill';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

export interface LocalDate {
  /** ISO 8601, such as `2026-12-25`. */
  date: string;
  /** 1 is Monday, 7 is Sunday (ISO 8601). */
  weekday: number;
}

/** From and to, in minutes since midnight by the clock on the wall, at most 1440; the end is not in it. */
export type MinuteRange = readonly [from: number, to: number];

export interface LocalHours {
  /** IANA time zone. */
  timeZone: string;
  /** When it is open on a date, in any order. */
  on(date: LocalDate): readonly MinuteRange[];
}

/** UTC milliseconds. */
export interface OpenPeriod {
  opensAt: number;
  /** Until here it surely stays open. */
  closesAt: number;
}

/** Whether it is open at an instant (UTC milliseconds). */
export function isOpenAt(hours: LocalHours, at: number): boolean {
  return nextOpenPeriod(hours, at, at + 1) !== null;
}

/** From when on it is open, at or after `from` and before `until` (UTC milliseconds); null: it is not. */
export function nextOpenPeriod({ timeZone, on }: LocalHours, from: number, until: number): OpenPeriod | null {
  for (let at = from; at < until; ) {
    const { offset, end } = evenStretch(timeZone, at);
    const stretchEnd = Math.min(end, until);
    const firstMidnight = Math.floor((at + offset) / DAY_MS) * DAY_MS;
    for (let midnight = firstMidnight; midnight < stretchEnd + offset; midnight += DAY_MS) {
      const periods = on(localDate(midnight))
        .map(([start, stop]) => ({
          opensAt: Math.max(at, midnight + start * MINUTE_MS - offset),
          closesAt: Math.min(stretchEnd, midnight + stop * MINUTE_MS - offset),
        }))
        .filter(({ opensAt, closesAt }) => opensAt < closesAt);
      const [first] = periods.sort((a, b) => a.opensAt - b.opensAt);
      if (first) return first;
    }
    at = stretchEnd;
  }
  return null;
}

/** `08:00` in minutes since midnight; `24:00` is the end of the day. */
export function minutesOf(time: string): number {
  const [hours = 0, minutes = 0] = time.split(':').map(Number);
  return hours * 60 + minutes;
}

/** `midnight`: by the clock on the wall, told as if that were UTC. */
function localDate(midnight: number): LocalDate {
  const day = new Date(midnight);
  return { date: day.toISOString().slice(0, 10), weekday: day.getUTCDay() || 7 };
}

interface EvenStretch {
  /** Known to be in it. */
  begin: number;
  /** The next change of the offset; Infinity when none is planned. */
  end: number;
  /** Wall clock minus UTC, milliseconds. */
  offset: number;
}

/** The last one of each zone: finding the next change takes a search. */
const stretches = new Map<string, EvenStretch>();

function evenStretch(timeZone: string, at: number): EvenStretch {
  const known = stretches.get(timeZone);
  if (known && known.begin <= at && at < known.end) return known;
  const time = Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(timeZone);
  const end = time.getTimeZoneTransition('next')?.epochMilliseconds ?? Number.POSITIVE_INFINITY;
  const stretch = { begin: at, end, offset: time.offsetNanoseconds / 1e6 };
  stretches.set(timeZone, stretch);
  return stretch;
}
