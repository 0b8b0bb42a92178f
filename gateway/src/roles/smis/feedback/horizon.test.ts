import { expect } from 'chai';
import { sql } from 'kysely';
import { v7 as uuid } from 'uuid';
import { openDatabase } from '../../../platform/storage/index.ts';
import { eachEngine } from '../../../platform/storage/testing/index.ts';
import { createEventStore, eventMigrations } from './event-store.ts';

const SENDER = uuid();
const event = (n: number) => ({
  id: uuid(),
  senderId: SENDER,
  messageId: uuid(),
  kind: 'message.delivered',
  at: 0,
  data: String(n),
});

describe('horizon of events', () =>
  eachEngine((_open, place) =>
    describe('with several writers', () => {
      /** Several processes, as far as the database can tell; SQLite has one. */
      async function openSeveral(count: number) {
        const at = place();
        const first = await openDatabase(at);
        await first.migrate('events', eventMigrations(first.engine));
        const others = first.engine === 'sqlite' ? 0 : count - 1;
        const databases = [first];
        for (let n = 0; n < others; n++) databases.push(await openDatabase(at));
        return databases.map((database) => ({ database, events: createEventStore(database) }));
      }

      it('hides an event while one before it is being written', async () => {
        const [slow, fast] = await openSeveral(2);
        if (!slow) throw new Error('nothing was opened');
        if (!fast) {
          // One writer: what is being written is behind everything that can be seen.
          await slow.database.write((transaction) => slow.events.append(transaction, [event(1)]));
          expect(await slow.events.after(SENDER, 0, 10)).to.have.lengthOf(1);
          return slow.database.close();
        }
        let finish = (): void => undefined;
        const finished = new Promise<void>((resolve) => {
          finish = resolve;
        });
        let begun = (): void => undefined;
        const hasBegun = new Promise<void>((resolve) => {
          begun = resolve;
        });
        const writing = slow.database.write(async (transaction) => {
          await slow.events.append(transaction, [event(1)]);
          begun();
          await finished;
        });
        await hasBegun;
        await fast.database.write((transaction) => fast.events.append(transaction, [event(2)]));
        expect(await fast.events.after(SENDER, 0, 10)).to.deep.equal([]);
        expect(await fast.events.end()).to.equal(0);
        finish();
        await writing;
        expect((await fast.events.after(SENDER, 0, 10)).map(({ data }) => data)).to.deep.equal(['1', '2']);
        for (const { database } of [slow, fast]) await database.close();
      });

      it('lets a reader that follows miss none, however the writers run', async () => {
        const opened = await openSeveral(4);
        const [reader] = opened;
        if (!reader) throw new Error('nothing was opened');
        const EACH = 150;
        let written = false;
        const writers = opened.map(async ({ database, events }, writer) => {
          for (let n = 0; n < EACH; n++) {
            await database
              .write(async (transaction) => {
                await events.append(transaction, [event(writer * EACH + n)]);
                // Commits are out of order: some wait while others pass.
                if (database.engine === 'postgresql' && n % 3 === writer % 3) {
                  await sql`select pg_sleep(0.003)`.execute(transaction);
                }
                if (n % 10 === 9) throw new Error('undone');
              })
              .catch((error: Error) => {
                if (error.message !== 'undone') throw error;
              });
          }
        });
        const all = Promise.all(writers).then(() => {
          written = true;
        });
        const seen: number[] = [];
        for (let position = 0, last = false; !last; ) {
          last = written;
          const page = await reader.events.after(SENDER, position, 7);
          seen.push(...page.map(({ data }) => Number(data)));
          position = page.at(-1)?.position ?? position;
          if (page.length > 0) last = false;
          // SQLite answers within the turn: the writers need theirs.
          await new Promise((resolve) => setImmediate(resolve));
        }
        await all;
        expect(seen).to.have.lengthOf(opened.length * EACH * 0.9);
        expect(new Set(seen).size).to.equal(seen.length);
        for (const { database } of opened) await database.close();
      });
    }),
  ));
