/**
 * The calls of {@link Channel} as they go over HTTP: `POST /internal/channel/<call>`, JSON both ways. Every answer is 200
 * with a {@link Reply}; the token in its header vouches for it. Nothing of a call stands in the URL.
 */
import {
  attemptIdSchema,
  attemptSchema,
  CHANNEL_CALL_LIMIT,
  CHANNEL_ERROR_CODES,
  type Channel,
  channelKeysSchema,
  outcomeSchema,
} from '@civicline/protocol/channel';
import { z } from 'zod';

export const CALLS_PATH = '/internal/channel';
/** A `text/event-stream`: one event when there are new outcomes. */
export const HINTS_PATH = '/internal/channel/hints';
/** Of an answer: signed by the channel. */
export const ANSWER_TOKEN = 'civicline-answer-token';

/** Of a request: SMIS keeps its rounds at about 4 MB. */
export const LARGEST_REQUEST = 16 * 1024 ** 2;
export const LARGEST_ANSWER = 8 * 1024 ** 2;

const nothing = z.strictObject({});
/** SMIS cancels what it gave a channel, and what it may have given it: known to be UUIDs or not. */
const idsSchema = z.array(z.union([attemptIdSchema, z.string().max(200)])).max(CHANNEL_CALL_LIMIT);

export const calls = {
  keys: { input: nothing, output: channelKeysSchema },
  submit: { input: z.strictObject({ attempts: z.array(attemptSchema).max(CHANNEL_CALL_LIMIT) }), output: nothing },
  cancel: { input: z.strictObject({ attemptIds: idsSchema }), output: nothing },
  outcomes: {
    input: z.strictObject({ after: z.int().min(0), limit: z.int().min(1).max(CHANNEL_CALL_LIMIT) }),
    output: z.array(outcomeSchema),
  },
  acknowledge: { input: z.strictObject({ position: z.int().min(0) }), output: nothing },
} as const;

export type CallName = keyof typeof calls;
export type CallInput<Name extends CallName> = z.output<(typeof calls)[Name]['input']>;
export type CallOutput<Name extends CallName> = z.output<(typeof calls)[Name]['output']>;

export const replySchema = z.union([
  z.strictObject({ result: z.unknown() }),
  z.strictObject({ error: z.enum(CHANNEL_ERROR_CODES) }),
]);
export type Reply = z.infer<typeof replySchema>;

/** What each call does at the channel. */
export const perform: { [Name in CallName]: (channel: Channel, input: CallInput<Name>) => Promise<unknown> } = {
  keys: (channel) => channel.keys(),
  submit: (channel, { attempts }) => channel.submit(attempts),
  cancel: (channel, { attemptIds }) => channel.cancel(attemptIds),
  outcomes: (channel, { after, limit }) => channel.outcomes(after, limit),
  acknowledge: (channel, { position }) => channel.acknowledge(position),
};
