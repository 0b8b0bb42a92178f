/**
 * How far readers of the events may go. Positions are given when events are written, and become visible when their
 * transaction commits, so with several writers a higher one can be seen before a lower one; a reader that went on from
 * it would never see the other. SQLite has one writer, and nothing to do. On PostgreSQL:
 *
 *   a writer  locks "I write above position s" (shared, with its transaction), then takes positions above s
 *   a reader  reads the last position given, then the locks: what is not above any lock, nor above that last position,
 *             was written by transactions that are over, and a statement that begins now sees all of it
 *
 * The locks conflict with nothing: no writer waits for another, or for a reader. They end with their transaction,
 * after it has become visible.
 */
import { type Kysely, sql } from 'kysely';
import type { Database } from '../../../platform/storage/index.ts';

export interface Horizon {
  /** Within a write, before its first event. Positions that are taken afterwards stay hidden until its commit. */
  enter(transaction: Kysely<unknown>): Promise<void>;
  /** Up to here everything can be seen by statements that begin from now on. */
  reach(): Promise<number>;
}

export function createHorizon(database: Pick<Database, 'engine' | 'sql'>): Horizon {
  if (database.engine === 'sqlite') return { enter: async () => undefined, reach: async () => Number.MAX_SAFE_INTEGER };
  return {
    // Once per transaction: the setting is undone together with the lock when a savepoint is rolled back.
    async enter(transaction) {
      await sql`
        select case when current_setting('civicline.writes_events', true) is distinct from 'yes' then
          pg_advisory_xact_lock_shared(${LOCK_SPACE} | case when is_called then last_value else 0 end)::text
          || set_config('civicline.writes_events', 'yes', true)
        end
        from events_position_seq`.execute(transaction);
    },
    async reach() {
      const last = await sql<{ position: number }>`
        select case when is_called then last_value else 0 end as position
        from events_position_seq`.execute(database.sql);
      const writing = await sql<{ position: number | null }>`
        select min(((classid::bigint << 32) | objid::bigint) & ${POSITION_BITS}) as position
        from pg_locks
        where locktype = 'advisory' and objsubid = 1 and granted
          and database = (select oid from pg_database where datname = current_database())
          and ((classid::bigint << 32) | objid::bigint) & ~${POSITION_BITS} = ${LOCK_SPACE}`.execute(database.sql);
      const given = Number(last.rows[0]?.position ?? 0);
      const lowest = writing.rows[0]?.position ?? null;
      return lowest === null ? given : Math.min(given, Number(lowest));
    },
  };
}

/** The low 40 bits of a lock's number are the position; the ones above say whose locks they are: this schema's events. */
const POSITION_BITS = sql`1099511627775::bigint`;
const LOCK_SPACE = sql`((hashtext(current_schema() || '.events') & 4194303)::bigint << 40)`;
