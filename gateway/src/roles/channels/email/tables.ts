import type { Migration } from '../../../platform/storage/index.ts';
import type { AttemptRow as CommonRow } from '../kit/attempt-row.ts';
import { createOutcomeTables, type OutcomeFormat, type OutcomeRow, type PositionRow } from '../kit/outcomes.ts';

export const OUTCOMES: OutcomeFormat = { channel: 'email', segments: false };

export interface AttemptRow extends CommonRow {
  /** Shown to the addressee. */
  sender_name: string;
}

export interface Tables {
  email_attempts: AttemptRow;
  email_outcomes: OutcomeRow;
  email_positions: PositionRow;
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
      await createOutcomeTables(sql, OUTCOMES);
    },
  },
];
