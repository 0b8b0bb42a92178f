import { expect } from 'chai';
import type { Kysely } from 'kysely';
import { type Database, openDatabase, selectMany } from '../../../platform/storage/index.ts';
import { eachEngine, losingAnswer, unavailable, withWrite } from '../../../platform/storage/testing.ts';
import type { AttemptRow, Tables } from './tables.ts';
import { attempt, openRoom, type Room } from './testing/room.ts';

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const stateOf = async (sql: Kysely<unknown>, id: string) =>
  (await selectMany<AttemptRow>(sql, 'sms_attempts', 'id', [id]))[0]?.state;

describe('the SMS channel against failures', () => {
  eachEngine((open) => {
    /** The answer to the write that makes it `handing-over` is lost, once; the write is not. */
    async function loseAnswer(meanwhile: (clock: Room['clock']) => void) {
      const database = await open();
      const one = attempt();
      const { database: lossy, lost } = losingAnswer(database, {
        state: (sql) => stateOf(sql, one.id),
        from: 'waiting',
        to: 'handing-over',
        meanwhile: () => meanwhile(room.clock),
      });
      const room = await openRoom(lossy);
      await room.channel.submit([one]);
      const told = (await room.outcomes(one.id, 1)).map(({ kind }) => kind);
      await room.stop();
      expect(lost()).to.equal(1);
      return { told, sent: room.router.sent };
    }

    it('sends an SMS all the same when nobody knows whether its leaving was recorded', async () => {
      const { told, sent } = await loseAnswer(() => undefined);
      expect(told).to.deep.equal(['handed-over']);
      expect(sent).to.have.length(1);
    });

    it('leaves it alone when another gateway may have it by now', async () => {
      const { told, sent } = await loseAnswer((clock) => {
        clock.ahead = 14_000;
        setTimeout(() => {
          clock.ahead = 60_000;
        }, 50);
      });
      expect(told).to.deep.equal(['unknown']);
      expect(sent).to.deep.equal([]);
    });
  });

  describe('of one kind', () => {
    let database: Database;
    beforeEach(async () => {
      database = await openDatabase({ url: 'memory:', role: 'sms' });
    });
    afterEach(() => database.close());

    it('stops although the database takes nothing any more', async () => {
      let isFull = false;
      const full = withWrite(database, (work) => (isFull ? Promise.reject(unavailable()) : database.write(work)));
      const room = await openRoom(full);
      const sent = new Promise<void>((resolve) => {
        room.router.answer = () => {
          isFull = true;
          resolve();
          return { kind: 'accepted', carrierIds: ['x'], segments: 1 };
        };
      });
      const one = attempt();
      await room.channel.submit([one]);
      await sent;
      const begun = performance.now();
      await room.stop();
      expect(performance.now() - begun).to.be.below(20_000);
      expect(await stateOf(database.sql, one.id)).to.equal('handing-over');
    });

    it('tries a few SMS at a time while every route fails, and all when one works again', async () => {
      const room = await openRoom(database);
      for (const breaker of ['open', 'half-open'] as const) {
        const before = room.router.sent.length;
        room.router.breaker = breaker;
        room.router.answer = () => ({ kind: 'unavailable' });
        for (let i = 0; i < 40; i++) await room.channel.submit([attempt()]);
        await pause(1_500);
        expect(room.router.sent.length - before)
          .to.be.greaterThan(0)
          .and.at.most(12);
      }
      room.router.breaker = 'closed';
      room.router.answer = (_sms, count) => ({ kind: 'accepted', carrierIds: [`id-${count}`], segments: 1 });
      room.clock.ahead += 60_000;
      const { sql } = database.withTables<Tables>();
      const waiting = () => sql.selectFrom('sms_attempts').select('id').where('state', '!=', 'handed-over').execute();
      while ((await waiting()).length > 0) await pause(20);
      await room.stop();
    });
  });
});
