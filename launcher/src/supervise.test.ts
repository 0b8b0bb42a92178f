import { expect } from 'chai';
import { type Component, supervise } from './supervise.ts';

function component(): Component & { end(): void; stopped: boolean } {
  let end = () => {};
  const exited = new Promise<void>((resolve) => {
    end = resolve;
  });
  const self = {
    exited,
    end: () => end(),
    stopped: false,
    async stop() {
      self.stopped = true;
      end();
    },
  };
  return self;
}

describe('supervise', () => {
  it('starts a component again when it ended by itself', async () => {
    const first = component();
    const second = component();
    const lines: string[] = [];
    const restarted = new Promise<void>((resolve) => {
      const supervised = supervise(
        'peer',
        first,
        async () => {
          setImmediate(() => supervised.stop().then(resolve));
          return second;
        },
        (line) => lines.push(line),
      );
    });
    first.end();
    await restarted;
    expect(second.stopped).to.equal(true);
    expect(lines[0]).to.match(/^peer ended/);
  });

  it('does not start anything once stopped', async () => {
    const first = component();
    let starts = 0;
    const supervised = supervise(
      'peer',
      first,
      async () => {
        starts++;
        return component();
      },
      () => {},
    );
    await supervised.stop();
    expect(first.stopped).to.equal(true);
    expect(starts).to.equal(0);
  });

  it('keeps trying when a start fails', async () => {
    const first = component();
    const last = component();
    let starts = 0;
    let supervised = { stop: async () => {} };
    const recovered = new Promise<void>((resolve) => {
      supervised = supervise(
        'peer',
        first,
        async () => {
          starts++;
          if (starts === 1) throw new Error('not yet');
          resolve();
          return last;
        },
        () => {},
      );
    });
    first.end();
    await recovered;
    await supervised.stop();
    expect(starts).to.equal(2);
    expect(last.stopped).to.equal(true);
  });
});
