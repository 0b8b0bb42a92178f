import { expect } from 'chai';
import fc from 'fast-check';
import { HORIZON_DAYS, isOpen, opensAt } from './opening-hours.ts';
import type { OpeningHours } from './schemas.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const at = (time: string) => Date.parse(time);

const office: OpeningHours = {
  timezone: 'Europe/Amsterdam',
  weekly: {
    mon: ['09:00-12:30', '13:00-17:00'],
    tue: ['09:00-17:00'],
    wed: ['09:00-17:00'],
    thu: ['09:00-17:00'],
    fri: ['09:00-17:00'],
  },
  closedOn: ['2026-12-25'],
};
const nights = (range: string, timezone = 'Europe/Amsterdam'): OpeningHours => ({
  timezone,
  weekly: { sun: [range] },
  closedOn: [],
});

describe('opening hours', () => {
  it('are wall-clock hours of their zone', () => {
    expect(isOpen(office, at('2026-07-01T07:00Z'))).to.equal(true); // 09:00 CEST
    expect(isOpen(office, at('2026-07-01T06:59Z'))).to.equal(false);
    expect(isOpen(office, at('2026-01-07T07:59Z'))).to.equal(false); // 08:59 CET
    expect(isOpen(office, at('2026-01-07T08:00Z'))).to.equal(true);
    expect(isOpen(office, at('2026-01-07T16:00Z'))).to.equal(false); // 17:00: the end is outside
    expect(isOpen(office, at('2026-01-05T11:45Z'))).to.equal(false); // lunch on Monday
  });

  it('are always open when there are none, and never when no day is named', () => {
    expect(isOpen(undefined, 0)).to.equal(true);
    expect(opensAt(undefined, 5)).to.equal(5);
    expect(opensAt({ timezone: 'Europe/Amsterdam', weekly: {}, closedOn: [] }, 0)).to.equal(null);
  });

  it('know holidays', () => {
    expect(isOpen(office, at('2026-12-25T10:00Z'))).to.equal(false);
    expect(opensAt(office, at('2026-12-24T20:00Z'))).to.equal(at('2026-12-28T08:00Z'));
  });

  it('open on the Sunday on which summer time begins', () => {
    const weekly = { sun: ['10:00-16:00'], mon: ['09:00-17:00'] };
    const hours = { timezone: 'Europe/Amsterdam', weekly, closedOn: [] };
    expect(opensAt(hours, at('2026-03-28T22:30Z'))).to.equal(at('2026-03-29T08:00Z'));
  });

  it('open again after lunch, the night and the weekend', () => {
    expect(opensAt(office, at('2026-01-05T11:45Z'))).to.equal(at('2026-01-05T12:00Z'));
    expect(opensAt(office, at('2026-01-05T22:00Z'))).to.equal(at('2026-01-06T08:00Z'));
    expect(opensAt(office, at('2026-01-09T17:00Z'))).to.equal(at('2026-01-12T08:00Z'));
    expect(opensAt(office, at('2026-01-06T10:30Z'))).to.equal(at('2026-01-06T10:30Z'));
  });

  it('open at the clock change when they would begin in the hour that is left out', () => {
    // On 29 March 2026 the clock goes from 01:59 CET to 03:00 CEST.
    expect(opensAt(nights('02:30-04:00'), at('2026-03-29T00:00Z'))).to.equal(at('2026-03-29T01:00Z'));
    expect(opensAt(nights('02:15-02:45'), at('2026-03-28T12:00Z'))).to.equal(at('2026-04-05T00:15Z'));
  });

  it('open twice when the hour in which they begin comes twice', () => {
    // On 25 October 2026 02:00-03:00 comes first in CEST, then in CET.
    const hours = nights('02:30-04:00');
    expect(opensAt(hours, at('2026-10-24T22:00Z'))).to.equal(at('2026-10-25T00:30Z'));
    expect(isOpen(hours, at('2026-10-25T00:45Z'))).to.equal(true);
    expect(isOpen(hours, at('2026-10-25T01:15Z'))).to.equal(false);
    expect(opensAt(hours, at('2026-10-25T01:15Z'))).to.equal(at('2026-10-25T01:30Z'));
  });

  it('open at midnight of that Sunday, not only when its hours come again', () => {
    const hours = nights('00:00-02:01');
    expect(opensAt(hours, at('2026-10-18T00:01Z'))).to.equal(at('2026-10-24T22:00Z'));
    expect(opensAt(hours, at('2026-10-25T00:01Z'))).to.equal(at('2026-10-25T01:00Z'));
  });

  it('reach to midnight', () => {
    const hours = nights('22:00-24:00');
    expect(isOpen(hours, at('2026-06-07T21:59Z'))).to.equal(true);
    expect(isOpen(hours, at('2026-06-07T22:00Z'))).to.equal(false);
  });

  const clock = fc.integer({ min: 0, max: 23 * 60 + 59 });
  const time = (minute: number) =>
    `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;
  const range = fc
    .tuple(clock, clock)
    .filter(([start, end]) => start !== end)
    .map(([a, b]) => `${time(Math.min(a, b))}-${time(Math.max(a, b))}`);
  const hoursOf: fc.Arbitrary<OpeningHours> = fc.record({
    // Half hours of summer time, changes at midnight, no summer time, the far side of the date line.
    timezone: fc.constantFrom(
      'Europe/Amsterdam',
      'Australia/Lord_Howe',
      'Africa/Cairo',
      'Asia/Kolkata',
      'Pacific/Apia',
      'UTC',
    ),
    weekly: fc.dictionary(
      fc.constantFrom('mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'),
      fc.array(range, { minLength: 1, maxLength: 2 }),
      { maxKeys: 3 },
    ),
    closedOn: fc.constantFrom([], ['2026-03-29'], ['2026-10-25', '2026-10-26']),
  });
  // Around the clock changes of all these zones, and anywhere.
  const moment = fc.oneof(
    fc.integer({ min: at('2026-03-20T00:00Z'), max: at('2026-05-02T00:00Z') }),
    fc.integer({ min: at('2026-09-25T00:00Z'), max: at('2026-11-05T00:00Z') }),
    fc.integer({ min: at('2026-01-01T00:00Z'), max: at('2027-12-31T00:00Z') }),
  );

  it('are open at the moment at which they open, and closed all the time before', () => {
    fc.assert(
      fc.property(hoursOf, moment, (hours, now) => {
        const opens = opensAt(hours, now);
        const end = opens ?? now + HORIZON_DAYS * DAY;
        if (opens !== null) {
          expect(opens).to.be.at.least(now);
          expect(isOpen(hours, opens)).to.equal(true);
        }
        // Every minute would be slow; the minutes before the end, and a net over the rest.
        const step = Math.max(MINUTE, Math.floor((end - now) / 300));
        for (let t = now; t < end; t += step) expect(isOpen(hours, t)).to.equal(false);
        for (let t = end - 5 * MINUTE; t < end; t += MINUTE) if (t >= now) expect(isOpen(hours, t)).to.equal(false);
      }),
      { numRuns: 200 },
    );
  });
});
