/** The tables of messages. Texts in them that senders chose: the reference, and what is sealed. */
import type { Category, ChannelName, MessageState, Urgency } from '@civicline/protocol';
import { type Kysely, sql as raw } from 'kysely';
import { type Database, deleteMany, type Migration, selectMany } from '../../../platform/storage/index.ts';
import type { Progress } from './machine.ts';

export interface MessageRow {
  id: string;
  sender_id: string;
  reference: string | null;
  category: Category;
  urgency: Urgency;
  /** JSON: {@link Progress} `steps`. */
  steps: string;
  state: MessageState;
  reason: string | null;
  step: number;
  /** JSON: {@link Progress} `attempts`. */
  attempts: string;
  cancelling: number;
  created_at: number;
  updated_at: number;
  expires_at: number;
  deadline: number | null;
}

/**
 * What channels are given. It stands apart because it never changes, and is erased as soon as no further channel can
 * want it: what is not here is not to be submitted.
 */
export interface PartsRow {
  message_id: string;
  sender_id: string;
  category: Category;
  urgency: Urgency;
  expires_at: number;
  /** JSON: {@link Progress} `steps`. */
  steps: string;
  /** JSON: sealed part by channel. */
  parts: string;
}

/** What came under an Idempotency-Key, in chunks: the first answer can be made of it again. */
export interface RequestRow {
  /** Keyed digest of sender and key. */
  key_digest: string;
  chunk: number;
  body_digest: string;
  first_id: string;
  /** JSON: problem by position in the chunk. */
  refused: string;
  created_at: number;
}

export interface ChannelRow {
  channel: ChannelName;
  /** Of the last outcome taken in. */
  position: number;
  /** Attempts that the channel has and has not handed over. */
  in_flight: number;
}

/** Attempts to be withdrawn from their channel, until it was told. */
interface WithdrawalRow {
  attempt_id: string;
  channel: ChannelName;
}

export interface Tables {
  messages: MessageRow;
  message_parts: PartsRow;
  message_requests: RequestRow;
  message_channels: ChannelRow;
  message_withdrawals: WithdrawalRow;
}

export const migrations: Migration[] = [
  {
    name: 'messages',
    async up(sql) {
      await sql.schema
        .createTable('messages')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('sender_id', 'text', (column) => column.notNull())
        .addColumn('reference', 'text')
        .addColumn('category', 'text', (column) => column.notNull())
        .addColumn('urgency', 'text', (column) => column.notNull())
        .addColumn('steps', 'text', (column) => column.notNull())
        .addColumn('state', 'text', (column) => column.notNull())
        .addColumn('reason', 'text')
        .addColumn('step', 'integer', (column) => column.notNull())
        .addColumn('attempts', 'text', (column) => column.notNull())
        .addColumn('cancelling', 'integer', (column) => column.notNull())
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addColumn('updated_at', 'bigint', (column) => column.notNull())
        .addColumn('expires_at', 'bigint', (column) => column.notNull())
        .addColumn('deadline', 'bigint')
        .execute();
      await sql.schema.createIndex('messages_of_sender').on('messages').columns(['sender_id', 'id']).execute();
      await sql.schema
        .createIndex('messages_by_reference')
        .on('messages')
        .columns(['sender_id', 'reference', 'id'])
        .where('reference', 'is not', null)
        .execute();
      await sql.schema
        .createIndex('messages_by_deadline')
        .on('messages')
        .column('deadline')
        .where('deadline', 'is not', null)
        .execute();
      await sql.schema
        .createTable('message_parts')
        .addColumn('message_id', 'text', (column) => column.primaryKey())
        .addColumn('sender_id', 'text', (column) => column.notNull())
        .addColumn('category', 'text', (column) => column.notNull())
        .addColumn('urgency', 'text', (column) => column.notNull())
        .addColumn('expires_at', 'bigint', (column) => column.notNull())
        .addColumn('steps', 'text', (column) => column.notNull())
        .addColumn('parts', 'text', (column) => column.notNull())
        .execute();
      await sql.schema
        .createTable('message_requests')
        .addColumn('key_digest', 'text', (column) => column.notNull())
        .addColumn('chunk', 'integer', (column) => column.notNull())
        .addColumn('body_digest', 'text', (column) => column.notNull())
        .addColumn('first_id', 'text', (column) => column.notNull())
        .addColumn('refused', 'text', (column) => column.notNull())
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addPrimaryKeyConstraint('message_requests_key', ['key_digest', 'chunk'])
        .execute();
      await sql.schema.createIndex('message_requests_created').on('message_requests').column('created_at').execute();
      await sql.schema
        .createTable('message_channels')
        .addColumn('channel', 'text', (column) => column.primaryKey())
        .addColumn('position', 'bigint', (column) => column.notNull())
        .addColumn('in_flight', 'bigint', (column) => column.notNull())
        .execute();
      await sql.schema
        .createTable('message_withdrawals')
        .addColumn('attempt_id', 'text', (column) => column.primaryKey())
        .addColumn('channel', 'text', (column) => column.notNull())
        .execute();
    },
  },
];

export function progressOf(row: MessageRow): Progress {
  return {
    state: row.state,
    reason: row.reason,
    steps: JSON.parse(row.steps),
    step: row.step,
    attempts: JSON.parse(row.attempts),
    expiresAt: row.expires_at,
    deadline: row.deadline,
    cancelling: row.cancelling === 1,
  };
}

