import { URGENCIES } from '@civicline/protocol';
import type { Outcome } from '@civicline/protocol/channel';
import { type Kysely, sql as raw } from 'kysely';
import type { Database, Migration } from '../../../platform/storage/index.ts';
import type { State } from './machine.ts';

export const URGENT_LANE = URGENCIES.indexOf('urgent');

export interface AttemptRow {
  id: string;
  sender_id: string;
  category: string;
  /** Of the queue: {@link URGENCIES} in their order. */
  lane: number;
  created_at: number;
  expires_at: number;
  key_id: string;
  /** Number and text, sealed for this channel; null once they are not needed any more. */
  sealed: string | null;
  state: State;
  route: string | null;
  segments: number;
  awaiting: number;
  withdrawn: number;
  deadline: number;
}

/** A segment whose final receipt has not come. */
export interface SegmentRow {
  /** Route and the carrier's id; see {@link carrierKey}. */
  carrier: string;
  attempt_id: string;
  /** UTC milliseconds. */
  left_at: number;
}

/** A final receipt that matches no segment: of an answer that is not stored yet, or of nothing that we know. */
export interface EarlyReceiptRow {
  carrier: string;
  state: 'delivered' | 'failed';
  reason: string | null;
  received_at: number;
}

export interface OutcomeRow {
  position: number;
  attempt_id: string;
  kind: Outcome['kind'];
  reason: string | null;
  segments: number | null;
  at: number;
}

export interface LedgerRow {
  /** `2026-06`, of the hand-over, UTC. */
  month: string;
  route: string;
  sender_id: string;
  messages: number;
  segments: number;
  /** Millionths of a euro. */
  price: number;
}

/** Who last wrote to a number. */
export interface RecipientRow {
  /** Keyed digest of the number. */
  digest: string;
  sender_id: string;
  written_at: number;
}

export interface SuppressionRow {
  /** Keyed digest of the number. */
  digest: string;
  /** Empty: all senders. */
  sender_id: string;
  created_at: number;
}

/** Two routes may give the same id. */
export function carrierKey(route: string, carrierId: string): string {
  return `${route} ${carrierId}`;
}

/** Of a {@link carrierKey}. */
export function partsOf(carrier: string): { route: string; carrierId: string } {
  const end = carrier.lastIndexOf(' ');
  return { route: carrier.slice(0, end), carrierId: carrier.slice(end + 1) };
}

export interface Tables {
  sms_attempts: AttemptRow;
  sms_segments: SegmentRow;
  sms_early_receipts: EarlyReceiptRow;
  sms_outcomes: OutcomeRow;
  /** One row: the last position given out. Its lock makes positions appear in order. */
  sms_positions: { id: number; last: number };
  sms_ledger: LedgerRow;
  sms_recipients: RecipientRow;
  sms_suppressions: SuppressionRow;
}

/** On SQLite, rows are kept in the order of their key instead of beside an index of it: half the work for each. */
export function migrationsFor(engine: Database['engine']): Migration[] {
  const end = engine === 'sqlite' ? raw`without rowid` : raw``;
  return [
    {
      name: 'attempts, segments, receipts, outcomes',
      async up(sql) {
        await sql.schema
          .createTable('sms_attempts')
          .addColumn('id', 'text', (column) => column.primaryKey().notNull())
          .addColumn('sender_id', 'text', (column) => column.notNull())
          .addColumn('category', 'text', (column) => column.notNull())
          .addColumn('lane', 'integer', (column) => column.notNull())
          .addColumn('created_at', 'bigint', (column) => column.notNull())
          .addColumn('expires_at', 'bigint', (column) => column.notNull())
          .addColumn('key_id', 'text', (column) => column.notNull())
          .addColumn('state', 'text', (column) => column.notNull())
          .addColumn('route', 'text')
          .addColumn('segments', 'integer', (column) => column.notNull())
          .addColumn('awaiting', 'integer', (column) => column.notNull())
          .addColumn('withdrawn', 'integer', (column) => column.notNull())
          .addColumn('deadline', 'bigint', (column) => column.notNull())
          .addColumn('sealed', 'text')
          .modifyEnd(end)
          .execute();
        await sql.schema.createIndex('sms_attempts_deadline').on('sms_attempts').column('deadline').execute();
        await sql.schema
          .createTable('sms_segments')
          .addColumn('carrier', 'text', (column) => column.primaryKey().notNull())
          .addColumn('attempt_id', 'text', (column) => column.notNull())
          .addColumn('left_at', 'bigint', (column) => column.notNull())
          .modifyEnd(end)
          .execute();
        await sql.schema.createIndex('sms_segments_left').on('sms_segments').column('left_at').execute();
        await sql.schema
          .createTable('sms_early_receipts')
          .addColumn('carrier', 'text', (column) => column.primaryKey().notNull())
          .addColumn('state', 'text', (column) => column.notNull())
          .addColumn('reason', 'text')
          .addColumn('received_at', 'bigint', (column) => column.notNull())
          .modifyEnd(end)
          .execute();
        await sql.schema
          .createTable('sms_outcomes')
          .addColumn('position', 'bigint', (column) => column.primaryKey().notNull())
          .addColumn('attempt_id', 'text', (column) => column.notNull())
          .addColumn('kind', 'text', (column) => column.notNull())
          .addColumn('reason', 'text')
          .addColumn('segments', 'integer')
          .addColumn('at', 'bigint', (column) => column.notNull())
          .modifyEnd(end)
          .execute();
        await sql.schema
          .createTable('sms_positions')
          .addColumn('id', 'integer', (column) => column.primaryKey().notNull())
          .addColumn('last', 'bigint', (column) => column.notNull())
          .modifyEnd(end)
          .execute();
        await (sql as Kysely<Tables>).insertInto('sms_positions').values({ id: 1, last: 0 }).execute();
      },
    },
    {
      name: 'cost ledger',
      up: (sql) =>
        sql.schema
          .createTable('sms_ledger')
          .addColumn('month', 'text', (column) => column.notNull())
          .addColumn('route', 'text', (column) => column.notNull())
          .addColumn('sender_id', 'text', (column) => column.notNull())
          .addColumn('messages', 'bigint', (column) => column.notNull())
          .addColumn('segments', 'bigint', (column) => column.notNull())
          .addColumn('price', 'bigint', (column) => column.notNull())
          .addPrimaryKeyConstraint('sms_ledger_key', ['month', 'route', 'sender_id'])
          .modifyEnd(end)
          .execute(),
    },
    {
      name: 'suppressions',
      async up(sql) {
        await sql.schema
          .createTable('sms_recipients')
          .addColumn('digest', 'text', (column) => column.primaryKey().notNull())
          .addColumn('sender_id', 'text', (column) => column.notNull())
          .addColumn('written_at', 'bigint', (column) => column.notNull())
          .modifyEnd(end)
          .execute();
        await sql.schema.createIndex('sms_recipients_written').on('sms_recipients').column('written_at').execute();
        await sql.schema
          .createTable('sms_suppressions')
          .addColumn('digest', 'text', (column) => column.notNull())
          .addColumn('sender_id', 'text', (column) => column.notNull())
          .addColumn('created_at', 'bigint', (column) => column.notNull())
          .addPrimaryKeyConstraint('sms_suppressions_key', ['digest', 'sender_id'])
          .modifyEnd(end)
          .execute();
      },
    },
  ];
}
