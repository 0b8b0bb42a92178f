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
import { beginningAfter, type Portion, portionsOf, turnsLeft } from './fairness.ts';
import type { Migration } from './migrate.ts';

export interface QueueItem {
  /** UUID. Put again under the same id, it is left as it is. */
  id: string;
  /** 0 is served first. */
  lane: number;
  /** Within a lane, every share gets its turn: whose work it is, such as a sender's id. Hundreds of them, not millions. */
  share: string;
  /** UTC milliseconds. */
  dueAt: number;
}

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

export interface LaneCount {
  lane: number;
  waiting: number;
  leased: number;
}

export interface ClaimedItem extends QueueItem {
  /** How often it was claimed, this time included. */
  claims: number;
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
  const [takeItems, countItems] = isPostgres(database.sql)
    ? [takeFromPostgres, countInPostgres]
    : [takeFromSqlite, countInSqlite];
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
      const count = await bringBack(sql, table, { lane, share, now, limit });
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
        const items = await takeItems(sql, table, { lane, portions, now: at, until: at + leaseMs });
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
    renew: (sql, ids, until) => renewLeases(sql, table, ids, until, now()),
    async nextDue() {
      const at = now();
      const heads = await headsOf(database.sql, table);
      if (heads.length === 0) return null;
      return ahead.size > 0 ? at : Math.min(...heads.map((head) => (isAhead(head, at) ? at : head.ready_at)));
    },
    counts: () => countItems(database.sql, table),
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

/**
 * Counts the times of a share that were set by a clock ahead of ours from now: a lease, which a live worker renews
 * before it runs out, and a time to wait begin once more. Returns how many they were, `limit` at most.
 */
async function bringBack(
  sql: Sql,
  table: string,
  { lane, share, now, limit }: { lane: number; share: string; now: number; limit: number },
): Promise<number> {
  const postgres = isPostgres(sql);
  const [largest, key, lock] = postgres ? ['greatest', 'id', 'for update skip locked'] : ['max', 'rowid', ''];
  const numbered = (text: string) => {
    let n = 0;
    return postgres ? text.replaceAll('?', () => `$${++n}`) : text;
  };
  const moved = await run(
    sql,
    numbered(`update ${table} set due_at = ? + ${largest}(due_at - set_at, 0), ready_at = ? + ${largest}(ready_at - set_at, 0),
        set_at = ?
      where ${key} in (
        select ${key} from ${table} where lane = ? and share = ? and ready_at > ? and set_at > ?
        order by ready_at limit ? ${lock}
      ) returning id`),
    [now, now, now, lane, share, now, now + AHEAD_MS, limit],
  );
  return moved.length;
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

interface Taking {
  lane: number;
  portions: Portion[];
  now: number;
  /** When the lease ends. */
  until: number;
}

const RETURNED = 'id, lane, share, due_at as "dueAt", claims';

async function takeFromSqlite(sql: Sql, table: string, { lane, portions, now, until }: Taking): Promise<ClaimedItem[]> {
  const text = `update ${table} set ready_at = ?, set_at = ?, leased = 1, claims = claims + 1 where rowid in (
      select rowid from ${table} where lane = ? and share = ? and ready_at <= ? order by ready_at limit ?
    ) returning ${RETURNED}`;
  const taken: ClaimedItem[] = [];
  for (const { share, count } of portions) {
    if (count === 0) continue;
    taken.push(...(await run<ClaimedItem>(sql, text, [until, now, lane, share, now, count])));
  }
  return taken;
}

/** Several gateways share the work: what another one is just taking is passed over. */
function takeFromPostgres(sql: Sql, table: string, { lane, portions, now, until }: Taking): Promise<ClaimedItem[]> {
  return run(
    sql,
    `with taken as (
       select item.id from unnest($1::text[], $2::bigint[]) as portion (share, size) cross join lateral (
         select id from ${table} where lane = $3 and share = portion.share and ready_at <= $4
         order by ready_at limit portion.size for update skip locked
       ) as item
     )
     update ${table} as queue set ready_at = $5, set_at = $4, leased = 1, claims = claims + 1
     from taken where queue.id = taken.id
     returning ${RETURNED.replace('id,', 'queue.id,')}`,
    [portions.map(({ share }) => share), portions.map(({ count }) => count), lane, now, until],
  );
}

async function renewLeases(sql: Sql, table: string, ids: readonly string[], until: number, now: number): Promise<void> {
  if (ids.length === 0) return;
  const [times, isOneOf, list] = isPostgres(sql)
    ? ['ready_at = $1, set_at = $2', 'id = any($3)', ids]
    : ['ready_at = ?, set_at = ?', 'id in (select value from json_each(?))', JSON.stringify(ids)];
  await run(sql, `update ${table} set ${times} where leased = 1 and ${isOneOf}`, [until, now, list]);
}

function countInPostgres(sql: Sql, table: string): Promise<LaneCount[]> {
  const counted = 'lane, sum(1 - leased) as waiting, sum(leased) as leased';
  return run(sql, `select ${counted} from ${table} group by lane order by lane`, []);
}

/** SQLite counts in our own thread: in portions of some milliseconds, between which everything else gets its turn. */
const COUNTED_AT_ONCE = 20_000;

async function countInSqlite(sql: Sql, table: string): Promise<LaneCount[]> {
  const text = `select lane, sum(1 - leased) as waiting, sum(leased) as leased, max(place) as last
    from (select rowid as place, lane, leased from ${table} where rowid > ? order by rowid limit ?) group by lane`;
  const counts = new Map<number, LaneCount>();
  let [after, size] = [0, 0];
  do {
    const portion = await run<LaneCount & { last: number }>(sql, text, [after, COUNTED_AT_ONCE]);
    size = 0;
    for (const { lane, waiting, leased, last } of portion) {
      const before = counts.get(lane) ?? { lane, waiting: 0, leased: 0 };
      counts.set(lane, { lane, waiting: before.waiting + waiting, leased: before.leased + leased });
      size += waiting + leased;
      after = Math.max(after, last);
    }
    await new Promise(setImmediate);
  } while (size === COUNTED_AT_ONCE);
  return [...counts.values()].sort((a, b) => a.lane - b.lane);
}
