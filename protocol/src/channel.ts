/**
 * The contract between SMIS and a channel. Each keeps its own database, so everything may be repeated: `submit` and
 * `cancel` are idempotent by the attempt's id, and outcomes stay readable until they are acknowledged.
 *
 *   SMIS ── submit(attempts) ──► channel        durable at the channel when it resolves
 *   SMIS ◄── outcomes(after) ─── channel        in order; `onOutcome` only hints that there are new ones
 *   SMIS ── acknowledge(position) ──► channel
 *
 * The two may share a process or talk over HTTP; both forms pass the same conformance suite
 * (`gateway/src/roles/channels/conformance.ts`).
 */
import { z } from 'zod';
import { type ChannelName, categorySchema, channelsViewSchema, sealedPartSchema, urgencySchema } from './messages.ts';

const instantSchema = z.int().min(0);
/** Without control characters and lone surrogates, which PostgreSQL cannot store. */
const textSchema = z.string().regex(/^[^\p{Cc}\p{Cs}]*$/u, 'must have no control characters');
/** `NUMBER_INVALID`; carriers contribute codes of their own. */
const reasonSchema = textSchema.min(1).max(200);

export const attemptIdSchema = z.uuid();

/** One step of a message's strategy, as its channel sees it: neither addressee nor content, which are sealed. */
export const attemptSchema = z.strictObject({
  /** UUIDv7, one per message and step of its strategy. */
  id: attemptIdSchema,
  sender: z.strictObject({ id: textSchema.min(1).max(128), name: textSchema.max(200) }),
  urgency: urgencySchema,
  category: categorySchema,
  /** UTC milliseconds; not to be handed over after this. */
  expiresAt: instantSchema,
  part: sealedPartSchema,
});
export type Attempt = z.infer<typeof attemptSchema>;

/**
 *   submitted ──► handed-over ──► delivered ──► read
 *       │   │         └─────────► failed
 *       │   └──► unknown (may or may not have gone out) ──► delivered | failed
 *       └──► failed | cancelled
 */
export const OUTCOME_KINDS = ['handed-over', 'unknown', 'delivered', 'read', 'failed', 'cancelled'] as const;

export const outcomeSchema = z.strictObject({
  /** Counts up per channel. */
  position: z.int().min(1),
  attemptId: z.string().max(200),
  kind: z.enum(OUTCOME_KINDS),
  /** Stable code, such as `NUMBER_INVALID`, `RECEIPT_MISSING`, `SENDER_SUPPRESSED`, `EXPIRED`. */
  reason: reasonSchema.optional(),
  /** SMS: how many were sent. */
  segments: z.int().min(0).optional(),
  /** UTC milliseconds. */
  at: instantSchema,
});
export type Outcome = z.infer<typeof outcomeSchema>;

export const channelKeysSchema = channelsViewSchema.shape.channels.element.shape.keys;
/** X25519 public keys to seal for, the current one first. */
export type ChannelKeys = z.infer<typeof channelKeysSchema>;

/** No call carries more attempts, ids or outcomes than this. */
export const CHANNEL_CALL_LIMIT = 10_000;

export interface Channel {
  readonly name: ChannelName;
  keys(): Promise<ChannelKeys>;
  /**
   * Resolves when all are stored; what is wrong with one becomes its outcome. An id counts as it first came: what has
   * expired by then never leaves.
   */
  submit(attempts: readonly Attempt[]): Promise<void>;
  /** Withdraws what was not handed over yet; each withdrawn one gets the outcome `cancelled`. Unknown ids do nothing. */
  cancel(attemptIds: readonly string[]): Promise<void>;
  /** The next ones after `position`, in order. */
  outcomes(after: number, limit: number): Promise<Outcome[]>;
  /** Outcomes up to and including `position` are stored at SMIS and may be forgotten. */
  acknowledge(position: number): Promise<void>;
  /** Hints may be lost: whoever listens also asks now and then. Returns how to stop listening. */
  onOutcome(listener: () => void): () => void;
}

export const CHANNEL_ERROR_CODES = [
  /**
   * The channel cannot store one of the submitted attempts because of what is in it, and has stored none of them.
   * Submitting them one by one finds it.
   */
  'ATTEMPT_REFUSED',
  /** The channel cannot be reached, or cannot store anything now. A call may or may not have been done; repeat it. */
  'CHANNEL_UNAVAILABLE',
  /** The channel does not accept the caller, or the two do not understand each other: their settings disagree. */
  'CHANNEL_REFUSED',
] as const;
export type ChannelErrorCode = (typeof CHANNEL_ERROR_CODES)[number];

/**
 * What a {@link Channel} rejects with when the reason matters to its caller; any other error is a fault of the channel's
 * own, and the call may be repeated. The message repeats nothing that was submitted.
 */
export class ChannelError extends Error {
  override readonly name = 'ChannelError';
  readonly code: ChannelErrorCode;

  constructor(code: ChannelErrorCode, message: string, options?: ErrorOptions) {
    super(`${code}: ${message}`, options);
    this.code = code;
  }
}
