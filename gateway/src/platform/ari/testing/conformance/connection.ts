/** Connecting, being replaced, closing, and what a crash of Asterisk does. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import type { AriError } from '../../index.ts';
import { whenever } from '../recorder.ts';
import { APPLICATION, type Bench, DID, expectError, expectRejection, outcome, userEvents } from './bench.ts';

export function connectionSuite(bench: Bench): void {
  const { start, open, connected, caller } = bench;

  describe('connection', () => {
    it('says which Asterisk it is', async () => {
      const ari = open();
      expect(ari.state).to.equal('connecting');
      const { version, entityId } = await whenever(ari, 'connected');
      expect(version).to.match(/^22\./);
      expect(entityId).to.match(/^[0-9a-f:]{17}$/);
      expect(ari.state).to.equal('connected');
    });

    it('tells of a wrong password, and goes on trying', async () => {
      const ari = open({ password: 'wrong' });
      expectError(await whenever(ari, 'connect-failed'), 'ARI_REFUSED', 401);
      expectError(await whenever(ari, 'connect-failed'), 'ARI_REFUSED', 401);
      await expectRejection(ari.asterisk.ping(), 'ARI_DISCONNECTED');
    });

    it('tells that nobody is there, and goes on trying', async () => {
      const ari = open({ url: 'http://127.0.0.1:9' });
      expectError(await whenever(ari, 'connect-failed'), 'ARI_UNREACHABLE');
      expectError(await whenever(ari, 'connect-failed'), 'ARI_UNREACHABLE');
    });

    it('steps down for good when another takes the application over', async () => {
      const { ari: first, heard: heardByFirst } = await connected();
      const end = Promise.all([whenever(first, 'replaced'), whenever(first, 'disconnected')]);
      const { ari: second, heard } = await connected();
      await end;
      expect(first.state).to.equal('replaced');
      await expectRejection(first.asterisk.ping(), 'ARI_DISCONNECTED');
      await caller(heard);
      expect(second.state).to.equal('connected');
      expect(first.state).to.equal('replaced');
      expect(heardByFirst.all()).to.deep.equal([]);
    });

    it('has several applications on one Asterisk', async () => {
      const one = await connected();
      const other = await connected({ application: 'another' });
      await one.heard.mark('for one');
      await other.heard.mark('for the other');
      expect(userEvents(one.heard)).to.deep.equal(['for one']);
      expect(userEvents(other.heard)).to.deep.equal(['for the other']);
    });

    it('rejects what is pending when it is closed, and leaves neither timer nor socket', async () => {
      // From here on the test's own time limit counts too.
      await new Promise(setImmediate);
      const before = resources();
      const { ari } = await connected();
      const outcomes = Promise.all(Array.from({ length: 20 }, () => outcome(ari.asterisk.ping())));
      await ari.close();
      for (const error of await outcomes) expectError(error, 'ARI_DISCONNECTED');
      expect(ari.state).to.equal('closed');
      await expectRejection(ari.asterisk.ping(), 'ARI_DISCONNECTED');
      await ari.close();
      await freedTo(before);
    });

    it('is closed at once while it waits to try again', async () => {
      // From here on the test's own time limit counts too.
      await new Promise(setImmediate);
      const before = resources();
      const ari = open({ url: 'http://127.0.0.1:9' });
      await whenever(ari, 'connect-failed');
      await ari.close();
      await freedTo(before);
    });
  });

  describe('crash', () => {
    it('rejects what is pending, and connects again by itself', async () => {
      const eventFilter = { disallowed: [{ type: 'ChannelVarset' as const }] };
      const { ari, heard } = await connected({ eventFilter });
      const lost = whenever(ari, 'disconnected');
      const crash = bench.asterisk.crash();
      const outcomes: Promise<AriError | null>[] = [];
      while (ari.state === 'connected') {
        outcomes.push(outcome(ari.asterisk.ping()));
        await new Promise(setImmediate);
      }
      await Promise.all([lost, crash]);
      for (const error of await Promise.all(outcomes)) if (error) expectError(error, 'ARI_DISCONNECTED');
      await expectRejection(ari.asterisk.ping(), 'ARI_DISCONNECTED');

      const again = whenever(ari, 'connected');
      await bench.asterisk.restart();
      await again;
      expect(ari.counters.reconnections).to.be.at.least(1);
      const view = await ari.applications.get({ applicationName: APPLICATION });
      expect(view.events_disallowed).to.deep.equal(eventFilter.disallowed);
      expect((await caller(heard)).args).to.deep.equal(['caller', DID, '12345678', 'withheld']);
    });

    it('of one Asterisk does not touch another', async () => {
      const other = await start();
      try {
        const { ari, heard } = await connected();
        const { ari: second, heard: heardBySecond } = await connected({ id: 'second', ...other.address });
        const lost = whenever(second, 'disconnected');
        await other.crash();
        await lost;
        expect(ari.state).to.equal('connected');
        await caller(heard);
        expect(heardBySecond.all()).to.deep.equal([]);
        await second.close();
        await ari.asterisk.ping();
      } finally {
        await other.stop();
      }
    });
  });
}

/** Timers and sockets that keep this process alive. */
function resources(): number {
  return process.getActiveResourcesInfo().filter((name) => /Timeout|TCPSocket|TLS/.test(name)).length;
}

/** Sockets are gone some moments after their end was told. */
async function freedTo(before: number): Promise<void> {
  for (let attempt = 0; resources() > before && attempt < 300; attempt++) await sleep(10);
  expect(resources()).to.be.at.most(before);
}
