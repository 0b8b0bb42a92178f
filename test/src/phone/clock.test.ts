import { expect } from 'chai';
import fc from 'fast-check';
import { createVirtualClock, systemClock } from './clock.ts';

describe('the clock of the phones', () => {
  it('goes off in order of time, then of setting, but for what was called off', () => {
    const alarms = fc.array(fc.record({ at: fc.nat(50), cancelled: fc.boolean() }), { maxLength: 60 });
    fc.assert(
      fc.property(alarms, (planned) => {
        const clock = createVirtualClock();
        const heard: number[] = [];
        planned.forEach(({ at, cancelled }, index) => {
          const cancel = clock.at(at, () => heard.push(index));
          if (cancelled) cancel();
        });
        clock.advance(50);
        const expected = [...planned.entries()]
          .filter(([, { cancelled }]) => !cancelled)
          .sort(([i, a], [j, b]) => a.at - b.at || i - j)
          .map(([index]) => index);
        expect(heard).to.deep.equal(expected);
      }),
    );
  });

  it('takes alarms that are set while others go off', () => {
    const clock = createVirtualClock();
    const heard: string[] = [];
    clock.at(10, () => {
      heard.push('first');
      clock.after(5, () => heard.push('second'));
      clock.after(100, () => heard.push('too late'));
    });
    clock.advance(20);
    expect(heard).to.deep.equal(['first', 'second']);
  });

  it('never goes off early, and in order', async () => {
    const heard: number[] = [];
    const start = systemClock.now();
    await Promise.all(
      [30, 5, 20, 10, 10].map(
        (ms) =>
          new Promise<void>((resolve) => {
            systemClock.at(start + ms, () => {
              heard.push(ms);
              expect(systemClock.now() - start).to.be.at.least(ms - 1);
              resolve();
            });
          }),
      ),
    );
    expect(heard).to.deep.equal([5, 10, 10, 20, 30]);
  });
});
