import { expect } from 'chai';
import fc from 'fast-check';
import { isOpenAt, type LocalHours, type MinuteRange, nextOpenPeriod } from './calendar.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
/** Changes of half an hour, at midnight, a minute after it, none at all, across the date line, and our own. */
const ZONES = [
  'Europe/Brussels',
  'Europe/Amsterdam',
  'Australia/Lord_Howe',
  'Africa/Cairo',
  'America/St_Johns',
  'Asia/Kolkata',
  'Pacific/Apia',
  'UTC',
];

const CLOCKS = new Map(
  ZONES.map((timeZone) => [
    timeZone,
    new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'short' }),
  ]),
);

/** Reads the clock on the wall in the plainest way there is. */
function reading(timeZone: string, at: number): { date: string; weekday: number; minute: number } {
  const [date = '', time = ''] = (CLOCKS.get(timeZone)?.format(at) ?? '').split(' ');
  const [hours = 0, minutes = 0] = time.split(':').map(Number);
  return { date, weekday: new Date(date).getUTCDay() || 7, minute: hours * 60 + minutes };
}

function isOpenByClock({ timeZone, on }: LocalHours, at: number): boolean {
  const { minute, ...date } = reading(timeZone, at);
  return on(date).some(([from, to]) => from <= minute && minute < to);
}

describe('hours by the clock on the wall', () => {
  const range = fc
    .tuple(fc.nat(1439), fc.nat(1440))
    .map(([a, b]): MinuteRange => [Math.min(a, b), Math.max(a, b)])
    .filter(([from, to]) => from < to);
  const hours: fc.Arbitrary<LocalHours> = fc
    .tuple(
      fc.constantFrom(...ZONES),
      fc.dictionary(fc.constantFrom('1', '2', '3', '4', '5', '6', '7'), fc.array(range, { maxLength: 3 }), {
        maxKeys: 3,
      }),
    )
    .map(([timeZone, byWeekday]) => ({ timeZone, on: ({ weekday }) => byWeekday[weekday] ?? [] }));
  // Around changes of the clock, also those of 2010 in St. John's, where the date itself came twice; and anywhere.
  const moment = fc
    .oneof(
      fc.integer({ min: Date.UTC(2026, 2, 20), max: Date.UTC(2026, 4, 2) }),
      fc.integer({ min: Date.UTC(2026, 8, 25), max: Date.UTC(2026, 10, 5) }),
      fc.integer({ min: Date.UTC(2010, 10, 5), max: Date.UTC(2010, 10, 9) }),
      fc.integer({ min: Date.UTC(2020, 0), max: Date.UTC(2030, 0) }),
    )
    .map((at) => at - (at % MINUTE));

  it('are open when the clock says so', () => {
    fc.assert(
      fc.property(hours, moment, (open, at) => {
        expect(isOpenAt(open, at)).to.equal(isOpenByClock(open, at));
      }),
      { numRuns: 500 },
    );
  });

  it('open at the first such moment, and stay open as long as they say', () => {
    fc.assert(
      fc.property(hours, moment, (open, from) => {
        const until = from + 10 * DAY;
        const period = nextOpenPeriod(open, from, until);
        const { opensAt, closesAt } = period ?? { opensAt: until, closesAt: until };
        expect(opensAt).to.be.at.least(from);
        const pace = (span: number) => Math.max(1, Math.floor(span / MINUTE / 60)) * MINUTE;
        for (let at = from; at < opensAt; at += pace(opensAt - from)) expect(isOpenByClock(open, at)).to.equal(false);
        if (opensAt > from) expect(isOpenByClock(open, opensAt - MINUTE)).to.equal(false);
        for (let at = opensAt; at < closesAt; at += pace(closesAt - opensAt)) {
          expect(isOpenByClock(open, at)).to.equal(true);
        }
        if (period) expect(isOpenByClock(open, closesAt - MINUTE)).to.equal(true);
      }),
      { numRuns: 200 },
    );
  });

  it('are open twice in the hour that comes twice, and not at all in the one that is left out', () => {
    const night: LocalHours = { timeZone: 'Europe/Brussels', on: () => [[150, 180]] };
    const at = (time: string) => Date.parse(time);
    const opens = (from: string) => nextOpenPeriod(night, at(from), at(from) + 2 * DAY)?.opensAt;
    expect(opens('2026-10-24T22:00Z')).to.equal(at('2026-10-25T00:30Z'));
    expect(opens('2026-10-25T01:00Z')).to.equal(at('2026-10-25T01:30Z'));
    expect(opens('2026-03-28T22:00Z')).to.equal(at('2026-03-30T00:30Z'));
  });
});
