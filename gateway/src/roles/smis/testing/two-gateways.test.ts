import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { sql as raw } from 'kysely';
import { type Database, openDatabase } from '../../../platform/storage/index.ts';
import { eachEngine } from '../../../platform/storage/testing/index.ts';
import { openReceiver } from '../feedback/testing/receiver.ts';
import { aMessage, aPart, createTestSender, NOON, openRoom, type Room, type TestSender, until } from './room.ts';
import { createStandInChannel, type StandInChannel } from './stand-in-channel.ts';

const SENDERS = 6;
/** Of each sender, half of them at each gateway. */
const MESSAGES = 50;

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
      const now = () => NOON;
      const fails = [{ kind: 'handed-over' }, { kind: 'failed', reason: 'NUMBER_INVALID' }] as const;
      sms = await createStandInChannel({ name: 'sms', database: await open(), script: () => fails, now });
      email = await createStandInChannel({ name: 'email', database: await open(), now });
      const dataKey = randomBytes(32);
      rooms = [];
      for (const n of [0, 1]) {
        const database = opened[n] ?? opened[0];
        const config = { webhookNetworks: ['127.0.0.0/8'] };
        rooms.push(await openRoom({ open: async () => database as Database, standIns: [sms, email], dataKey, config }));
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

    it('never wait for each other in a circle, with quotas and webhooks', async () => {
      const parts = { sms: aPart('sms'), email: aPart('email') };
      const receivers = await Promise.all(Array.from({ length: SENDERS }, () => openReceiver()));
      const sendings: (() => Promise<Response>)[] = [];
      for (const [n, receiver] of receivers.entries()) {
        const { id, key } = await (rooms[0] as Room).addSender(`Sender ${n}`, 100_000);
        for (const [place, { url }] of rooms.entries()) {
          const sender = createTestSender(url, id, key);
          if (place === 0) await addWebhook(sender, receiver.url);
          for (let m = 0; m < MESSAGES / 2; m++) sendings.push(() => sender.send(aMessage({ parts })));
        }
      }
      const circles = await countCircles(opened[0] as Database);
      // In random order, some at a time: intake, rounds of dispatch, and webhooks meet in all ways.
      sendings.sort(() => Math.random() - 0.5);
      const sendOn = async () => {
        for (let send = sendings.pop(); send; send = sendings.pop()) expect((await send()).status).to.equal(201);
      };
      await Promise.all(Array.from({ length: 32 }, sendOn));
      for (const { calls, until } of receivers) await until(() => calls.length >= 4 * MESSAGES);
      expect(await countCircles(opened[0] as Database)).to.equal(circles);
      for (const { lines } of rooms) expect(lines.join('')).not.to.include('STORAGE_CONFLICT');
      for (const receiver of receivers) await receiver.close();
    });
  }));

async function addWebhook(sender: TestSender, url: string): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  const response = await sender.ask('/v1/webhooks', { method: 'POST', headers, body: JSON.stringify({ url }) });
  expect(response.status).to.equal(201);
}

/** How often PostgreSQL has found transactions that wait for each other. It counts them with a second's delay. */
async function countCircles(database: Database): Promise<number> {
  if (database.engine === 'sqlite') return 0;
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  const { rows } = await raw<{ deadlocks: number }>`
    select deadlocks from pg_stat_database where datname = current_database()`.execute(database.sql);
  return rows[0]?.deadlocks ?? 0;
}
