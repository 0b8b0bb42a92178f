import { expect } from 'chai';
import { CloudEvent } from 'cloudevents';
import { v7 as uuid } from 'uuid';
import type { Database } from '../../../platform/storage/index.ts';
import { eachEngine } from '../../../platform/storage/testing/index.ts';
import type { MessageEvent } from './index.ts';
import { openRoom, type Room } from './testing/room.ts';

interface Feed {
  events: { id: string; type: string; subject?: string; time: string; data: Record<string, unknown> }[];
  next: string;
}

const DAY_MS = 24 * 3_600_000;

describe('feed of events', () =>
  eachEngine((open) =>
    describe('behind HTTP', () => {
      let database: Database;
      let room: Room;
      let sender: { id: string; key: string };

      beforeEach(async () => {
        database = await open();
        room = await openRoom({ database });
        sender = await room.addSender('CTPC');
      });
      afterEach(async () => {
        await room.close();
      });

      const event = (data: object = {}, more: Partial<MessageEvent> = {}): MessageEvent => ({
        messageId: uuid(),
        senderId: sender.id,
        kind: 'delivered',
        at: room.clock.now,
        data,
        ...more,
      });
      const record = (...events: MessageEvent[]) => database.write((sql) => room.feedback.record(sql, events));
      const ask = (query = '', key = sender.key) => room.ask(key, `/v1/events${query}`);
      const read = async (query = '', key = sender.key) => (await (await ask(query, key)).json()) as Feed;

      it('tells events as CloudEvents', async () => {
        const told = event({ reference: 'dossier 7', channel: 'sms', state: 'delivered', segments: 1 });
        await record(told);
        const [found] = (await read()).events;
        expect(new CloudEvent(found as never).validate()).to.equal(true);
        expect(found).to.deep.equal({
          specversion: '1.0',
          id: found?.id,
          source: '/civicline/smis',
          type: 'be.smis.v1.message.delivered',
          time: new Date(told.at).toISOString(),
          subject: told.messageId,
          datacontenttype: 'application/json',
          data: { reference: 'dossier 7', channel: 'sms', state: 'delivered', segments: 1 },
        });
      });

      it('gives each once, in order, over many pages', async () => {
        await record(...Array.from({ length: 250 }, (_, n) => event({ n })));
        const seen: unknown[] = [];
        let page = await read('?limit=100');
        while (page.events.length > 0) {
          seen.push(...page.events.map(({ data }) => data.n));
          page = await read(`?limit=100&after=${page.next}`);
        }
        expect(seen).to.deep.equal(Array.from({ length: 250 }, (_, n) => n));
        await record(event({ n: 250 }));
        expect((await read(`?after=${page.next}`)).events.map(({ data }) => data.n)).to.deep.equal([250]);
      });

      it('keeps the place of a reader that has read nothing yet', async () => {
        const { next } = await read();
        await record(event());
        expect((await read(`?after=${next}`)).events).to.have.lengthOf(1);
      });

      it('shows a sender its own only', async () => {
        const other = await room.addSender('PLF');
        await record(event({ n: 1 }), event({ n: 2 }, { senderId: other.id }));
        expect((await read()).events.map(({ data }) => data.n)).to.deep.equal([1]);
        const { next } = await read('', other.key);
        expect((await read(`?after=${next}`)).events).to.have.lengthOf(0);
      });

      it('tells nothing of a write that failed', async () => {
        const failed = database.write(async (sql) => {
          await room.feedback.record(sql, [event({ n: 1 })]);
          throw new Error('later');
        });
        await failed.catch(() => undefined);
        await record(event({ n: 2 }));
        expect((await read()).events.map(({ data }) => data.n)).to.deep.equal([2]);
      });

      it('refuses what is no cursor and no limit', async () => {
        for (const after of ['x', 'MS4', '%00', 'a'.repeat(65)]) {
          expect((await ask(`?after=${after}`)).status, after).to.equal(400);
        }
        for (const query of ['?limit=0', '?limit=1001', '?limit=x', '?unknown=1', '?after=']) {
          expect((await ask(query)).status, query).to.equal(400);
        }
      });

      it('keeps events for 90 days, and tells a reader that missed some', async () => {
        await record(...Array.from({ length: 2_500 }, (_, n) => event({ n })));
        const early = await read('?limit=10');
        const all = await read(`?limit=1000&after=${(await read('?limit=1000')).next}`);
        const last = await read(`?limit=1000&after=${all.next}`);
        expect(last.events).to.have.lengthOf(500);
        room.clock.now += 89 * DAY_MS;
        await record(event({ n: 'kept' }));
        room.clock.now += 2 * DAY_MS;
        room.feedback.start();
        const rows = () =>
          database
            .withTables<{ events: object }>()
            .sql.selectFrom('events')
            .select(({ fn }) => fn.countAll<number>().as('count'))
            .executeTakeFirstOrThrow();
        while ((await rows()).count > 1) await new Promise((resolve) => setImmediate(resolve));
        expect((await read()).events.map(({ data }) => data.n)).to.deep.equal(['kept']);
        const response = await ask(`?after=${early.next}`);
        expect(response.status).to.equal(410);
        expect(await response.json()).to.include({ code: 'CURSOR_EXPIRED' });
        expect((await read(`?after=${last.next}`)).events.map(({ data }) => data.n)).to.deep.equal(['kept']);
      });
    }),
  ));
