import { type Expression, type Kysely, type RawBuilder, sql as raw, type SqlBool } from 'kysely';
import { type Database, insertMany, type Migration } from '../../../platform/storage/index.ts';
import type { StoredEvent } from './events.ts';
import { createHorizon } from './horizon.ts';

interface Tables {
  events: {
    position: number;
    id: string;
    sender_id: string;
    message_id: string | null;
    kind: string;
    at: number;
    data: string;
  };
  /** Up to which position a sender's events were pruned. */
  event_feeds: { sender_id: string; pruned_to: number };
}

export function eventMigrations(engine: Database['engine']): Migration[] {
  return [
    {
      name: 'events',
      async up(sql) {
        // Positions are never used again, also when all events were pruned.
        await sql.schema
          .createTable('events')
          .addColumn('position', engine === 'sqlite' ? 'integer' : 'bigserial', (column) =>
            engine === 'sqlite' ? column.primaryKey().autoIncrement() : column.primaryKey(),
          )
          .addColumn('id', 'text', (column) => column.notNull())
          .addColumn('sender_id', 'text', (column) => column.notNull())
          .addColumn('message_id', 'text')
          .addColumn('kind', 'text', (column) => column.notNull())
          .addColumn('at', 'bigint', (column) => column.notNull())
          .addColumn('data', 'text', (column) => column.notNull())
          .execute();
        await sql.schema.createIndex('events_sender').on('events').columns(['sender_id', 'position']).execute();
        await sql.schema
          .createTable('event_feeds')
          .addColumn('sender_id', 'text', (column) => column.primaryKey())
          .addColumn('pruned_to', 'bigint', (column) => column.notNull())
          .execute();
      },
    },
  ];
}

export type EventStore = ReturnType<typeof createEventStore>;

/** The append-only table of events. */
export function createEventStore(all: Database) {
  const database = all.withTables<Tables>();
  const horizon = createHorizon(all);

  return {
    /** Within a write. */
    async append(sql: Kysely<unknown>, events: readonly Omit<StoredEvent, 'position'>[]): Promise<void> {
      if (events.length === 0) return;
      await horizon.enter(sql);
      const rows = events.map(({ id, senderId, messageId, kind, at, data }) => ({
        id,
        sender_id: senderId,
        message_id: messageId,
        kind,
        at,
        data,
      }));
      await insertMany(sql, 'events', rows);
    },

    /** Positions up to this one will not be given any more, and everything there can be seen. */
    async end(): Promise<number> {
      const reach = await horizon.reach();
      const { last } = await database.sql
        .selectFrom('events')
        .select(raw<number | null>`max(position)`.as('last'))
        .where('position', '<=', reach)
        .executeTakeFirstOrThrow();
      return last ?? 0;
    },

    /** A sender's next events after a position, in order; none that follow one which cannot be seen yet. */
    async after(senderId: string, position: number, limit: number): Promise<StoredEvent[]> {
      const reach = await horizon.reach();
      const rows = await database.sql
        .selectFrom('events')
        .selectAll()
        .where(between(all.engine, 'events', raw.val(senderId), raw.val(position), raw.val(reach)))
        .orderBy('sender_id')
        .orderBy('position')
        .limit(limit)
        .execute();
      return rows.map(eventOf);
    },

    async prunedTo(senderId: string): Promise<number> {
      const row = await database.sql
        .selectFrom('event_feeds')
        .select('pruned_to')
        .where('sender_id', '=', senderId)
        .executeTakeFirst();
      return row?.pruned_to ?? 0;
    },

    /**
     * Looks at the next `page` events after a position and removes those older than `before`. Resolves with how many it
     * removed, and where the next page begins.
     */
    prune: (before: number, position: number, page: number) =>
      database.write(async (sql) => {
        const events = await sql
          .selectFrom('events')
          .select(['position', 'sender_id', 'at'])
          .where('position', '>', position)
          .orderBy('position')
          .limit(page)
          .execute();
        const old = events.filter(({ at }) => at < before);
        const last = old.at(-1)?.position;
        if (last === undefined) return { removed: 0, next: position };
        const perSender = new Map(old.map(({ sender_id, position }) => [sender_id, position]));
        await sql
          .deleteFrom('events')
          .where('position', '>', position)
          .where('position', '<=', last)
          .where('at', '<', before)
          .execute();
        await sql
          .insertInto('event_feeds')
          .values([...perSender].map(([sender_id, pruned_to]) => ({ sender_id, pruned_to })))
          // Another gateway prunes too, and may have got further.
          .onConflict((conflict) =>
            conflict
              .column('sender_id')
              .doUpdateSet((row) => ({ pruned_to: row.ref('excluded.pruned_to') }))
              .whereRef('event_feeds.pruned_to', '<', 'excluded.pruned_to'),
          )
          .execute();
        return { removed: old.length, next: last };
      }),
  };
}

/**
 * A sender's events after one position, up to another. As a comparison of rows on PostgreSQL: with `sender_id = …` it
 * may sort all that wait for the sender, or read past those of all others, to find the next few; this way only the
 * index `events_sender` gives the order.
 */
export function between(
  engine: Database['engine'],
  table: string,
  senderId: Expression<string>,
  after: Expression<number>,
  upTo: Expression<number>,
): RawBuilder<SqlBool> {
  const [sender, position] = [raw.ref(`${table}.sender_id`), raw.ref(`${table}.position`)];
  if (engine === 'sqlite') return raw`${sender} = ${senderId} and ${position} > ${after} and ${position} <= ${upTo}`;
  const row = raw`(${sender}, ${position})`;
  return raw`${row} > (${senderId}, ${after}) and ${row} <= (${senderId}, ${upTo})`;
}

function eventOf(row: Tables['events']): StoredEvent {
  return {
    position: row.position,
    id: row.id,
    senderId: row.sender_id,
    messageId: row.message_id,
    kind: row.kind,
    at: row.at,
    data: row.data,
  };
}
