/**
 * The outcomes of a channel: kept at positions that count up, in the tables `CHANNEL_outcomes` and `CHANNEL_positions`,
 * until SMIS acknowledges them.
 */
import type { ChannelName } from '@civicline/protocol';
import type { Channel, Outcome } from '@civicline/protocol/channel';
import type { Kysely } from 'kysely';
import { sql as raw } from 'kysely';
import type { Logger } from '../../../platform/http/index.ts';
import { createListeners } from '../../../platform/run/index.ts';
import { type Database, insertMany, type Sql } from '../../../platform/storage/index.ts';

/** An outcome that has no position yet. */
export type NewOutcome = Omit<Outcome, 'position'>;

/** How a channel keeps its outcomes. */
export interface OutcomeFormat {
  channel: ChannelName;
  /** Whether they say how many segments were sent. */
  segments: boolean;
}

export interface Outcomes extends Pick<Channel, 'outcomes' | 'acknowledge' | 'onOutcome'> {
  /** Within a write: processes record one after another, so that none steps an attempt that another has read. */
  takeTurn(sql: Sql): Promise<void>;
  /** Within a write that has its turn: stores outcomes at the next positions. */
  add(sql: Sql, outcomes: readonly NewOutcome[]): Promise<void>;
  /** To be called after the commit: hints that there are new ones. */
  hint(): void;
}

export interface OutcomeRow {
  position: number;
  attempt_id: string;
  kind: Outcome['kind'];
  reason: string | null;
  segments?: number | null;
  at: number;
}

/** The last position given out. */
export interface PositionRow {
  id: number;
  last: number;
}

/** Within a migration. `end`: closes the definition of each table, such as `without rowid`. */
export async function createOutcomeTables(
  sql: Kysely<unknown>,
  { channel, segments }: OutcomeFormat,
  end = raw``,
): Promise<void> {
  const { outcomes, positions } = tablesOf(channel);
  const table = sql.schema
    .createTable(outcomes)
    .addColumn('position', 'bigint', (column) => column.primaryKey().notNull())
    .addColumn('attempt_id', 'text', (column) => column.notNull())
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('reason', 'text');
  await (segments ? table.addColumn('segments', 'integer') : table)
    .addColumn('at', 'bigint', (column) => column.notNull())
    .modifyEnd(end)
    .execute();
  // One row: the last position given out. Its lock makes positions appear in order.
  await sql.schema
    .createTable(positions)
    .addColumn('id', 'integer', (column) => column.primaryKey().notNull())
    .addColumn('last', 'bigint', (column) => column.notNull())
    .modifyEnd(end)
    .execute();
  await (sql as Sql).insertInto(positions).values({ id: 1, last: 0 }).execute();
}

export function createOutcomes(database: Database, format: OutcomeFormat, log: Logger): Outcomes {
  const tables = tablesOf(format.channel);
  const reading = database.sql as Sql;
  const isShared = database.engine === 'postgresql';
  const listeners = createListeners<{ outcome(): void }>((error) => log.error({ error }, 'a listener failed'));

  return {
    async takeTurn(sql) {
      if (isShared) await sql.selectFrom(tables.positions).select('last').forUpdate().execute();
    },
    async add(sql, outcomes) {
      if (outcomes.length === 0) return;
      const { last } = await sql
        .updateTable(tables.positions)
        .set((expression) => ({ last: expression('last', '+', outcomes.length) }))
        .returning('last')
        .executeTakeFirstOrThrow();
      const before = last - outcomes.length;
      await insertMany(
        sql,
        tables.outcomes,
        outcomes.map((outcome, index) => rowOf({ ...outcome, position: before + 1 + index }, format)),
      );
    },
    hint: () => listeners.emit('outcome'),
    async outcomes(after, limit) {
      const rows = await reading
        .selectFrom(tables.outcomes)
        .selectAll()
        .where('position', '>', after)
        .orderBy('position')
        .limit(limit)
        .execute();
      return rows.map((row) => outcomeOf(row as OutcomeRow));
    },
    async acknowledge(position) {
      await database.write((sql) =>
        (sql as Sql).deleteFrom(tables.outcomes).where('position', '<=', position).execute(),
      );
    },
    onOutcome: (listener) => listeners.on('outcome', listener),
  };
}

function tablesOf(channel: ChannelName) {
  return { outcomes: `${channel}_outcomes`, positions: `${channel}_positions` };
}

function rowOf({ position, attemptId, kind, reason, segments, at }: Outcome, format: OutcomeFormat): OutcomeRow {
  const row = { position, attempt_id: attemptId, kind, reason: reason ?? null, at };
  return format.segments ? { ...row, segments: segments ?? null } : row;
}

function outcomeOf({ position, attempt_id, kind, reason, segments = null, at }: OutcomeRow): Outcome {
  return {
    position,
    attemptId: attempt_id,
    kind,
    ...(reason === null ? {} : { reason }),
    ...(segments === null ? {} : { segments }),
    at,
  };
}
