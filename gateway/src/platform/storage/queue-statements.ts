/** What a queue asks of its engine, in the engine's own SQL: `queue-sqlite.ts`, `queue-postgresql.ts`. */
import type { Sql } from './batch.ts';
import type { Portion } from './fairness.ts';

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

export interface ClaimedItem extends QueueItem {
  /** How often it was claimed, this time included. */
  claims: number;
}

export interface LaneCount {
  lane: number;
  waiting: number;
  leased: number;
}

/** Times are UTC milliseconds. */
export interface QueueStatements {
  /** Within a write: leases the due items of each portion, the longest ready first, until `until`. */
  take(
    sql: Sql,
    table: string,
    taking: { lane: number; portions: readonly Portion[]; now: number; until: number },
  ): Promise<ClaimedItem[]>;
  /** Within a write: longer leases for those of these items that are leased. */
  renew(sql: Sql, table: string, lease: { ids: readonly string[]; until: number; now: number }): Promise<void>;
  /**
   * Within a write: counts the times of a share that were set by a clock ahead of ours, after `latest`, from now: a
   * lease, which a live worker renews before it runs out, and a time to wait begin once more. Returns how many they
   * were, `limit` at most.
   */
  bringBack(
    sql: Sql,
    table: string,
    wanted: { lane: number; share: string; now: number; latest: number; limit: number },
  ): Promise<number>;
  /** How many items wait and are leased, per lane. */
  count(sql: Sql, table: string): Promise<LaneCount[]>;
}
