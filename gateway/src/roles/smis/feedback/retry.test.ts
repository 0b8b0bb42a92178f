import { expect } from 'chai';
import fc from 'fast-check';
import { afterFailure, type Failing, GIVE_UP_MS, WAITS } from './retry.ts';

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

  it('wait as long as the receiver asks, up to a day, and never shorter than without', () => {
    const ask = (retryAfterMs: number, failing = SOUND, now = 0) =>
      afterFailure(failing, { ...FAILED, retryAfterMs }, now, 0.5);
    expect(ask(90_000)).to.deep.include({ nextAt: 90_000, failing: { since: 0, tries: 1 } });
    expect(ask(0)).to.include({ nextAt: 5_000 });
    expect(ask(90_000, { since: 0, tries: 1 })).to.include({ nextAt: 300_000 });
    expect(ask(Number.MAX_SAFE_INTEGER)).to.include({ nextAt: 24 * 3_600_000 });
    expect(ask(1_000, { since: 0, tries: 0 }, GIVE_UP_MS * 2)).to.include({ next: 'disable' });
  });

  it('grow and end whatever the receiver asks', () => {
    fc.assert(
      fc.property(fc.infiniteStream(fc.option(fc.nat(2e9), { nil: undefined })), (asked) => {
        let failing = SOUND;
        let now = 0;
        let calls = 1;
        for (const retryAfterMs of asked) {
          const answer = { ...FAILED, ...(retryAfterMs !== undefined && { retryAfterMs }) };
          const settled = afterFailure(failing, answer, now, 0.5);
          if (settled.next === 'disable') break;
          expect(settled.nextAt - now).to.be.at.least(WAITS[calls - 1] ?? Number.POSITIVE_INFINITY);
          ({ failing, nextAt: now } = settled);
          calls++;
        }
        expect(calls).to.be.at.most(WAITS.length + 1);
      }),
    );
  });

  it('end at once when the receiver is gone', () => {
    expect(afterFailure(SOUND, { kind: 'gone' }, 0, 0.5)).to.deep.equal({ next: 'disable', reason: 'GONE' });
  });
});
