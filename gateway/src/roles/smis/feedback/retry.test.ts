import { expect } from 'chai';
import fc from 'fast-check';
import { afterFailure, type Failing, GIVE_UP_MS, readRetryAfter, WAITS } from './retry.ts';

const SOUND: Failing = { since: null, tries: 0 };
const FAILED = { kind: 'failed', reason: 'status' } as const;

describe('retries of webhooks', () => {
  it('wait longer each time, and end', () => {
    let failing = SOUND;
    let now = 1_000;
    const waits: number[] = [];
    for (;;) {
      const settled = afterFailure(failing, FAILED, now, 0.5);
      if (settled.next === 'disable') {
        expect(settled.reason).to.equal('UNREACHABLE');
        break;
      }
      waits.push(settled.nextAt - now);
      ({ failing, nextAt: now } = settled);
    }
    expect(waits).to.deep.equal([...WAITS]);
    expect(failing.since).to.equal(1_000);
  });

  it('are spread', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(WAITS.length - 1), (random, tries) => {
        const settled = afterFailure({ since: 0, tries }, FAILED, 0, random);
        const wait = WAITS[tries] ?? 0;
        return settled.next === 'retry' && settled.nextAt >= wait * 0.8 && settled.nextAt <= wait * 1.2;
      }),
    );
  });

  it('wait as long as the receiver asks, between a second and a day, and not for ever', () => {
    const ask = (retryAfterMs: number, failing = SOUND, now = 0) =>
      afterFailure(failing, { ...FAILED, retryAfterMs }, now, 0.5);
    expect(ask(90_000)).to.deep.include({ nextAt: 90_000, failing: { since: 0, tries: 0 } });
    expect(ask(0)).to.include({ nextAt: 1_000 });
    expect(ask(1e12)).to.include({ nextAt: 24 * 3_600_000 });
    expect(ask(1_000, { since: 0, tries: 0 }, GIVE_UP_MS * 2)).to.include({ next: 'disable' });
  });

  it('end at once when the receiver is gone', () => {
    expect(afterFailure(SOUND, { kind: 'gone' }, 0, 0.5)).to.deep.equal({ next: 'disable', reason: 'GONE' });
  });

  it('read Retry-After as seconds or as a date', () => {
    const now = Date.parse('2026-06-01T10:00:00Z');
    expect(readRetryAfter('120', now)).to.equal(120_000);
    expect(readRetryAfter('Mon, 01 Jun 2026 10:01:00 GMT', now)).to.equal(60_000);
    expect(readRetryAfter('Mon, 01 Jun 2026 09:00:00 GMT', now)).to.equal(0);
    for (const header of [undefined, 'soon', '-5', '', '1e99'])
      expect(readRetryAfter(header, now), header).to.equal(undefined);
  });
});
