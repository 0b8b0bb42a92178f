import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { type Database, openDatabase } from '../../storage/index.ts';
import { eachEngine } from '../../storage/testing.ts';
import { aMessage, aPart, createTestSender, openRoom, type Room, type TestSender, until } from './room.ts';
import { createStandInChannel, type StandInChannel } from './stand-in-channel.ts';

describe('two gateways share the work', () =>
  eachEngine((open, place) => {
    let rooms: Room[];
    let opened: Database[];
    let senders: TestSender[];
    let sms: StandInChannel;
    let email: StandInChannel;

    beforeEach(async () => {
      const where = place();
      opened = [await openDatabase(where)];
      // A SQLite file belongs to one gateway: there both have the same connection.
      if (opened[0]?.engine === 'postgresql') opened.push(await openDatabase(where));
      const fails = [{ kind: 'handed-over' }, { kind: 'failed', reason: 'NUMBER_INVALID' }] as const;
      sms = await createStandInChannel({ name: 'sms', database: await open(), script: () => fails });
      email = await createStandInChannel({ name: 'email', database: await open() });
      const dataKey = randomBytes(32);
      rooms = [];
      for (const n of [0, 1]) {
        const database = opened[n] ?? opened[0];
        rooms.push(await openRoom({ open: async () => database as Database, standIns: [sms, email], dataKey }));
      }
      const sender = await rooms[0]?.addSender('CTPC');
      senders = rooms.map(({ url }) => createTestSender(url, sender?.id ?? '', sender?.key ?? ''));
      for (const { smis } of rooms) smis.start();
    });
    afterEach(async () => {
      for (const room of rooms) await room.close();
      for (const database of opened) await database.close();
    });

    it('makes of every request one message, and of every message one life', async () => {
      const parts = { sms: aPart('sms'), email: aPart('email') };
      const bodies = Array.from({ length: 8 }, (_, n) =>
        Array.from({ length: 150 }, (_, m) => `${JSON.stringify(aMessage({ reference: `${n}/${m}`, parts }))}\n`).join(
          '',
        ),
      );
      // Each at both gateways at the same moment.
      const answers = await Promise.all(
        bodies.map((body, n) =>
          Promise.all(senders.map(async (sender) => (await sender.sendBatch(body, { key: `key-${n}` })).text())),
        ),
      );
      for (const [one, other] of answers) expect(one).to.equal(other);
      const ids = answers.flatMap(([text = '']) =>
        text
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line).id as string),
      );
      expect(new Set(ids).size).to.equal(1_200);

      const [sender] = senders as [TestSender];
      const events = await until(
        sender.events,
        (all) => all.filter(({ type }) => type.endsWith('.delivered')).length === 1_200,
      );
      expect(events).to.have.length(4 * 1_200);
      const lives = new Map<string, string[]>();
      for (const { subject = '', type } of events) {
        lives.set(subject, [...(lives.get(subject) ?? []), type.replace('be.smis.v1.message.', '')]);
      }
      expect([...lives.keys()].sort()).to.deep.equal([...ids].sort());
      for (const life of lives.values())
        expect(life).to.deep.equal(['attempted', 'fallback', 'attempted', 'delivered']);
      for (const channel of [sms, email]) expect(await channel.attempts()).to.have.length(1_200);
    });
  }));
