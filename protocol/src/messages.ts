/**
 * Sealed messages, as a sender speaks about them with SMIS. SMIS sees who sends, by which strategy, of which category,
 * until when, and sealed bytes; neither addressee nor content.
 *
 *   GET  /v1/channels                     → ChannelsView: the channels, and the keys to seal for
 *   POST /v1/messages        Idempotency-Key, MessageInput → 201 MessageView
 *   POST /v1/messages/batch  Idempotency-Key, NDJSON or a JSON array of MessageInput → 200, one BatchAnswer per item
 *   GET  /v1/messages?reference=&state=&after=&limit=   → MessageList
 *   GET  /v1/messages/{id}                → MessageView
 *   POST /v1/messages/{id}/cancel         → MessageView
 *   GET  /v1/events?after=&limit=         → EventList, kept for 90 days
 */
import { z } from 'zod';
import { problemSchema } from './problem.ts';

export const CHANNELS = ['app', 'sms', 'email'] as const;
export const channelSchema = z.enum(CHANNELS);
export type ChannelName = z.infer<typeof channelSchema>;

/** What a message is about; send windows and the code of conduct depend on it. */
export const CATEGORIES = ['emergency', 'individual', 'informative', 'broadcast'] as const;
export const categorySchema = z.enum(CATEGORIES);
export type Category = z.infer<typeof categorySchema>;

/** The three lanes, fastest first: nothing of a slower lane delays one of a faster lane. */
export const URGENCIES = ['urgent', 'normal', 'bulk'] as const;
export const urgencySchema = z.enum(URGENCIES);
export type Urgency = z.infer<typeof urgencySchema>;

/**
 * How far a message has come (the machine itself: gateway/src/roles/smis/messages/machine.ts):
 *
 *   accepted → deferred → attempting → delivered → read
 *       ends without success: undeliverable | expired | cancelled
 */
export const MESSAGE_STATES = [
  'accepted',
  'deferred',
  'attempting',
  'falling-back',
  'delivered',
  'read',
  'undeliverable',
  'expired',
  'cancelled',
] as const;
export const messageStateSchema = z.enum(MESSAGE_STATES);
export type MessageState = z.infer<typeof messageStateSchema>;

/** Sealed for one channel; see sealing/. Base64url without padding. */
export const sealedPartSchema = z.strictObject({
  /** Which of the channel's keys it was sealed for. */
  keyId: z.string().regex(/^[\w-]{1,64}$/, 'must be 1 to 64 letters, digits, hyphens and underscores'),
  sealed: z
    .string()
    .min(1)
    .max(40_000)
    .regex(/^[A-Za-z0-9_-]+$/, 'must be base64url without padding'),
});
export type SealedPart = z.infer<typeof sealedPartSchema>;

export const strategyStepSchema = z.strictObject({
  channel: channelSchema,
  /** How long to wait for a delivery before the next channel is tried, seconds; absent: until the channel says no. */
  waitSeconds: z.number().int().min(10).max(604_800).optional(),
});

/** Without control characters and halves of surrogate pairs, which neither a log nor PostgreSQL can hold. */
export const referenceSchema = z.string().regex(
  // Classes by name (\p{Cc}) are not known to every reader of JSON Schema. Counted are characters, not UTF-16 units.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it excludes
  /^[^\u0000-\u001f\u007f-\u009f\ud800-\udfff]{1,128}$/u,
  'must be 1 to 128 characters, none of them a control character',
);

export const messageInputSchema = z.strictObject({
  /** The sender's own; appears in answers and events, so it must identify no person. */
  reference: referenceSchema.optional(),
  category: categorySchema.describe('`emergency` needs the scope `messages:emergency`.'),
  urgency: urgencySchema.default('normal'),
  /** Channels in the order of trying; absent: those of `parts`, App first, then SMS, then e-mail. */
  strategy: z.array(strategyStepSchema).min(1).max(CHANNELS.length).optional(),
  /** Not to be delivered after this, RFC 3339; absent: 72 hours from now. */
  expiresAt: z.iso.datetime({ offset: true }).optional(),
  parts: z.partialRecord(channelSchema, sealedPartSchema).meta({ minProperties: 1 }),
});
export type MessageInput = z.input<typeof messageInputSchema>;

