/**
 * Opening hours are wall-clock hours in a time zone. `isOpen` reads the clock on the wall; `opensAt` finds the first
 * instant at which the answer turns to yes, also on days that begin or end summer time.
 */
import type { OpeningHours } from './schemas.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
/** How far `opensAt` looks ahead. */
export const HORIZON_DAYS = 14;

const WEEKDAYS = { Mon: 'mon', Tue: 'tue', Wed: 'wed', Thu: 'thu', Fri: 'fri', Sat: 'sat', Sun: 'sun' } as const;

interface WallClock {
  /** 2026-12-25 */
  date: string;
  day: (typeof WEEKDAYS)[keyof typeof WEEKDAYS];
  /** Since midnight, by the clock on the wall. */
  minute: number;
}

/** Whether the hours include this instant (UTC milliseconds). No hours at all: always open. */
export function isOpen(hours: OpeningHours | undefined, at: number): boolean {
  if (!hours) return true;
  const { date, day, minute } = wallClock(hours.timezone, at);
  if (hours.closedOn.includes(date)) return false;
  return (hours.weekly[day] ?? []).some((range) => {
    const [start, end] = parseRange(range);
    return start <= minute && minute < end;
  });
}

/** The first instant (UTC milliseconds) from `at` on at which it is open; null when that is over 14 days away. */
export function opensAt(hours: OpeningHours | undefined, at: number): number | null {
  if (isOpen(hours, at) || !hours) return at;
  // Dates, not spans of 24 hours: some days have 23.
  const today = Date.parse(`${wallClock(hours.timezone, at).date}T00:00Z`);
  const dates = Array.from({ length: HORIZON_DAYS + 1 }, (_, day) => today + day * DAY);
  // Of all dates together, since the neighbours of a date that changes the clock have the change among theirs.
  const first = dates
    .flatMap((midnight) => openingInstants(hours, midnight))
    .filter((instant) => instant > at && instant <= at + HORIZON_DAYS * DAY)
    .sort((a, b) => a - b)
    .find((instant) => isOpen(hours, instant));
  return first ?? null;
}

/** Every instant at which the hours may begin on a wall-clock date, which is told by its midnight in UTC. */
function openingInstants(hours: OpeningHours, midnight: number): number[] {
  const { day } = wallClock('UTC', midnight);
  const before = offset(hours.timezone, midnight - DAY);
  const after = offset(hours.timezone, midnight + 2 * DAY);
  const starts = (hours.weekly[day] ?? []).map((range) => parseRange(range)[0]);
  // On a day that changes the clock a wall-clock time exists twice, or not at all: try both offsets, and the moment of
  // the change itself.
  return [
    ...starts.map((minute) => midnight + minute * MINUTE - before),
    ...starts.map((minute) => midnight + minute * MINUTE - after),
    ...(before === after ? [] : [clockChange(hours.timezone, midnight - DAY, midnight + 2 * DAY)]),
  ];
}

/** The instant between `from` and `to` at which the zone changes its offset. */
function clockChange(timezone: string, from: number, to: number): number {
  const before = offset(timezone, from);
  let [low, high] = [from, to];
  while (high - low > MINUTE) {
    const middle = low + Math.floor((high - low) / 2 / MINUTE) * MINUTE;
    if (offset(timezone, middle) === before) low = middle;
    else high = middle;
  }
  return high;
}

/** Wall clock minus UTC, in milliseconds. */
function offset(timezone: string, at: number): number {
  const { date, minute } = wallClock(timezone, at);
  return Date.parse(`${date}T00:00Z`) + minute * MINUTE - Math.floor(at / MINUTE) * MINUTE;
}

const formatters = new Map<string, Intl.DateTimeFormat>();

function wallClock(timezone: string, at: number): WallClock {
  let formatter = formatters.get(timezone);
  if (!formatter) {
    formatter = new Intl.DateTimeFormat('en-US', {
      timeZone: timezone,
      hourCycle: 'h23',
      weekday: 'short',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
    });
    formatters.set(timezone, formatter);
  }
  const parts = Object.fromEntries(formatter.formatToParts(at).map(({ type, value }) => [type, value]));
  return {
    date: `${parts.year}-${parts.month}-${parts.day}`,
    day: WEEKDAYS[parts.weekday as keyof typeof WEEKDAYS],
    minute: Number(parts.hour) * 60 + Number(parts.minute),
  };
}

/** Minutes since midnight. */
function parseRange(range: string): [start: number, end: number] {
  const [start, end] = range.split('-').map((time) => {
    const [hour, minute] = time.split(':').map(Number);
    return (hour ?? 0) * 60 + (minute ?? 0);
  });
  return [start ?? 0, end ?? 0];
}
