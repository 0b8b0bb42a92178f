import { randomUUID } from 'node:crypto';
import { type ExpressionBuilder, type Kysely, sql as raw } from 'kysely';
import type { Database, Migration } from '../../../platform/storage/index.ts';
import { between } from './event-store.ts';
import type { Failing } from './retry.ts';

interface Tables {
  webhooks: {
    id: string;
    sender_id: string;
    url: string;
    /** Sealed. */
    secret: string;
    /** Sealed; signs too until `old_secret_until`. */
    old_secret: string | null;
    old_secret_until: number;
    /** Keyed digest of the Idempotency-Key that it was added under. */
    key_digest: string | null;
    /** Everything up to this position was delivered. */
    position: number;
    /** null: it is called. */
    disabled_reason: string | null;
    failing_since: number | null;
    tries: number;
    next_at: number;
    /** Who calls it now, and until when nobody else does. */
    lease: string | null;
    lease_until: number;
    created_at: number;
  };
  events: { position: number; at: number };
}

export const webhookMigrations: Migration[] = [
  {
    name: 'webhooks',
    async up(sql) {
      await sql.schema
        .createTable('webhooks')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('sender_id', 'text', (column) => column.notNull())
        .addColumn('url', 'text', (column) => column.notNull())
        .addColumn('secret', 'text', (column) => column.notNull())
        .addColumn('old_secret', 'text')
        .addColumn('old_secret_until', 'bigint', (column) => column.notNull())
        .addColumn('key_digest', 'text')
        .addColumn('position', 'bigint', (column) => column.notNull())
        .addColumn('disabled_reason', 'text')
        .addColumn('failing_since', 'bigint')
        .addColumn('tries', 'integer', (column) => column.notNull())
        .addColumn('next_at', 'bigint', (column) => column.notNull())
        .addColumn('lease', 'text')
        .addColumn('lease_until', 'bigint', (column) => column.notNull())
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addUniqueConstraint('webhooks_url', ['sender_id', 'url'])
        .execute();
      await sql.schema
        .createIndex('webhooks_lease')
        .on('webhooks')
        .column('lease')
        .where('lease', 'is not', null)
        .execute();
    },
  },
];

export interface Webhook {
  id: string;
  senderId: string;
  url: string;
  secret: string;
  oldSecret: { sealed: string; until: number } | null;
  keyDigest: string | null;
  position: number;
  disabledReason: string | null;
  failing: Failing;
  /** Not called before, UTC milliseconds. */
  nextAt: number;
  createdAt: number;
}

export type WebhookStore = ReturnType<typeof createWebhookStore>;

/** A claim on one webhook: a UUID. What is done under it has no effect any more when it was lost. */
export type Lease = string;

export interface ClaimedWebhook {
  webhook: Webhook;
  lease: Lease;
}

/** Who calls a webhook holds it for so long, and renews in time. */
export const LEASE_MS = 15_000;