export const attemptViewSchema = z.object({
  channel: channelSchema,
  state: z.enum(['waiting', 'handed-over', 'unknown', 'delivered', 'read', 'failed', 'cancelled']),
  /** Stable code, such as `NUMBER_UNKNOWN`. */
  reason: z.string().optional(),
  /** SMS only: how many segments were sent. */
  segments: z.number().int().optional(),
  updatedAt: z.string(),
});

export const messageViewSchema = z.object({
  id: z.uuid(),
  reference: z.string().optional(),
  state: messageStateSchema,
  reason: z.string().optional(),
  category: categorySchema,
  urgency: urgencySchema,
  createdAt: z.string(),
  updatedAt: z.string(),
  expiresAt: z.string(),
  attempts: z.array(attemptViewSchema),
});
export type MessageView = z.infer<typeof messageViewSchema>;

export const messageListSchema = z.object({ messages: z.array(messageViewSchema), next: z.string().nullable() });

/** One per item of a batch, in the order of the items. */
export const batchAnswerSchema = z.union([
  z.object({ id: z.uuid(), reference: z.string().optional() }),
  z.object({ problem: problemSchema }),
]);
export type BatchAnswer = z.infer<typeof batchAnswerSchema>;
export const BATCH_LIMIT = 10_000;

export const channelsViewSchema = z.object({
  channels: z.array(
    z.object({
      name: channelSchema,
      /** X25519 public keys, 32 bytes in base64url; seal for the first. */
      keys: z.array(z.object({ id: z.string(), publicKey: z.string() })).min(1),
    }),
  ),
});
export type ChannelsView = z.infer<typeof channelsViewSchema>;

/** A transition worth telling, as CloudEvents type `be.smis.v1.message.<kind>`. */
export const MESSAGE_EVENTS = [
  'deferred',
  'attempted',
  'fallback',
  'delivered',
  'read',
  'undeliverable',
  'expired',
  'cancelled',
] as const;
export type MessageEventKind = (typeof MESSAGE_EVENTS)[number];

/** CloudEvents 1.0, structured. `subject` is the message's id; no address, ever. */
export const eventSchema = z.object({
  specversion: z.literal('1.0'),
  id: z.uuid(),
  source: z.string(),
  type: z.string(),
  time: z.string(),
  subject: z.string().optional(),
  datacontenttype: z.literal('application/json'),
  data: z.looseObject({
    reference: z.string().optional(),
    channel: channelSchema.optional(),
    state: messageStateSchema.optional(),
    reason: z.string().optional(),
    segments: z.number().int().optional(),
  }),
});
export type SmisEvent = z.infer<typeof eventSchema>;
/** `next` is the cursor of the last event, or the one asked for when there is none. */
export const eventListSchema = z.object({ events: z.array(eventSchema), next: z.string() });

/** What is sealed for the SMS channel: JSON, padded with spaces to a multiple of 128 bytes. */
export const smsContentSchema = z.strictObject({
  /** E.164. */
  to: z.string().regex(/^\+[1-9]\d{6,14}$/),
  text: z.string().min(1).max(2_000),
  /** Wished for by the sender; a route that cannot carry it puts its own in its place. */
  from: z.string().max(200).optional(),
});
export type SmsContent = z.infer<typeof smsContentSchema>;

/** What is sealed for the e-mail channel; likewise. */
export const emailContentSchema = z.strictObject({
  to: z.email().max(254),
  subject: z.string().min(1).max(200),
  text: z.string().min(1).max(20_000),
});
export type EmailContent = z.infer<typeof emailContentSchema>;
