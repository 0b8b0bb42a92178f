/**
 * What SMIS and a channel say to each other. Both keep their own database, so everything may be repeated: `submit` and
 * `cancel` are idempotent by the attempt's id, and outcomes stay readable until they are acknowledged.
 *
 *   SMIS ── submit(attempts) ──► channel        durable at the channel when it resolves
 *   SMIS ◄── outcomes(after) ─── channel        in order; `onOutcome` only hints that there are new ones
 *   SMIS ── acknowledge(position) ──► channel
 */
import type { Category, ChannelName, ChannelsView, SealedPart, Urgency } from '@civicline/protocol';

export interface Attempt {
  /** UUIDv7, one per message and step of its strategy. */
  id: string;
  sender: { id: string; name: string };
  urgency: Urgency;
  category: Category;
  /** UTC milliseconds; not to be handed over after this. */
  expiresAt: number;
  part: SealedPart;
}

/**
 *   submitted ──► handed-over ──► delivered | failed
 *       │   └──► unknown (may or may not have gone out) ──► delivered | failed
 *       └──► failed | cancelled
 */
export interface Outcome {
  /** Counts up per channel. */
  position: number;
  attemptId: string;
  kind: 'handed-over' | 'unknown' | 'delivered' | 'failed' | 'cancelled';
  /** Stable code, such as `NUMBER_INVALID`, `RECEIPT_MISSING`, `SENDER_SUPPRESSED`, `EXPIRED`. */
  reason?: string;
  /** SMS: how many were sent. */
  segments?: number;
  /** UTC milliseconds. */
  at: number;
}

export interface Channel {
  readonly name: ChannelName;
  /** Those to seal for, the current one first. */
  keys(): Promise<ChannelsView['channels'][number]['keys']>;
  /** Resolves when all are stored; what is wrong with one becomes its outcome. */
  submit(attempts: readonly Attempt[]): Promise<void>;
  /** Withdraws what was not handed over yet; each withdrawn one gets the outcome `cancelled`. */
  cancel(attemptIds: readonly string[]): Promise<void>;
  /** The next ones after `position`, in order. */
  outcomes(after: number, limit: number): Promise<Outcome[]>;
  /** Outcomes up to and including `position` are stored at SMIS and may be forgotten. */
  acknowledge(position: number): Promise<void>;
  /** Returns how to stop listening. */
  onOutcome(listener: () => void): () => void;
}