export function createWebhookStore(all: Database) {
  const database = all.withTables<Tables>();
  /** Of the next event that waits for a webhook; null: none. */
  const nextPosition = raw<number | null>`(select e.position from events as e where ${between(
    all.engine,
    'e',
    raw.ref('webhooks.sender_id'),
    raw.ref('webhooks.position'),
    raw.lit(Number.MAX_SAFE_INTEGER),
  )} order by e.sender_id, e.position limit 1)`;

  /** The id, locked. What another gateway is just claiming is passed over: none waits for another. */
  function ifFree(sql: Kysely<Tables>, id: string, now: number) {
    const free = sql
      .selectFrom('webhooks')
      .select('id')
      .where('id', '=', id)
      .where('disabled_reason', 'is', null)
      .where(isFree(now));
    return all.engine === 'postgresql' ? free.forUpdate().skipLocked() : free;
  }

  return {
    /** false: this sender has that URL already. */
    async add(webhook: Webhook): Promise<boolean> {
      const row = await database.write((sql) =>
        sql
          .insertInto('webhooks')
          .values(rowOf(webhook))
          .onConflict((conflict) => conflict.columns(['sender_id', 'url']).doNothing())
          .returning('id')
          .executeTakeFirst(),
      );
      return row !== undefined;
    },

    async ofSender(senderId: string): Promise<Webhook[]> {
      const rows = await database.sql
        .selectFrom('webhooks')
        .selectAll()
        .where('sender_id', '=', senderId)
        .orderBy('created_at')
        .execute();
      return rows.map(webhookOf);
    },

    async all(): Promise<Webhook[]> {
      return (await database.sql.selectFrom('webhooks').selectAll().orderBy('created_at').execute()).map(webhookOf);
    },

    /** `senderId` null: whoever's. */
    async find(id: string, senderId: string | null): Promise<Webhook | null> {
      let query = database.sql.selectFrom('webhooks').selectAll().where('id', '=', id);
      if (senderId !== null) query = query.where('sender_id', '=', senderId);
      const row = await query.executeTakeFirst();
      return row ? webhookOf(row) : null;
    },

    remove: (id: string) => database.write((sql) => sql.deleteFrom('webhooks').where('id', '=', id).execute()),

    setSecrets: (id: string, secret: string, old: { sealed: string; until: number }) =>
      database.write((sql) =>
        sql
          .updateTable('webhooks')
          .set({ secret, old_secret: old.sealed, old_secret_until: old.until })
          .where('id', '=', id)
          .execute(),
      ),

    /** Called again from `position` on, at once, whatever was. Who calls it now notices that the lease is gone. */
    restart: (id: string, position: number) =>
      database.write((sql) =>
        sql
          .updateTable('webhooks')
          .set({
            position,
            disabled_reason: null,
            failing_since: null,
            tries: 0,
            next_at: 0,
            lease: null,
            lease_until: 0,
          })
          .where('id', '=', id)
          .execute(),
      ),

    /** Up to `limit` webhooks that have something to be told now and that nobody calls; nobody else will for a while. */
    async claim(now: number, limit: number): Promise<ClaimedWebhook[]> {
      const due = await database.sql
        .selectFrom('webhooks')
        .select('id')
        .where('disabled_reason', 'is', null)
        .where('next_at', '<=', now)
        .where(isFree(now))
        .where(nextPosition, 'is not', null)
        .orderBy('next_at')
        .limit(limit)
        .execute();
      if (due.length === 0) return [];
      const claimed = await database.write(async (sql) => {
        const rows: Tables['webhooks'][] = [];
        for (const { id } of due) {
          const row = await sql
            .updateTable('webhooks')
            .set({ lease: randomUUID(), lease_until: now + LEASE_MS })
            .where('id', '=', ifFree(sql, id, now))
            .returningAll()
            .executeTakeFirst();
          if (row) rows.push(row);
        }
        return rows;
      });
      return claimed.map((row) => ({ webhook: webhookOf(row), lease: row.lease ?? '' }));
    },

    renew: (leases: readonly Lease[], now: number) =>
      database.write((sql) =>
        sql
          .updateTable('webhooks')
          .set({ lease_until: now + LEASE_MS })
          .where('lease', 'in', leases)
          .execute(),
      ),

    /** How far it got; false: the lease was lost. */
    progress: (lease: Lease, position: number) =>
      database.write((sql) => updateLeased(sql, lease, { position, failing_since: null, tries: 0 })),

    release: (lease: Lease) => database.write((sql) => updateLeased(sql, lease, FREE)),

    /** Within a write. */
    retryLater: (sql: Kysely<unknown>, lease: Lease, position: number, failing: Failing, nextAt: number) =>
      updateLeased(sql as Kysely<Tables>, lease, {
        position,
        failing_since: failing.since,
        tries: failing.tries,
        next_at: nextAt,
        ...FREE,
      }),

    /** Within a write; false: the lease was lost. */
    disable: (sql: Kysely<unknown>, lease: Lease, position: number, reason: string) =>
      updateLeased(sql as Kysely<Tables>, lease, { position, disabled_reason: reason, ...FREE }),

    /** Of the events that wait for a webhook, the time of the oldest; null: none waits. */
    async oldestWaiting(): Promise<number | null> {
      const { at } = await database.sql
        .selectFrom('webhooks')
        .innerJoin('events', (join) => join.on('events.position', '=', nextPosition))
        .where('disabled_reason', 'is', null)
        .select(({ fn }) => fn.min('events.at').as('at'))
        .executeTakeFirstOrThrow();
      return at;
    },
  };
}

const FREE = { lease: null, lease_until: 0 };

/** Also when the lease ends so late that only a clock which was set back can explain it. */
function isFree(now: number) {
  return ({ or, eb }: ExpressionBuilder<Tables, 'webhooks'>) =>
    or([eb('lease_until', '<=', now), eb('lease_until', '>', now + 2 * LEASE_MS)]);
}

async function updateLeased(sql: Kysely<Tables>, lease: Lease, values: Partial<Tables['webhooks']>): Promise<boolean> {
  const row = await sql
    .updateTable('webhooks')
    .set(values)
    .where('lease', '=', lease)
    .returning('id')
    .executeTakeFirst();
  return row !== undefined;
}

function webhookOf(row: Tables['webhooks']): Webhook {
  return {
    id: row.id,
    senderId: row.sender_id,
    url: row.url,
    secret: row.secret,
    oldSecret: row.old_secret === null ? null : { sealed: row.old_secret, until: row.old_secret_until },
    keyDigest: row.key_digest,
    position: row.position,
    disabledReason: row.disabled_reason,
    failing: { since: row.failing_since, tries: row.tries },
    nextAt: row.next_at,
    createdAt: row.created_at,
  };
}

function rowOf(webhook: Webhook): Tables['webhooks'] {
  return {
    id: webhook.id,
    sender_id: webhook.senderId,
    url: webhook.url,
    secret: webhook.secret,
    old_secret: webhook.oldSecret?.sealed ?? null,
    old_secret_until: webhook.oldSecret?.until ?? 0,
    key_digest: webhook.keyDigest,
    position: webhook.position,
    disabled_reason: webhook.disabledReason,
    failing_since: webhook.failing.since,
    tries: webhook.failing.tries,
    next_at: webhook.nextAt,
    created_at: webhook.createdAt,
    ...FREE,
  };
}
