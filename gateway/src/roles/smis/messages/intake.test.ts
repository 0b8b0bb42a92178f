import { expect } from 'chai';
import { createQueue, type Database, queueMigrations } from '../../../platform/storage/index.ts';
import { eachEngine } from '../../../platform/storage/testing/index.ts';
import { aMessage, NOON } from '../testing/room.ts';
import { readMessage } from './input.ts';
import { type Chunk, createIntake, type Intake } from './intake.ts';
import { createMessageStore, migrations } from './store.ts';

describe('intake of messages', () =>
  eachEngine((open) => {
    let database: Database;
    let intake: Intake;

    beforeEach(async () => {
      database = await open();
      await database.migrate('messages', migrations);
      await database.migrate('queue sms', queueMigrations('messages_sms'));
      intake = createIntake({
        store: createMessageStore(database),
        queues: new Map([['sms', createQueue(database, 'messages_sms', () => NOON)]]),
        quota: { take: async (_sql, _senderId, count) => ({ taken: count, headers: {} }) },
        onAccepted: () => undefined,
        now: () => NOON,
      });
    });

    const chunkOf = (count: number): Chunk => ({
      senderId: 'CTPC',
      keyDigests: ['digest'],
      chunk: 0,
      bodyDigest: `body of ${count}`,
      items: Array.from({ length: count }, () =>
        readMessage(aMessage(), { channels: new Set(['sms']), emergencies: false }, NOON),
      ),
    });

    for (const counts of [
      [1, 3],
      [3, 1],
    ]) {
      it(`stores all that it acknowledged when ${counts.join(' and ')} come under one key at one moment`, async () => {
        const taken = await Promise.all(counts.map((count) => intake.take(chunkOf(count))));
        const acknowledged = counts.filter((_, n) => taken[n]);
        expect(acknowledged).to.have.length(1);
        for (const one of taken) expect(one?.refused ?? {}).to.deep.equal({});
        const { sql } = database.withTables<{ messages: { id: string } }>();
        expect(await sql.selectFrom('messages').select('id').execute()).to.have.length(acknowledged[0] ?? 0);
      });
    }
  }));
