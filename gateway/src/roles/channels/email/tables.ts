import type { Outcome } from '@civicline/protocol/channel';
import type { Kysely } from 'kysely';
import type { Migration } from '../../../platform/storage/index.ts';
import type { State } from './machine.ts';

export interface AttemptRow {
  id: string;
  sender_id: string;
  /** Shown to the addressee. */
  sender_name: string;
  /** Of the queue: 0 is urgent. */
  lane: number;
  created_at: number;
  expires_at: number;
  key_id: string;
  /** Address and content, sealed for this channel; null once they are not needed any more. */
  sealed: string | null;
  state: State;
  withdrawn: number;
  deadline: number;
}

export interface OutcomeRow {
  position: number;
  attempt_id: string;
  kind: Outcome['kind'];
  reason: string | null;
  at: number;
}

export interface Tables {
  email_attempts: AttemptRow;
  email_outcomes: OutcomeRow;
  /** One row: the last position given out. Its lock makes positions appear in order. */
  email_positions: { id: number; last: number };
}

export const migrations: Migration[] = [
  {
    name: 'attempts and outcomes',
    async up(sql) {
      await sql.schema
        .createTable('email_attempts')
        .addColumn('id', 'text', (column) => column.primaryKey().notNull())
        .addColumn('sender_id', 'text', (column) => column.notNull())
        .addColumn('sender_name', 'text', (column) => column.notNull())
        .addColumn('lane', 'integer', (column) => column.notNull())
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addColumn('expires_at', 'bigint', (column) => column.notNull())
        .addColumn('key_id', 'text', (column) => column.notNull())
        .addColumn('state', 'text', (column) => column.notNull())
        .addColumn('withdrawn', 'integer', (column) => column.notNull())
        .addColumn('deadline', 'bigint', (column) => column.notNull())
        .addColumn('sealed', 'text')
        .execute();
      await sql.schema.createIndex('email_attempts_deadline').on('email_attempts').column('deadline').execute();
      await sql.schema
        .createTable('email_outcomes')
        .addColumn('position', 'bigint', (column) => column.primaryKey().notNull())
        .addColumn('attempt_id', 'text', (column) => column.notNull())
        .addColumn('kind', 'text', (column) => column.notNull())
        .addColumn('reason', 'text')
        .addColumn('at', 'bigint', (column) => column.notNull())
        .execute();
      await sql.schema
        .createTable('email_positions')
        .addColumn('id', 'integer', (column) => column.primaryKey().notNull())
        .addColumn('last', 'bigint', (column) => column.notNull())
        .execute();
      await (sql as Kysely<Tables>).insertInto('email_positions').values({ id: 1, last: 0 }).execute();
    },
  },
];
