/**
 * The leased queue: work that survives any crash. An item is put in the transaction that makes the work, claimed for a
 * time, and ended in the transaction that records its result; a worker that died lets its lease run out, and the item
 * comes back. What the work is stands in the feature's own table under the same id.
 *
 *   put ──► waiting ──due, claim──► leased ──done──► gone
 *              ▲                      │ lease runs out, or later(dueAt)
 *              └──────────────────────┘
 *
 * Times are those of the callers' clocks, which may be wrong and set right: every time says when it was set, and one
 * that was set in the future is counted from now instead. Clocks of gateways that share a queue may differ by seconds.
 */
import { deleteMany, insertMany, isPostgres, run, type Sql, selectMany, updateMany } from './batch.ts';
import type { Database } from './database.ts';
import { beginningAfter, portionsOf, turnsLeft } from './fairness.ts';
import type { Migration } from './migrate.ts';
import { postgresqlQueue } from './queue-postgresql.ts';
import { sqliteQueue } from './queue-sqlite.ts';
import type { ClaimedItem, LaneCount, QueueItem } from './queue-statements.ts';

export type { ClaimedItem, LaneCount, QueueItem } from './queue-statements.ts';

export interface LeasedQueue {
  /** Within a write. */
  put(sql: Sql, items: readonly QueueItem[]): Promise<void>;
  /** Within a write: up to `limit` due items, faster lanes first, fair between shares; nobody else gets them for `leaseMs`. */
  claim(sql: Sql, options: ClaimOptions): Promise<ClaimedItem[]>;
  /** Within a write: the work is done, or not wanted any more. */
  done(sql: Sql, ids: readonly string[]): Promise<void>;
  /** Within a write: given back, to be claimed again at `dueAt`. */
  later(sql: Sql, items: readonly { id: string; dueAt: number }[]): Promise<void>;
  /** Within a write: longer leases, until `until`. What is not leased any more, such as what was put off, keeps its time. */
  renew(sql: Sql, ids: readonly string[], until: number): Promise<void>;
  /**
   * Within a write, which nobody's claim of it overtakes: whether somebody has it, or had it when they died. False too
   * for what is not in the queue.
   */
  isLeased(sql: Sql, id: string): Promise<boolean>;
  /** When the next item falls due, UTC milliseconds; null: none waits. */
  nextDue(): Promise<number | null>;
  /** A lease that ran out counts as leased until somebody claims the item. Reads all items: for metrics, not for work. */
  counts(): Promise<LaneCount[]>;
}

export interface ClaimOptions {
  limit: number;
  leaseMs: number;
  /** Of these only; absent: of all. */
  lanes?: readonly number[];
}

export interface ItemWithRow<Row> extends ClaimedItem {
  /** What the work is; undefined: there is nothing of it any more. */
  row: Row | undefined;
}

/** Within a write: claims items together with what stands under their ids in `table`. */
export async function claimWithRows<Row extends { id: string }>(
  sql: Sql,
  queue: LeasedQueue,
  table: string,
  options: ClaimOptions,
): Promise<ItemWithRow<Row>[]> {
  const items = await queue.claim(sql, options);
  const ids = items.map(({ id }) => id);
  const rows = new Map((await selectMany<Row>(sql, table, 'id', ids)).map((row) => [row.id, row]));
  return items.map((item) => ({ ...item, row: rows.get(item.id) }));
}

/** The table of one queue. `name`: lower-case letters and `_`. */
export function queueMigrations(name: string): Migration[] {
  const table = tableOf(name);
  return [
    {
      name: `queue ${name}`,
      async up(sql) {
        await sql.schema
          .createTable(table)
          .addColumn('id', 'text', (column) => column.primaryKey())
          .addColumn('lane', 'integer', (column) => column.notNull())
          .addColumn('share', 'text', (column) => column.notNull())
          .addColumn('due_at', 'bigint', (column) => column.notNull())
          // When it can be claimed: when it is due, or when its lease runs out.
          .addColumn('ready_at', 'bigint', (column) => column.notNull())
          .addColumn('leased', 'integer', (column) => column.notNull())
          .addColumn('claims', 'integer', (column) => column.notNull())
          .execute();
        const columns = ['lane', 'share', 'ready_at', 'leased'];
        await sql.schema.createIndex(`${table}_order`).on(table).columns(columns).execute();
        // Every item is written three times: PostgreSQL is to clear up early.
        if (isPostgres(sql)) await run(sql, `alter table ${table} set (autovacuum_vacuum_scale_factor = 0.01)`, []);
      },
    },
    {
      name: `queue ${name}: when times were set`,
      async up(sql) {
        await sql.schema
          .alterTable(table)
          .addColumn('set_at', 'bigint', (column) => column.notNull().defaultTo(0))
          .execute();
      },
    },
  ];
}

/** A time that was set by a clock so far ahead of ours was set before ours was set back. */
const AHEAD_MS = 60_000;

