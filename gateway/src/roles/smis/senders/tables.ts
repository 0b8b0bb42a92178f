import type { Kysely } from 'kysely';
import type { Migration } from '../../../platform/storage/index.ts';
import type { Zone } from './schemas.ts';

export interface Tables {
  senders: {
    id: string;
    name: string;
    zone: Zone;
    /** The most that its credentials may do, separated by spaces. */
    scopes: string;
    /** Under which an issuer of access tokens knows it. */
    client_id: string | null;
    per_minute: number | null;
    per_day: number | null;
    created_at: number;
    revoked_at: number | null;
  };
  sender_keys: {
    /** The key's own id. */
    id: string;
    sender_id: string;
    /** Keyed digest of the secret. */
    digest: string;
    /** Counts when it is `narrowed`; else the key may do what its sender may. */
    scopes: string;
    created_at: number;
    expires_at: number | null;
    revoked_at: number | null;
    narrowed: number;
  };
  quota_usage: {
    sender_id: string;
    tokens: number;
    tokens_at: number;
    minute_warned: number;
    day: number;
    day_used: number;
    day_warned: number;
  };
}

export const migrations: Migration[] = [
  {
    name: 'senders, their keys, what they used of their quotas',
    async up(sql) {
      await sql.schema
        .createTable('senders')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('name', 'text', (column) => column.notNull().unique())
        .addColumn('zone', 'text', (column) => column.notNull())
        .addColumn('scopes', 'text', (column) => column.notNull())
        .addColumn('client_id', 'text', (column) => column.unique())
        .addColumn('per_minute', 'bigint')
        .addColumn('per_day', 'bigint')
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addColumn('revoked_at', 'bigint')
        .execute();
      await sql.schema
        .createTable('sender_keys')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('sender_id', 'text', (column) => column.notNull())
        .addColumn('digest', 'text', (column) => column.notNull())
        .addColumn('scopes', 'text', (column) => column.notNull())
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addColumn('expires_at', 'bigint')
        .addColumn('revoked_at', 'bigint')
        .execute();
      await sql.schema.createIndex('sender_keys_sender').on('sender_keys').column('sender_id').execute();
      await sql.schema
        .createTable('quota_usage')
        .addColumn('sender_id', 'text', (column) => column.primaryKey())
        .addColumn('tokens', 'double precision', (column) => column.notNull())
        .addColumn('tokens_at', 'bigint', (column) => column.notNull())
        .addColumn('minute_warned', 'integer', (column) => column.notNull())
        .addColumn('day', 'bigint', (column) => column.notNull())
        .addColumn('day_used', 'bigint', (column) => column.notNull())
        .addColumn('day_warned', 'integer', (column) => column.notNull())
        .execute();
    },
  },
  {
    name: 'keys that may do what their sender may',
    async up(sql) {
      // What an older version writes meanwhile may do what it says, and no more.
      await sql.schema
        .alterTable('sender_keys')
        .addColumn('narrowed', 'integer', (column) => column.notNull().defaultTo(1))
        .execute();
      await (sql as Kysely<Tables>)
        .updateTable('sender_keys')
        .set({ narrowed: 0 })
        .where('scopes', '=', ({ selectFrom }) =>
          selectFrom('senders').select('senders.scopes').whereRef('senders.id', '=', 'sender_keys.sender_id'),
        )
        .execute();
    },
  },
];
