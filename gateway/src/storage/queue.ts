/**
 * The leased queue: work that survives any crash. An item is put in the transaction that makes the work, claimed for a
 * time, and ended in the transaction that records its result; a worker that died lets its lease run out, and the item
 * comes back. What the work is stands in the feature's own table under the same id.
 *
 *   put ──► waiting ──due, claim──► leased ──done──► gone
 *              ▲                      │ lease runs out, or later(dueAt)
 *              └──────────────────────┘
 */
import type { Kysely } from 'kysely';

export interface QueueItem {
  /** UUID. Put again under the same id, it is left as it is. */
  id: string;
  /** 0 is served first. */
  lane: number;
  /** Within a lane, every share gets its turn: whose work it is, such as a sender's id. */
  share: string;
  /** UTC milliseconds. */
  dueAt: number;
}

export interface LeasedQueue {
  /** Within a write. */
  put(sql: Kysely<unknown>, items: readonly QueueItem[]): Promise<void>;
  /** Up to `limit` due items, faster lanes first, fair between shares; nobody else gets them for `leaseMs`. */
  claim(options: { limit: number; leaseMs: number; now: number; lanes?: readonly number[] }): Promise<ClaimedItem[]>;
  /** Within a write: the work is done, or not wanted any more. */
  done(sql: Kysely<unknown>, ids: readonly string[]): Promise<void>;
  /** Within a write: given back, to be claimed again at `dueAt`. */
  later(sql: Kysely<unknown>, items: readonly { id: string; dueAt: number }[]): Promise<void>;
  /** When the next item falls due, UTC milliseconds; null: none waits. */
  nextDue(): Promise<number | null>;
  counts(): Promise<{ lane: number; waiting: number; leased: number }[]>;
}

export interface ClaimedItem extends QueueItem {
  /** How often it was claimed, this time included. */
  claims: number;
}
