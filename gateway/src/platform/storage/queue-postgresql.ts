/** The queue's statements for PostgreSQL. Several gateways share the work: what another one is just taking is passed over. */
import { run } from './batch.ts';
import type { QueueStatements } from './queue-statements.ts';

export const postgresqlQueue: QueueStatements = {
  take(sql, table, { lane, portions, now, until }) {
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
       returning queue.id, lane, share, due_at as "dueAt", claims`,
      [portions.map(({ share }) => share), portions.map(({ count }) => count), lane, now, until],
    );
  },

  async renew(sql, table, { ids, until, now }) {
    const text = `update ${table} set ready_at = $1, set_at = $2 where leased = 1 and id = any($3)`;
    await run(sql, text, [until, now, ids]);
  },

  async bringBack(sql, table, { lane, share, now, latest, limit }) {
    const moved = await run(
      sql,
      `update ${table} set due_at = $1 + greatest(due_at - set_at, 0), ready_at = $1 + greatest(ready_at - set_at, 0),
         set_at = $1
       where id in (
         select id from ${table} where lane = $2 and share = $3 and ready_at > $1 and set_at > $4
         order by ready_at limit $5 for update skip locked
       ) returning id`,
      [now, lane, share, latest, limit],
    );
    return moved.length;
  },

  count(sql, table) {
    const counted = 'lane, sum(1 - leased) as waiting, sum(leased) as leased';
    return run(sql, `select ${counted} from ${table} group by lane order by lane`, []);
  },
};
