import { type Kysely, sql as raw } from 'kysely';
import { type Database, deleteMany, insertMany, type Migration } from '../../../platform/storage/index.ts';
import type { AttemptRow as CommonRow } from '../kit/attempt-row.ts';
import { createOutcomeTables, type OutcomeFormat, type OutcomeRow, type PositionRow } from '../kit/outcomes.ts';
import type { CarrierIds } from './carrier-ids.ts';
import { attemptIdIn } from './receipts.ts';

export const OUTCOMES: OutcomeFormat = { channel: 'sms', segments: true };

export interface AttemptRow extends CommonRow {
  category: string;
  route: string | null;
  segments: number;
  awaiting: number;
}

/** A segment whose final receipt has not come. */
export interface SegmentRow {
  /** Route and the carrier's id, as a keyed digest; see {@link CarrierIds}. */
  carrier: string;
  attempt_id: string;
  /** UTC milliseconds. */
  left_at: number;
}

/** A final receipt that matches no segment: of an answer that is not stored yet, or of nothing that we know. */
export interface EarlyReceiptRow {
  /** As that of a segment. */
  carrier: string;
  /** Where a route goes by our own ids: the one that the receipt names. */
  attempt_id: string | null;
  state: 'delivered' | 'failed';
  reason: string | null;
  received_at: number;
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

export interface Tables {
  sms_attempts: AttemptRow;
  sms_segments: SegmentRow;
  sms_early_receipts: EarlyReceiptRow;
  sms_outcomes: Required<OutcomeRow>;
  sms_positions: PositionRow;
  sms_ledger: LedgerRow;
  sms_recipients: RecipientRow;
  sms_suppressions: SuppressionRow;
}

/** On SQLite, rows are kept in the order of their key instead of beside an index of it: half the work for each. */
export function migrationsFor(engine: Database['engine'], carrierIds: CarrierIds): Migration[] {
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
        await createOutcomeTables(sql, OUTCOMES, end);
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
    {
      name: 'ids of carriers as digests',
      async up(sql) {
        await sql.schema.alterTable('sms_early_receipts').addColumn('attempt_id', 'text').execute();
        await digestCarriers(sql as Kysely<Tables>, 'sms_segments', carrierIds);
        await digestCarriers(sql as Kysely<Tables>, 'sms_early_receipts', carrierIds);
      },
    },
  ];
}

const PORTION = 1_000;

/** Until then a row began with the route and the id, a blank apart; digests have no blank. */
async function digestCarriers(
  sql: Kysely<Tables>,
  table: 'sms_segments' | 'sms_early_receipts',
  carrierIds: CarrierIds,
): Promise<void> {
  for (let last = ''; ; ) {
    const rows: { carrier: string }[] = await sql
      .selectFrom(table)
      .selectAll()
      .where('carrier', '>', last)
      .where('carrier', 'like', '% %')
      .orderBy('carrier')
      .limit(PORTION)
      .execute();
    const old = rows.map(({ carrier }) => carrier);
    await deleteMany(sql, table, 'carrier', old);
    await insertMany(
      sql,
      table,
      rows.map((row) => ({ ...row, ...digested(row.carrier, table, carrierIds) })),
      { ignoreConflicts: true },
    );
    if (rows.length < PORTION) return;
    last = old.at(-1) ?? last;
  }
}

function digested(carrier: string, table: string, carrierIds: CarrierIds) {
  const end = carrier.lastIndexOf(' ');
  const [route, carrierId] = [carrier.slice(0, end), carrier.slice(end + 1)];
  const [key] = carrierIds.keysOf(route, carrierId);
  return { carrier: key, ...(table === 'sms_early_receipts' ? { attempt_id: attemptIdIn(carrierId) } : {}) };
}
