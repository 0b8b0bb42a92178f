/** Opening hours: wall-clock hours in a time zone, right also on days that begin or end summer time. */
import { isOpenAt, type LocalHours, type MinuteRange, minutesOf, nextOpenPeriod } from '../../../platform/run/index.ts';
import type { OpeningHours } from './schemas.ts';

const DAY_MS = 24 * 3600_000;
/** How far `opensAt` looks ahead. */
export const HORIZON_DAYS = 14;

const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;

/** Whether the hours include this instant (UTC milliseconds). No hours at all: always open. */
export function isOpen(hours: OpeningHours | undefined, at: number): boolean {
  return !hours || isOpenAt(localHours(hours), at);
}

/** The first instant (UTC milliseconds) from `at` on at which it is open; null when that is over 14 days away. */
export function opensAt(hours: OpeningHours | undefined, at: number): number | null {
  if (!hours) return at;
  return nextOpenPeriod(localHours(hours), at, at + HORIZON_DAYS * DAY_MS)?.opensAt ?? null;
}

function localHours({ timezone, weekly, closedOn }: OpeningHours): LocalHours {
  return {
    timeZone: timezone,
    on({ date, weekday }) {
      const day = WEEKDAYS[weekday - 1];
      return day === undefined || closedOn.includes(date) ? [] : (weekly[day] ?? []).map(parseRange);
    },
  };
}

function parseRange(range: string): MinuteRange {
  const [from = '', to = ''] = range.split('-');
  return [minutesOf(from), minutesOf(to)];
}
