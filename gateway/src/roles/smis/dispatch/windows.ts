/**
 * Send windows: when a message of some category may go out by some channel, by the clock of the sender's country.
 * Emergencies and what is urgent go at any time.
 */
import { type Category, CHANNELS, type ChannelName, type Urgency } from '@civicline/protocol';
import {
  type LocalDate,
  type LocalHours,
  type MinuteRange,
  minutesOf,
  nextOpenPeriod,
  type OpenPeriod,
} from '../../../platform/run/index.ts';
import type { Zone } from '../senders/index.ts';

/** Times are local, `HH:MM`; the end is not in the window. */
export interface SendWindow {
  readonly from: string;
  readonly to: string;
  /** 1 is Monday, 7 is Sunday (ISO 8601). */
  readonly days: readonly number[];
  /** Whether it is open on holidays too. */
  readonly holidays: boolean;
}

export type GovernedCategory = Exclude<Category, 'emergency'>;
/** null: at any time. */
export type SendWindows = Record<ChannelName, Record<GovernedCategory, SendWindow | null>>;
/** Dates such as `2026-12-25`. */
export type Holidays = Record<Zone, readonly string[]>;

const EVERY_DAY = [1, 2, 3, 4, 5, 6, 7];
const NOT_SUNDAY = [1, 2, 3, 4, 5, 6];

/** 8-20 h as recommended for Belgium, what goes to many not on Sundays and holidays; an App's notices from 6 to 22 h. */
export const DEFAULT_WINDOWS: SendWindows = {
  app: windowsOf('06:00', '22:00', EVERY_DAY),
  sms: windowsOf('08:00', '20:00', NOT_SUNDAY),
  email: windowsOf('08:00', '20:00', NOT_SUNDAY),
};

function windowsOf(from: string, to: string, daysForMany: readonly number[]): Record<GovernedCategory, SendWindow> {
  const forMany = { from, to, days: daysForMany, holidays: daysForMany.includes(7) };
  return { individual: { from, to, days: EVERY_DAY, holidays: true }, informative: forMany, broadcast: forMany };
}

export interface Windows {
  /** When it may go out: `now` itself if the window is open, UTC milliseconds; Infinity: never. */
  opensAt(message: { channel: ChannelName; category: Category; urgency: Urgency; zone: Zone }, now: number): number;
  /** For `GET /v1/limits`: one entry per channel and category. */
  describe(zone: Zone): WindowView[];
}

/** What senders are told of a window; without times: at any time. */
export interface WindowView extends Partial<SendWindow> {
  [more: string]: unknown;
  channel: ChannelName;
  category: string;
  zone: Zone;
  /** On which it is closed. */
  holidayDates?: readonly string[];
}

export function createWindows(windows: SendWindows, holidays: Holidays): Windows {
  const known = new Map<string, Opening>();

  function openingFor(window: SendWindow, zone: Zone, key: string, now: number): Opening {
    const kept = known.get(key);
    if (kept && kept.askedAt <= now && now < (kept.opensAt > kept.askedAt ? kept.opensAt : kept.closesAt)) return kept;
    const opening = { askedAt: now, ...nextOpening(window, zone, holidays[zone], now) };
    known.set(key, opening);
    return opening;
  }

  return {
    opensAt({ channel, category, urgency, zone }, now) {
      if (category === 'emergency' || urgency === 'urgent') return now;
      const window = windows[channel][category];
      if (!window) return now;
      return Math.max(now, openingFor(window, zone, `${channel} ${category} ${zone}`, now).opensAt);
    },
    describe: (zone) =>
      CHANNELS.flatMap((channel) =>
        Object.entries(windows[channel]).map(
          ([category, window]): WindowView =>
            window
              ? { channel, category, zone, ...window, holidayDates: window.holidays ? [] : holidays[zone] }
              : { channel, category, zone },
        ),
      ),
  };
}

interface Opening extends OpenPeriod {
  askedAt: number;
}

const SEARCHED_MS = 60 * 24 * 3600_000;
const NEVER = { opensAt: Number.POSITIVE_INFINITY, closesAt: Number.POSITIVE_INFINITY };

/**
 * The first time at or after `now` when the window is open, and until when it surely stays so; UTC milliseconds.
 * Infinity when it does not open within 60 days.
 */
export function nextOpening(window: SendWindow, zone: Zone, holidays: readonly string[], now: number): OpenPeriod {
  const hours: MinuteRange[] = [[minutesOf(window.from), minutesOf(window.to)]];
  const isOpenOn = ({ date, weekday }: LocalDate) =>
    window.days.includes(weekday) && (window.holidays || !holidays.includes(date));
  const days: LocalHours = { timeZone: zone, on: (date) => (isOpenOn(date) ? hours : []) };
  return nextOpenPeriod(days, now, now + SEARCHED_MS) ?? NEVER;
}