/** The queue of this name in a database that has had its {@link queueMigrations}. `now`: UTC milliseconds. */
export function createQueue(database: Database, name: string, now: () => number): LeasedQueue {
  const table = tableOf(name);
  const statements = isPostgres(database.sql) ? postgresqlQueue : sqliteQueue;
  /** Per lane the last share that got one more than others: the next claim begins after it. */
  const lastServed = new Map<number, string>();
  /** Lanes and shares in which more may have been set by a clock ahead of ours. */
  const ahead = new Map<string, { lane: number; share: string }>();

  async function headsInOurTime(sql: Sql, limit: number, now: number): Promise<Head[]> {
    const heads = await headsOf(sql, table);
    for (const { lane, share } of heads.filter((head) => isAhead(head, now))) {
      ahead.set(`${lane} ${share}`, { lane, share });
    }
    if (ahead.size === 0) return heads;
    for (const [key, { lane, share }] of ahead) {
      const count = await statements.bringBack(sql, table, { lane, share, now, latest: now + AHEAD_MS, limit });
      if (count < limit) ahead.delete(key);
    }
    return headsOf(sql, table);
  }

  async function claim(sql: Sql, { limit, leaseMs, lanes }: ClaimOptions): Promise<ClaimedItem[]> {
    const at = now();
    const claimed: ClaimedItem[] = [];
    const due = (await headsInOurTime(sql, limit, at)).filter(({ ready_at }) => ready_at <= at);
    const wanted = lanes ? due.filter(({ lane }) => lanes.includes(lane)) : due;
    for (const [lane, heads] of groupedByLane(wanted)) {
      let turns = beginningAfter(lastServed.get(lane), heads).map(({ share }) => ({ share, had: 0 }));
      while (turns.length > 0 && claimed.length < limit) {
        const portions = portionsOf(limit - claimed.length, turns);
        const items = await statements.take(sql, table, { lane, portions, now: at, until: at + leaseMs });
        claimed.push(...items);
        const lastWithMore = portions.findLast(({ count }) => count > (portions.at(-1)?.count ?? 0));
        if (lastWithMore) lastServed.set(lane, lastWithMore.share);
        turns = turnsLeft(portions, items);
      }
    }
    return claimed;
  }

  return {
    put: (sql, items) =>
      insertMany(
        sql,
        table,
        items.map(({ id, lane, share, dueAt }) => {
          return { id, lane, share, due_at: dueAt, ready_at: dueAt, leased: 0, claims: 0, set_at: now() };
        }),
        { ignoreConflicts: true },
      ),
    claim,
    done: (sql, ids) => deleteMany(sql, table, 'id', ids),
    later: (sql, items) =>
      updateMany(
        sql,
        table,
        'id',
        items.map(({ id, dueAt }) => ({ id, due_at: dueAt, ready_at: dueAt, leased: 0, set_at: now() })),
      ),
    async renew(sql, ids, until) {
      if (ids.length > 0) await statements.renew(sql, table, { ids, until, now: now() });
    },
    async isLeased(sql, id) {
      const lock = isPostgres(sql) ? 'for update' : '';
      const place = isPostgres(sql) ? '$1' : '?';
      const [row] = await run<{ leased: number }>(sql, `select leased from ${table} where id = ${place} ${lock}`, [id]);
      return row?.leased === 1;
    },
    async nextDue() {
      const at = now();
      const heads = await headsOf(database.sql, table);
      if (heads.length === 0) return null;
      return ahead.size > 0 ? at : Math.min(...heads.map((head) => (isAhead(head, at) ? at : head.ready_at)));
    },
    counts: () => statements.count(database.sql, table),
  };
}

function tableOf(name: string): string {
  if (!/^[a-z_]+$/.test(name)) throw new Error(`"${name}" is no name of a queue.`);
  return `queue_${name}`;
}

interface Head {
  lane: number;
  share: string;
  ready_at: number;
  set_at: number;
}

function isAhead({ set_at }: Head, now: number): boolean {
  return set_at > now + AHEAD_MS;
}

/** The first item of every lane and share, in their order: jumps through the index, however many items wait there. */
function headsOf(sql: Sql, table: string): Promise<Head[]> {
  const first = (where: string) => `(select id from ${table} ${where} order by lane, share, ready_at limit 1)`;
  const [nextShare, nextLane] = ['where lane = heads.lane and share > heads.share', 'where lane > heads.lane'].map(
    first,
  );
  return run(
    sql,
    `with recursive heads as (
       select lane, share, ready_at, set_at from ${table} where id = ${first('')}
       union all
       select next.lane, next.share, next.ready_at, next.set_at from heads join ${table} as next
         on next.id = coalesce(${nextShare}, ${nextLane})
     ) select * from heads`,
    [],
  );
}

function groupedByLane(heads: Head[]): Map<number, Head[]> {
  const lanes = new Map<number, Head[]>();
  for (const head of heads) {
    const lane = lanes.get(head.lane);
    if (lane) lane.push(head);
    else lanes.set(head.lane, [head]);
  }
  return lanes;
}