/** The columns that a transition changes, except the deadline, which most leave alone, and which has an index. */
export function columnsOf({ state, reason, step, attempts, cancelling }: Progress) {
  return { state, reason, step, attempts: JSON.stringify(attempts), cancelling: cancelling ? 1 : 0 };
}

/** A page looks at so many messages at most, so that asking for a rare state costs no more than for a common one. */
const ROWS_LOOKED_AT = 5_000;

export type MessageStore = ReturnType<typeof createMessageStore>;

export function createMessageStore(all: Database) {
  const database = all.withTables<Tables>();
  return {
    database,

    async find(senderId: string, id: string): Promise<MessageRow | undefined> {
      const row = await database.sql.selectFrom('messages').selectAll().where('id', '=', id).executeTakeFirst();
      return row?.sender_id === senderId ? row : undefined;
    },

    /**
     * A sender's messages in the order of their ids, which is that of their creation. `next`: the cursor to go on
     * from; a page may be short, or empty, although there is one.
     */
    async list(
      senderId: string,
      filter: { reference?: string | undefined; state?: MessageState | undefined; after: string; limit: number },
    ): Promise<{ rows: MessageRow[]; next: string | null }> {
      const looked = filter.state === undefined ? filter.limit : ROWS_LOOKED_AT;
      let query = database.sql
        .selectFrom('messages')
        .select(['id', 'state'])
        .where('sender_id', '=', senderId)
        .where('id', '>', filter.after);
      if (filter.reference !== undefined) query = query.where('reference', '=', filter.reference);
      const seen = await query.orderBy('id').limit(looked).execute();
      const wanted = filter.state === undefined ? seen : seen.filter(({ state }) => state === filter.state);
      const page = wanted.slice(0, filter.limit);
      const rows = await this.byIds(
        database.sql,
        page.map(({ id }) => id),
      );
      const more = wanted.length > filter.limit || seen.length === looked;
      const last = wanted.length > filter.limit ? page.at(-1) : seen.at(-1);
      return { rows: rows.sort((a, b) => (a.id < b.id ? -1 : 1)), next: more && last ? last.id : null };
    },

    byIds: (sql: Kysely<Tables>, ids: readonly string[]): Promise<MessageRow[]> =>
      selectMany(sql, 'messages', 'id', ids),

    partsOf: (ids: readonly string[]): Promise<PartsRow[]> =>
      selectMany(database.sql, 'message_parts', 'message_id', ids),

    /** Those whose deadline has come, the oldest first. */
    async due(now: number, limit: number): Promise<string[]> {
      const rows = await database.sql
        .selectFrom('messages')
        .select('id')
        .where('deadline', '<=', now)
        .orderBy('deadline')
        .limit(limit)
        .execute();
      return rows.map(({ id }) => id);
    },

    async channel(name: ChannelName): Promise<ChannelRow> {
      return database.sql
        .selectFrom('message_channels')
        .selectAll()
        .where('channel', '=', name)
        .executeTakeFirstOrThrow();
    },

    addChannels: (names: readonly ChannelName[]) =>
      database.write(async (sql) => {
        for (const channel of names) {
          await sql
            .insertInto('message_channels')
            .values({ channel, position: 0, in_flight: 0 })
            .onConflict((conflict) => conflict.doNothing())
            .execute();
        }
      }),

    withdrawals: (channel: ChannelName, limit: number): Promise<{ attempt_id: string }[]> =>
      database.sql
        .selectFrom('message_withdrawals')
        .select('attempt_id')
        .where('channel', '=', channel)
        .limit(limit)
        .execute(),

    endWithdrawals: (attemptIds: readonly string[]) =>
      database.write((sql) => deleteMany(sql, 'message_withdrawals', 'attempt_id', attemptIds)),

    /** Forgets requests made before, up to `limit` of them; returns how many. */
    async forgetRequests(before: number, limit: number): Promise<number> {
      return database.write(async (sql) => {
        const old = await sql
          .selectFrom('message_requests')
          .select('key_digest')
          .where('created_at', '<', before)
          .limit(limit)
          .execute();
        const keys = old.map(({ key_digest }) => key_digest);
        if (keys.length > 0) await deleteMany(sql, 'message_requests', 'key_digest', keys);
        return keys.length;
      });
    },

    /** Forgets messages whose id sorts before `floor` and that are over, up to `limit` of them; returns how many. */
    async forgetMessages(floor: string, limit: number): Promise<number> {
      return database.write(async (sql) => {
        const old = await sql
          .selectFrom('messages')
          .select('id')
          .where('id', '<', floor)
          .where('deadline', 'is', null)
          .limit(limit)
          .execute();
        const ids = old.map(({ id }) => id);
        if (ids.length > 0) await deleteMany(sql, 'messages', 'id', ids);
        return ids.length;
      });
    },
  };
}

/**
 * Makes transitions take turns: on PostgreSQL several gateways share the tables, and the rows of the channels are the
 * token that goes around. SQLite's writes take turns anyway.
 */
export async function takeTurn(database: Database<Tables>, sql: Kysely<Tables>): Promise<ChannelRow[]> {
  const rows = sql.selectFrom('message_channels').selectAll().orderBy('channel');
  return (database.engine === 'postgresql' ? rows.forUpdate() : rows).execute();
}

export async function addInFlight(sql: Kysely<Tables>, changes: ReadonlyMap<ChannelName, number>): Promise<void> {
  for (const [channel, change] of changes) {
    if (change === 0) continue;
    await sql
      .updateTable('message_channels')
      .set({ in_flight: raw<number>`in_flight + ${change}` })
      .where('channel', '=', channel)
      .execute();
  }
}
