import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Outcome } from '@civicline/protocol/channel';
import { createRouter, parseRoutes } from '@civicline/sms';
import { type SmscSimulator, startSmscSimulator } from '@civicline/sms/simulator';
import { expect } from 'chai';
import { createSealer, type Database } from '../../../platform/storage/index.ts';
import { eachEngine } from '../../../platform/storage/testing.ts';
import { attempt, openRoom, type Room } from './testing/room.ts';

const OTHER = { id: 'sender-2', name: 'Other' };

eachEngine((open) => {
  describe('an SMS that waits for its route', () => {
    let database: Database;
    let room: Room;

    const sealer = createSealer([randomBytes(32)]);

    beforeEach(async () => {
      database = await open();
      room = await openRoom(database, { sealer });
    });
    afterEach(() => room.stop());

    const told = async (id: string, from = room) => {
      const [outcome] = await from.outcomes(id, 1);
      return outcome?.reason ?? outcome?.kind;
    };

    it('is cancelled, and never leaves', async () => {
      const route = room.router.hold();
      const [one, two] = [attempt(), attempt()];
      await room.channel.submit([one, two]);
      await route.waiting(2);
      await room.channel.cancel([one.id]);
      expect(room.router.sent.map(({ id, mayLeave }) => [id, mayLeave?.()])).to.have.deep.members([
        [one.id, false],
        [two.id, true],
      ]);
      route.go();
      expect(await told(one.id)).to.equal('cancelled');
      expect(await told(two.id)).to.equal('handed-over');
    });

    it('is not told cancelled when that came too late', async () => {
      const one = attempt();
      const left = new Promise<void>((resolve) => {
        room.router.answer = async () => {
          resolve();
          await delay(50);
          return { kind: 'accepted', carrierIds: ['x'], segments: 1 };
        };
      });
      await room.channel.submit([one]);
      await left;
      await room.channel.cancel([one.id]);
      expect(await told(one.id)).to.equal('handed-over');
    });

    it('does not leave after a STOP, except for emergencies and other senders', async () => {
      const first = attempt();
      await room.channel.submit([first]);
      await room.outcomes(first.id, 1);
      const route = room.router.hold();
      const stopped = [attempt(), attempt()];
      const others = [
        attempt({}, { sender: OTHER }),
        attempt({}, { category: 'emergency' }),
        attempt({ to: '+32470000002' }),
      ];
      await room.channel.submit(stopped);
      await route.waiting(2);
      await room.router.listener().inbound('first', { from: '+32470000001', to: '8850', text: 'STOP' });
      expect(room.router.sent.slice(1).map(({ mayLeave }) => mayLeave?.())).to.deep.equal([false, false]);
      await room.channel.submit(others);
      route.go();
      for (const { id } of stopped) expect(await told(id)).to.equal('SENDER_SUPPRESSED');
      for (const { id } of others) expect(await told(id)).to.equal('handed-over');
    });

    it('obeys a STOP that comes while all before it wait', async () => {
      const route = room.router.hold();
      // More than leave at once.
      await room.channel.submit(Array.from({ length: 110 }, () => attempt()));
      await route.waiting(100);
      await room.router.listener().inbound('first', { from: '+32470000001', to: '8850', text: 'STOP' });
      route.go();
      let outcomes: Outcome[] = [];
      while (outcomes.length < 110) {
        await delay(20);
        outcomes = await room.channel.outcomes(0, 1_000);
      }
      expect(new Set(outcomes.map(({ reason }) => reason))).to.deep.equal(new Set(['SENDER_SUPPRESSED']));
    });

    it('obeys what another gateway on the same database was told', async () => {
      const second = await openRoom(database, { sealer });
      second.router.setUp(false);
      const route = room.router.hold();
      const [one, two] = [attempt(), attempt({ to: '+32470000002' })];
      await room.channel.submit([one, two]);
      await route.waiting(2);
      // Only on PostgreSQL do gateways share one; on SQLite it is the first one that must be told.
      const teller = database.engine === 'postgresql' ? second : room;
      await teller.channel.cancel([one.id]);
      await teller.router.listener().inbound('first', { from: '+32470000002', to: '8850', text: 'STOP' });
      expect(room.router.sent.map(({ mayLeave }) => mayLeave?.())).to.deep.equal([false, false]);
      route.go();
      expect(await told(one.id)).to.equal('cancelled');
      expect(await told(two.id)).to.equal('SENDER_SUPPRESSED');
      await second.stop();
    });
  });

  describe('an SMS that waits for the throughput agreed with a carrier', () => {
    let simulator: SmscSimulator;
    let room: Room;

    beforeEach(async () => {
      simulator = await startSmscSimulator({});
      const text = `routes:
  - name: slow
    kind: smpp
    host: 127.0.0.1
    port: ${simulator.smppPort}
    systemId: test
    password: \${PASSWORD}
    throughput: 1
    prefixes: [{ prefix: '+32', price: 0.03 }]
`;
      const file = parseRoutes(text, 'routes.yaml', { environment: { PASSWORD: 'secret' }, folder: '.' });
      room = await openRoom(await open(), { connect: (listener) => createRouter({ file, listener }) });
    });
    afterEach(async () => {
      await room.stop();
      await simulator.stop();
    });

    it('never leaves once it is cancelled', async () => {
      const many = Array.from({ length: 20 }, () => attempt());
      await room.channel.submit(many);
      while (simulator.counts().messages === 0) await delay(5);
      await room.channel.cancel(many.map(({ id }) => id));
      const left = simulator.counts().submits;
      const kinds = [];
      for (const { id } of many) kinds.push((await room.outcomes(id, 1))[0]?.kind);
      expect(kinds.filter((kind) => kind !== 'cancelled')).to.deep.equal(new Array(left).fill('handed-over'));
      expect(simulator.counts().submits).to.equal(left);
      expect(left).to.be.below(5);
    });
  });
});
