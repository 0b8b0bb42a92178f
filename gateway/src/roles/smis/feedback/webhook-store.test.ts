import { expect } from 'chai';
import { v7 as uuid } from 'uuid';
import { openDatabase } from '../../../platform/storage/index.ts';
import { eachEngine } from '../../../platform/storage/testing/index.ts';
import { createEventStore, eventMigrations } from './event-store.ts';
import { createWebhookStore, type Webhook, webhookMigrations } from './webhook-store.ts';

const SENDER = uuid();
const NOW = 1_000;

describe('store of webhooks', () =>
  eachEngine((_open, place) => {
    async function openOne(where: ReturnType<typeof place>) {
      const database = await openDatabase(where);
      await database.migrate('events', eventMigrations(database.engine));
      await database.migrate('webhooks', webhookMigrations);
      return { database, events: createEventStore(database), webhooks: createWebhookStore(database) };
    }
    type One = Awaited<ReturnType<typeof openOne>>;

    /** Two gateways, as far as the database can tell; SQLite has one. */
    async function openTwo(): Promise<[One, One]> {
      const where = place();
      const one = await openOne(where);
      return [one, one.database.engine === 'postgresql' ? await openOne(where) : one];
    }

    async function close(gateways: readonly One[]): Promise<void> {
      for (const { database } of gateways) await database.close();
    }

    it('claims what is free, and does not wait for what another gateway is just claiming', async () => {
      const gateways = await openTwo();
      const [one, other] = gateways;
      const added = [webhook('a'), webhook('b'), webhook('c')];
      for (const each of added) await one.webhooks.add(each);
      await one.database.write((sql) => one.events.append(sql, [event(1)]));
      const [first] = added as [Webhook];

      let claimed = await other.webhooks.claim(NOW, 1);
      if (one !== other) {
        for (const { lease } of claimed) await other.webhooks.release(lease);
        await one.database.withTables<{ webhooks: { id: string; tries: number } }>().write(async (sql) => {
          await sql.updateTable('webhooks').set({ tries: 1 }).where('id', '=', first.id).execute();
          // While this one is locked.
          claimed = await other.webhooks.claim(NOW, 3);
        });
        expect(claimed.map(({ webhook }) => webhook.id)).to.have.members(added.slice(1).map(({ id }) => id));
      }
      const rest = await one.webhooks.claim(NOW, 3);
      const all = [...claimed, ...rest];
      expect(all.map(({ webhook }) => webhook.id)).to.have.members(added.map(({ id }) => id));
      expect(new Set(all.map(({ lease }) => lease)).size).to.equal(3);
      expect(await one.webhooks.claim(NOW, 3)).to.deep.equal([]);
      await close(gateways);
    });

    it('remembers how far was pruned when a slower gateway has pruned less', async () => {
      const gateways = await openTwo();
      const [one, other] = gateways;
      await one.database.write((sql) => one.events.append(sql, [event(1), event(2), event(3)]));
      await one.events.prune(NOW, 0, 2);
      const furthest = await one.events.prune(NOW, 0, 2);
      // What a gateway that began before, and was slow, would still write.
      await one.database
        .withTables<{ events: object }>()
        .write((sql) =>
          sql
            .insertInto('events')
            .values({ position: 1, id: uuid(), sender_id: SENDER, kind: 'x', at: 0, data: '' })
            .execute(),
        );
      await other.events.prune(NOW, 0, 2);
      expect(await one.events.prunedTo(SENDER)).to.equal(furthest.next);
      await close(gateways);
    });
  }));

function webhook(name: string): Webhook {
  return {
    id: uuid(),
    senderId: SENDER,
    url: `https://example.com/${name}`,
    secret: '',
    oldSecret: null,
    keyDigest: null,
    position: 0,
    disabledReason: null,
    failing: { since: null, tries: 0 },
    nextAt: 0,
    createdAt: 0,
  };
}

function event(n: number) {
  return { id: uuid(), senderId: SENDER, messageId: null, kind: 'message.delivered', at: 0, data: String(n) };
}
