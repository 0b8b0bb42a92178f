/** The queue's statements for SQLite, which run in our own thread: each is short. */
import { run } from './batch.ts';
import type { ClaimedItem, LaneCount, QueueStatements } from './queue-statements.ts';

/** A portion of some milliseconds, after which everything else gets its turn. */
const COUNTED_AT_ONCE = 20_000;

export const sqliteQueue: QueueStatements = {
  async take(sql, table, { lane, portions, now, until }) {
    const text = `update ${table} set ready_at = ?, set_at = ?, leased = 1, claims = claims + 1 where rowid in (
        select rowid from ${table} where lane = ? and share = ? and ready_at <= ? order by ready_at limit ?
      ) returning id, lane, share, due_at as "dueAt", claims`;
    const taken: ClaimedItem[] = [];
    for (const { share, count } of portions) {
      if (count === 0) continue;
      taken.push(...(await run<ClaimedItem>(sql, text, [until, now, lane, share, now, count])));
    }
    return taken;
  },

  async renew(sql, table, { ids, until, now }) {
    const text = `update ${table} set ready_at = ?, set_at = ?
      where leased = 1 and id in (select value from json_each(?))`;
    await run(sql, text, [until, now, JSON.stringify(ids)]);
  },

  async bringBack(sql, table, { lane, share, now, latest, limit }) {
    const moved = await run(
      sql,
      `update ${table} set due_at = ? + max(due_at - set_at, 0), ready_at = ? + max(ready_at - set_at, 0), set_at = ?
       where rowid in (
         select rowid from ${table} where lane = ? and share = ? and ready_at > ? and set_at > ?
         order by ready_at limit ?
       ) returning id`,
      [now, now, now, lane, share, now, latest, limit],
    );
    return moved.length;
  },

  async count(sql, table) {
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
  },
};
