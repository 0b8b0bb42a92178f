import { expect } from 'chai';
import fc from 'fast-check';
import { createWindows, DEFAULT_WINDOWS, nextOpening, type SendWindow } from './windows.ts';

const MINUTE = 60_000;
const ZONES = ['Europe/Brussels', 'Europe/Amsterdam'] as const;

const CLOCKS = Object.fromEntries(
  ZONES.map((timeZone) => [
    timeZone,
    new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' }),
  ]),
);

/** Says it minute by minute, in the plainest way there is. */
function isOpen(window: SendWindow, zone: string, holidays: readonly string[], at: number): boolean {
  const [date = '', clock = ''] = (CLOCKS[zone]?.format(at) ?? '').split(' ');
  const day = new Date(date).getUTCDay() || 7;
  const minute = clock.slice(0, 5);
  if (!window.days.includes(day) || (!window.holidays && holidays.includes(date))) return false;
  return window.from <= minute && minute < window.to;
}

const pad = (n: number) => String(n).padStart(2, '0');
const clock = fc.integer({ min: 0, max: 24 * 60 - 1 }).map((n) => `${pad(Math.floor(n / 60))}:${pad(n % 60)}`);
const window = fc
  .record({
    from: clock,
    to: clock,
    days: fc.uniqueArray(fc.integer({ min: 1, max: 7 }), { minLength: 1 }),
    holidays: fc.boolean(),
  })
  .filter(({ from, to }) => from < to);
/** Around the nights in which clocks change, and any time. */
const CHANGES = [Date.UTC(2026, 2, 29, 1), Date.UTC(2026, 9, 25, 1), Date.UTC(2027, 2, 28, 1)];
const now = fc
  .oneof(
    fc.tuple(fc.constantFrom(...CHANGES), fc.integer({ min: -3000, max: 3000 })).map(([at, m]) => at + m * MINUTE),
    fc.integer({ min: Date.UTC(2024, 0), max: Date.UTC(2030, 0) }),
  )
  .map((at) => at - (at % MINUTE));

describe('send windows', () => {
  it('open at the first minute that the local clock allows, also when it jumps', () => {
    fc.assert(
      fc.property(window, fc.constantFrom(...ZONES), now, fc.array(fc.nat({ max: 10 })), (rule, zone, at, free) => {
        const holidays = free.map((n) => new Date(at + n * 24 * 3600_000).toISOString().slice(0, 10));
        const { opensAt, closesAt } = nextOpening(rule, zone, holidays, at);
        if (opensAt === Number.POSITIVE_INFINITY) return;
        expect(opensAt).to.be.at.least(at);
        expect(isOpen(rule, zone, holidays, opensAt)).to.equal(true);
        for (let time = opensAt; time < closesAt; time += 7 * MINUTE) {
          expect(isOpen(rule, zone, holidays, time)).to.equal(true);
        }
        if (opensAt === at) return;
        const before = opensAt - MINUTE;
        expect(isOpen(rule, zone, holidays, before)).to.equal(false);
        const pace = Math.max(MINUTE, Math.floor((opensAt - at) / 150 / MINUTE) * MINUTE);
        for (let time = at; time < opensAt; time += pace) {
          expect(isOpen(rule, zone, holidays, time)).to.equal(false);
        }
      }),
      { numRuns: 150 },
    );
  });

  it('asked again and again give the same as asked once', () => {
    const windows = createWindows(DEFAULT_WINDOWS, { 'Europe/Brussels': ['2026-07-21'], 'Europe/Amsterdam': [] });
    const message = { channel: 'sms', category: 'broadcast', urgency: 'bulk', zone: 'Europe/Brussels' } as const;
    const rule = DEFAULT_WINDOWS.sms.broadcast as SendWindow;
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 14 * 24 * 60 }), { maxLength: 20 }), (minutes) => {
        for (const minute of minutes) {
          const at = Date.UTC(2026, 6, 15) + minute * MINUTE;
          const fresh = nextOpening(rule, 'Europe/Brussels', ['2026-07-21'], at).opensAt;
          expect(windows.opensAt(message, at)).to.equal(fresh);
        }
      }),
    );
  });

  it('let emergencies and what is urgent pass, and defer the rest to the morning', () => {
    const windows = createWindows(DEFAULT_WINDOWS, { 'Europe/Brussels': [], 'Europe/Amsterdam': ['2026-04-27'] });
    const zone = 'Europe/Amsterdam' as const;
    const ask = (category: 'emergency' | 'individual' | 'broadcast', urgency: 'urgent' | 'normal', time: string) => {
      const opensAt = windows.opensAt({ channel: 'sms', category, urgency, zone }, Date.parse(time));
      return new Date(opensAt).toISOString().slice(0, 16);
    };
    // Saturday evening in summer.
    expect(ask('emergency', 'normal', '2026-04-25T20:00Z')).to.equal('2026-04-25T20:00');
    expect(ask('broadcast', 'urgent', '2026-04-25T20:00Z')).to.equal('2026-04-25T20:00');
    expect(ask('individual', 'normal', '2026-04-25T20:00Z')).to.equal('2026-04-26T06:00');
    // Not on Sunday, nor on King's Day.
    expect(ask('broadcast', 'normal', '2026-04-25T20:00Z')).to.equal('2026-04-28T06:00');
  });

  it('are described for programs', () => {
    const windows = createWindows(DEFAULT_WINDOWS, { 'Europe/Brussels': ['2026-12-25'], 'Europe/Amsterdam': [] });
    const described = windows.describe('Europe/Brussels');
    expect(described).to.have.length(9);
    expect(described).to.deep.include({
      channel: 'sms',
      category: 'broadcast',
      zone: 'Europe/Brussels',
      from: '08:00',
      to: '20:00',
      days: [1, 2, 3, 4, 5, 6],
      holidays: false,
      holidayDates: ['2026-12-25'],
    });
  });
});
