/**
 * What SMIS relies on in a channel (`protocol/src/channel.ts`): one suite for every channel, in the same process and over
 * HTTP. Only for tests.
 */
import {
  type Attempt,
  type Channel,
  ChannelError,
  channelKeysSchema,
  type Outcome,
  outcomeSchema,
} from '@civicline/protocol/channel';
import { expect } from 'chai';

/** A channel whose carrier takes everything as soon as the channel is started. */
export interface ChannelUnderTest {
  channel: Channel;
  /** Another one that the channel can bring. */
  attempt(): Attempt;
  /** One that is sealed for a key that the channel does not have. */
  unopenable(): Attempt;
  /** Lets the channel work; before that, it only takes in. */
  start(): void;
  /** Ends the channel and opens it again on the same database, not started. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

/** How often the suite looks, beside the channel's hints. */
const LOOK_EVERY_MS = 50;

export function itConforms(open: () => Promise<ChannelUnderTest>): void {
  let test: ChannelUnderTest;

  beforeEach(async () => {
    test = await open();
  });
  afterEach(() => test.close());

  const outcomesOf = async (id: string) =>
    (await test.channel.outcomes(0, 1_000)).filter(({ attemptId }) => attemptId === id);
  const comesTo = async (id: string, kind: Outcome['kind']): Promise<Outcome[]> => {
    for (;;) {
      const outcomes = await outcomesOf(id);
      if (outcomes.some((outcome) => outcome.kind === kind)) return outcomes;
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
  };
  const kindsOf = (outcomes: readonly Outcome[]) => outcomes.map(({ kind }) => kind);
  const rejection = (promise: Promise<unknown>) =>
    promise.then(
      () => expect.fail('It was accepted.'),
      (error: unknown) => error,
    );

  it('publishes keys to seal for', async () => {
    expect(channelKeysSchema.parse(await test.channel.keys())).to.have.length.at.least(1);
  });

  it('brings an attempt once, however often it is submitted, also after its end', async () => {
    const one = test.attempt();
    await test.channel.submit([one, one]);
    test.start();
    await test.channel.submit([one]);
    const outcomes = await comesTo(one.id, 'handed-over');
    await test.channel.submit([one]);
    const other = test.attempt();
    await test.channel.submit([other]);
    await comesTo(other.id, 'handed-over');
    expect((await outcomesOf(one.id)).filter(({ kind }) => kind === 'handed-over')).to.have.length(1);
    for (const outcome of outcomes) outcomeSchema.parse(outcome);
  });

  it('takes in nothing, without complaint', async () => {
    await test.channel.submit([]);
    await test.channel.cancel([]);
    expect(await test.channel.outcomes(0, 10)).to.deep.equal([]);
  });

  it('reports what it cannot open, and goes on with the others', async () => {
    const [wrong, right] = [test.unopenable(), test.attempt()];
    await test.channel.submit([wrong, right]);
    test.start();
    const [outcome] = await comesTo(wrong.id, 'failed');
    expect(outcome?.reason).to.match(/^[A-Z_]+$/);
    await comesTo(right.id, 'handed-over');
  });

  it('refuses a call with an attempt that it cannot store, and stores nothing of it', async () => {
    const right = test.attempt();
    const poisoned = { ...test.attempt(), sender: { id: null, name: 'x' } } as unknown as Attempt;
    const error = await rejection(test.channel.submit([right, poisoned]));
    expect(error).to.be.instanceOf(ChannelError).with.property('code', 'ATTEMPT_REFUSED');
    test.start();
    const other = test.attempt();
    await test.channel.submit([other]);
    await comesTo(other.id, 'handed-over');
    expect(await outcomesOf(right.id)).to.deep.equal([]);
  });

  it('withdraws what waits, once, and neither what it does not know nor what has gone', async () => {
    const [waiting, gone] = [test.attempt(), test.attempt()];
    await test.channel.submit([waiting]);
    await test.channel.cancel([waiting.id, test.attempt().id]);
    await test.channel.cancel([waiting.id]);
    expect(kindsOf(await comesTo(waiting.id, 'cancelled'))).to.deep.equal(['cancelled']);
    await test.channel.submit([gone]);
    test.start();
    await comesTo(gone.id, 'handed-over');
    await test.channel.cancel([gone.id]);
    expect(kindsOf(await outcomesOf(gone.id))).not.to.include('cancelled');
    expect(kindsOf(await outcomesOf(waiting.id))).to.deep.equal(['cancelled']);
  });

  it('never brings what had expired when it came, even if it comes again with more time', async () => {
    const [expired, withdrawn, other] = [test.attempt(), test.attempt(), test.attempt()];
    const part = { keyId: 'none', sealed: '-' };
    await test.channel.submit([expired, withdrawn].map((one) => ({ ...one, part, expiresAt: 0 })));
    await test.channel.cancel([withdrawn.id]);
    await test.channel.submit([expired, withdrawn]);
    test.start();
    expect(kindsOf(await comesTo(expired.id, 'failed'))).to.deep.equal(['failed']);
    await test.channel.submit([expired, withdrawn, other]);
    await comesTo(other.id, 'handed-over');
    expect(kindsOf(await outcomesOf(expired.id))).to.deep.equal(['failed']);
    const [end, ...more] = kindsOf(await outcomesOf(withdrawn.id));
    expect(end).to.be.oneOf(['cancelled', 'failed']);
    expect(more).to.deep.equal([]);
  });

  it('tells outcomes in order, page by page, until they are acknowledged', async () => {
    const attempts = Array.from({ length: 7 }, () => test.attempt());
    await test.channel.submit(attempts);
    test.start();
    for (const { id } of attempts) await comesTo(id, 'handed-over');
    const all = await test.channel.outcomes(0, 1_000);
    const positions = all.map(({ position }) => position);
    expect(positions).to.deep.equal([...new Set(positions)].sort((a, b) => a - b));
    const [first] = await test.channel.outcomes(0, 1);
    expect(first).to.deep.equal(all[0]);
    expect(await test.channel.outcomes(all[0]?.position ?? 0, 3)).to.deep.equal(all.slice(1, 4));
    expect(await test.channel.outcomes(all.at(-1)?.position ?? 0, 3)).to.deep.equal([]);
    const third = all[2]?.position ?? 0;
    await test.channel.acknowledge(third);
    await test.channel.acknowledge(third);
    expect(await test.channel.outcomes(third, 1_000)).to.deep.equal(all.slice(3));
  });

  it('keeps attempts and outcomes over a restart, and goes on counting', async () => {
    const [before, after] = [test.attempt(), test.attempt()];
    await test.channel.submit([before]);
    test.start();
    const [known] = await comesTo(before.id, 'handed-over');
    await test.channel.submit([after]);
    await test.restart();
    expect((await outcomesOf(before.id))[0]).to.deep.equal(known);
    await test.channel.acknowledge(known?.position ?? 0);
    test.start();
    await comesTo(after.id, 'handed-over');
    for (const { position } of await test.channel.outcomes(known?.position ?? 0, 1_000)) {
      expect(position).to.be.greaterThan(known?.position ?? 0);
    }
  });

  it('hints at outcomes to whoever listens, until they stop', async () => {
    let hints = 0;
    let hinted = () => {};
    const stop = test.channel.onOutcome(() => {
      hints++;
      hinted();
    });
    test.start();
    const hint = new Promise<void>((resolve) => {
      hinted = resolve;
    });
    const one = test.attempt();
    await test.channel.submit([one]);
    await hint;
    await comesTo(one.id, 'handed-over');
    stop();
    const heard = hints;
    const other = test.attempt();
    await test.channel.submit([other]);
    await comesTo(other.id, 'handed-over');
    expect(hints).to.equal(heard);
  });
}
