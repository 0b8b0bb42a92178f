import { expect } from 'chai';
import fc from 'fast-check';
import { describeQuotas, type Limits, noUsage, takeFrom, type Usage } from './quota.ts';

const START = Date.parse('2026-06-01T00:00:00Z');
const limit = fc.option(fc.integer({ min: 1, max: 10_000 }));
const limits = fc.record({ perMinute: limit, perDay: limit });
const requests = fc.array(
  fc.record({ count: fc.integer({ min: 1, max: 5_000 }), wait: fc.integer({ min: 0, max: 600_000 }) }),
  {
    maxLength: 50,
  },
);

function run(rules: Limits, steps: { count: number; wait: number }[]) {
  let usage: Usage = noUsage(rules, START);
  let now = START;
  const taken: { now: number; taken: number; retryAfterSeconds: number | undefined }[] = [];
  for (const { count, wait } of steps) {
    now += wait;
    const result = takeFrom(rules, usage, count, now);
    usage = result.usage;
    taken.push({ now, taken: result.taken, retryAfterSeconds: result.retryAfterSeconds });
  }
  return { taken, usage, now };
}

describe('quotas', () => {
  it('never give more than the bucket held and gained, nor more than a day has', () => {
    fc.assert(
      fc.property(limits, requests, (rules, steps) => {
        const { taken, now } = run(rules, steps);
        const all = taken.reduce((sum, step) => sum + step.taken, 0);
        if (rules.perMinute !== null) {
          expect(all).to.be.at.most(rules.perMinute + ((now - START) / 60_000) * rules.perMinute + 1e-6);
        }
        const perDay = new Map<string, number>();
        for (const step of taken) {
          const day = new Date(step.now).toISOString().slice(0, 10);
          perDay.set(day, (perDay.get(day) ?? 0) + step.taken);
        }
        if (rules.perDay !== null) for (const used of perDay.values()) expect(used).to.be.at.most(rules.perDay);
      }),
    );
  });

  it('give something after the time that they say', () => {
    fc.assert(
      fc.property(limits, requests, fc.integer({ min: 1, max: 5_000 }), (rules, steps, count) => {
        const { usage, now } = run(rules, steps);
        const refused = takeFrom(rules, usage, count, now);
        if (refused.retryAfterSeconds === undefined) return;
        const later = now + refused.retryAfterSeconds * 1_000;
        expect(takeFrom(rules, refused.usage, 1, later).taken).to.equal(1);
      }),
    );
  });

  it('show what can be taken', () => {
    fc.assert(
      fc.property(limits, requests, (rules, steps) => {
        const { usage, now } = run(rules, steps);
        const remaining = Math.min(...describeQuotas(rules, usage, now).map((quota) => quota.remaining), 100_000);
        expect(takeFrom(rules, usage, 100_000, now).taken).to.equal(remaining);
      }),
    );
  });

  it('gain nothing from a clock that is set back, and lose nothing', () => {
    const rules = { perMinute: 60, perDay: null };
    const { usage } = takeFrom(rules, noUsage(rules, START), 30, START);
    const back = takeFrom(rules, usage, 60, START - 3_600_000);
    expect(back.taken).to.equal(30);
    expect(takeFrom(rules, back.usage, 60, START - 3_600_000 + 10_000).taken).to.equal(10);
  });

  it('give the same time once, though clocks of gateways differ', () => {
    const skewed = fc.array(
      fc.record({
        count: fc.integer({ min: 1, max: 5_000 }),
        wait: fc.integer({ min: 0, max: 600_000 }),
        behind: fc.boolean(),
      }),
      { maxLength: 50 },
    );
    fc.assert(
      fc.property(limits, skewed, fc.integer({ min: 1, max: 30_000 }), (rules, steps, skew) => {
        let usage = noUsage(rules, START);
        let [now, all] = [START, 0];
        for (const { count, wait, behind } of steps) {
          now += wait;
          const clock = behind ? now - skew : now;
          const result = takeFrom(rules, usage, count, clock);
          usage = result.usage;
          all += result.taken;
          if (result.retryAfterSeconds === undefined) continue;
          expect(takeFrom(rules, usage, 1, clock + result.retryAfterSeconds * 1_000).taken).to.equal(1);
        }
        if (rules.perMinute !== null) {
          expect(all).to.be.at.most(rules.perMinute + ((now - START) / 60_000) * rules.perMinute + 1e-6);
        }
        const days = Math.floor((now - START) / 86_400_000) + 1;
        if (rules.perDay !== null) expect(all).to.be.at.most(rules.perDay * days);
      }),
    );
  });

  it('count no day twice around midnight', () => {
    const rules = { perMinute: null, perDay: 10 };
    let usage = takeFrom(rules, noUsage(rules, START - 1), 10, START - 1).usage;
    let taken = 0;
    for (let n = 0; n < 10; n++) {
      for (const clock of [START + n, START + n - 20]) {
        const result = takeFrom(rules, usage, 3, clock);
        usage = result.usage;
        taken += result.taken;
      }
    }
    expect(taken).to.equal(10);
  });

  it('warn of the bucket once until it is full again', () => {
    const rules = { perMinute: 10, perDay: null };
    const first = takeFrom(rules, noUsage(rules, START), 8, START);
    expect(first.warnings).to.deep.equal([{ quota: 'minute', limit: 10, used: 8 }]);
    const second = takeFrom(rules, first.usage, 1, START);
    expect(second.warnings).to.deep.equal([]);
    expect(takeFrom(rules, second.usage, 9, START + 60_000).warnings).to.have.lengthOf(1);
  });
});
