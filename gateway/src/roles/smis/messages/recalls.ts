/**
 * Recalls: an operator's order to cancel what has not left, of a sender, a category, a time. The order is a row, so that
 * it outlives whoever wrote it; a gateway carries it out page by page in the order of ids and keeps its place, and goes
 * on until the last request of a sender that was revoked has been stored.
 *
 *   ordered ── page after page: those that can be cancelled are ──► at the end, and settled ──► done
 */
import type { Category } from '@civicline/protocol';
import { type Loop, startLoop } from '@civicline/protocol/run';
import type { Kysely } from 'kysely';
import { v7 as uuid } from 'uuid';
import type { Logger } from '../../../platform/http/index.ts';
import type { Database, Migration } from '../../../platform/storage/index.ts';
import { idFloor } from './ids.ts';

/** What to cancel; each part that is not null narrows it. Times: of acceptance, UTC milliseconds. */
export interface RecallOrder {
  senderId: string | null;
  category: Category | null;
  from: number | null;
  until: number | null;
}

export interface Recall extends RecallOrder {
  id: string;
  orderedAt: number;
  /** How many were cancelled, or are being withdrawn from their channel. */
  cancelled: number;
  doneAt: number | null;
}

interface Row {
  id: string;
  sender_id: string | null;
  category: Category | null;
  from_id: string;
  until_at: number | null;
  position: string;
  cancelled: number;
  ordered_at: number;
  done_at: number | null;
}

interface Tables {
  message_recalls: Row;
  messages: { id: string; sender_id: string; category: Category; state: string; cancelling: number };
}

export const recallMigrations: Migration[] = [
  {
    name: 'recalls',
    up: (sql) =>
      sql.schema
        .createTable('message_recalls')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('sender_id', 'text')
        .addColumn('category', 'text')
        .addColumn('from_id', 'text', (column) => column.notNull())
        .addColumn('until_at', 'bigint')
        .addColumn('position', 'text', (column) => column.notNull())
        .addColumn('cancelled', 'bigint', (column) => column.notNull())
        .addColumn('ordered_at', 'bigint', (column) => column.notNull())
        .addColumn('done_at', 'bigint')
        .execute(),
  },
];

const PAGE = 200;
const EVERY_MS = 2_000;
/** A gateway believes a key for some seconds after it was revoked, and may be storing a batch. */
const SETTLED_MS = 30_000;
/** Nothing of these can be cancelled any more. */
const FINAL = ['delivered', 'read', 'undeliverable', 'expired', 'cancelled'];

/** For the command line: writes orders, and says how far they are. */
export async function createRecallAdministration({ database, now }: { database: Database; now: () => number }) {
  await database.migrate('recalls', recallMigrations);
  const { sql, write } = database.withTables<Tables>();
  return {
    async order({ senderId, category, from, until }: RecallOrder): Promise<Recall> {
      const fromId = idFloor(from ?? 0);
      const row: Row = {
        id: uuid(),
        sender_id: senderId,
        category,
        from_id: fromId,
        until_at: until,
        position: fromId,
        cancelled: 0,
        ordered_at: now(),
        done_at: null,
      };
      await write((tables) => tables.insertInto('message_recalls').values(row).execute());
      return { ...recallOf(row), from };
    },
    /** The latest first. */
    async list(): Promise<Recall[]> {
      const rows = await sql.selectFrom('message_recalls').selectAll().orderBy('id', 'desc').limit(100).execute();
      return rows.map(recallOf);
    },
  };
}

/** Carries orders out. `cancelAll`: in one turn, those of the messages that can be; answers how many were. */
export async function createRecalls(options: {
  database: Database;
  cancelAll(ids: readonly string[], noted: (sql: Kysely<unknown>, cancelled: number) => Promise<void>): Promise<void>;
  log: Logger;
  now: () => number;
}) {
  const { database, cancelAll, log, now } = options;
  await database.migrate('recalls', recallMigrations);
  const { sql, write } = database.withTables<Tables>();

  async function pageOf({ sender_id, category, until_at, position }: Row): Promise<string[]> {
    let query = sql
      .selectFrom('messages')
      .select('id')
      .where('id', '>', position)
      .where('state', 'not in', FINAL)
      .where('cancelling', '=', 0);
    if (sender_id !== null) query = query.where('sender_id', '=', sender_id);
    if (category !== null) query = query.where('category', '=', category);
    if (until_at !== null) query = query.where('id', '<', idFloor(until_at));
    return (await query.orderBy('id').limit(PAGE).execute()).map(({ id }) => id);
  }

  /** From its place on; once it has settled, all of it again: a message with an earlier id may have come later. */
  async function carryOut(recall: Row, stopping: AbortSignal): Promise<void> {
    const isSettled = now() - recall.ordered_at >= SETTLED_MS;
    let position = isSettled ? recall.from_id : recall.position;
    while (!stopping.aborted) {
      const ids = await pageOf({ ...recall, position });
      position = ids.at(-1) ?? position;
      await cancelAll(ids, (within, cancelled) => note(within as Kysely<Tables>, recall.id, position, cancelled));
      if (ids.length === PAGE) continue;
      return isSettled ? finish(recall.id) : undefined;
    }
  }

  const note = async (within: Kysely<Tables>, id: string, position: string, cancelled: number) => {
    await within
      .updateTable('message_recalls')
      .set((old) => ({ position, cancelled: old('cancelled', '+', cancelled) }))
      .where('id', '=', id)
      .execute();
  };

  async function finish(id: string): Promise<void> {
    const at = now();
    await write((tables) => tables.updateTable('message_recalls').set({ done_at: at }).where('id', '=', id).execute());
    log.info({ recall: id }, 'recall done');
  }

  let loop: Loop | undefined;
  return {
    start() {
      loop ??= startLoop(
        async (stopping) => {
          const open = await sql
            .selectFrom('message_recalls')
            .selectAll()
            .where('done_at', 'is', null)
            .orderBy('id')
            .execute();
          for (const row of open) await carryOut(row, stopping);
          return EVERY_MS;
        },
        (error) => log.error({ error }, 'a recall failed, and is tried again'),
      );
    },
    async stop() {
      await loop?.stop();
      loop = undefined;
    },
  };
}

function recallOf(row: Row): Recall {
  const from = Number.parseInt(row.from_id.slice(0, 13).replace('-', ''), 16);
  return {
    id: row.id,
    senderId: row.sender_id,
    category: row.category,
    from: from === 0 ? null : from,
    until: row.until_at,
    orderedAt: row.ordered_at,
    cancelled: row.cancelled,
    doneAt: row.done_at,
  };
}
