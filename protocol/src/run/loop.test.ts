import { mock } from 'node:test';
import { expect } from 'chai';
import { type Loop, startLoop } from './loop.ts';

/** Everything that is ready to run has run. */
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('a loop', () => {
  let loop: Loop | undefined;
  let rounds = 0;
  let errors: unknown[] = [];
  beforeEach(() => {
    mock.timers.enable({ apis: ['setTimeout'] });
    [rounds, errors] = [0, []];
  });
  afterEach(async () => {
    await loop?.stop();
    mock.timers.reset();
  });

  /** Each round answers with the next of these, the last one again and again; an error rejects. */
  function start(...answers: (number | Error)[]): Loop {
    const round = async () => {
      const answer = answers[Math.min(rounds++, answers.length - 1)];
      if (answer instanceof Error) throw answer;
      return answer ?? 0;
    };
    loop = startLoop(round, (error) => errors.push(error), {
      afterFailure: { firstMs: 100, longestMs: 250, jitter: 0 },
    });
    return loop;
  }

  async function pass(milliseconds: number): Promise<number> {
    mock.timers.tick(milliseconds);
    await settled();
    return rounds;
  }

  it('goes on at once while there is something to do, and rests as long as a round says', async () => {
    start(0, 0, 400);
    await settled();
    expect(rounds).to.equal(3);
    expect(await pass(399)).to.equal(3);
    expect(await pass(1)).to.equal(4);
  });

  it('is woken from its rest, and once more when that comes during a round', async () => {
    const { wake } = start(Number.POSITIVE_INFINITY);
    wake();
    await settled();
    expect(rounds).to.equal(2);
    wake();
    await settled();
    expect(rounds).to.equal(3);
  });

  it('looks after a minute however long a round wants to rest', async () => {
    start(Number.POSITIVE_INFINITY);
    await settled();
    expect(await pass(59_999)).to.equal(1);
    expect(await pass(1)).to.equal(2);
  });

  it('tells failures and rests longer after each, whoever wakes it, until a round succeeds', async () => {
    const failure = new Error('on purpose');
    const { wake } = start(failure, failure, failure, failure, 50);
    await settled();
    for (const [pause, count] of [
      [100, 2],
      [200, 3],
      [250, 4],
      [250, 5],
    ] as const) {
      wake();
      expect(await pass(pause - 1)).to.equal(count - 1);
      expect(await pass(1)).to.equal(count);
    }
    expect(errors).to.deep.equal([failure, failure, failure, failure]);
    wake();
    await settled();
    expect(rounds).to.equal(6);
  });

  it('ends the round under way when it is stopped, and counts that as no failure', async () => {
    let aborted: (reason: unknown) => void = () => {};
    const ended = new Promise((_, reject) => {
      aborted = reject;
    });
    loop = startLoop(
      async (stopping) => {
        rounds++;
        stopping.addEventListener('abort', () => aborted(stopping.reason));
        await ended;
        return 0;
      },
      (error) => errors.push(error),
    );
    await settled();
    await loop.stop();
    expect(rounds).to.equal(1);
    expect(errors).to.deep.equal([]);
  });
});
