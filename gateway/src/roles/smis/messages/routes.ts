import { createHash } from 'node:crypto';
import {
  batchAnswerSchema,
  type ChannelName,
  channelsViewSchema,
  messageInputSchema,
  messageListSchema,
  messageStateSchema,
  messageViewSchema,
  referenceSchema,
} from '@civicline/protocol';
import { type Channel, ChannelError } from '@civicline/protocol/channel';
import type { Express, Request, Response } from 'express';
import { z } from 'zod';
import {
  AppError,
  idempotencyKeyHeader,
  idempotencyKeyOf,
  inDigits,
  mount,
  operation,
} from '../../../platform/http/index.ts';
import type { Sealer } from '../../../platform/storage/index.ts';
import { SENDER, type Sender, type Senders } from '../senders/index.ts';
import { keyReused, Refusal, takeBatch } from './batch.ts';
import { idAt } from './ids.ts';
import { expiryOf, readMessage, withoutSealedBytes } from './input.ts';
import type { Intake } from './intake.ts';
import { splitArray, splitLines } from './splitter.ts';
import type { MessageRow, MessageStore } from './store.ts';
import { createdView, viewOf } from './views.ts';

const tag = 'Messages';
const security = SENDER;
const NDJSON = 'application/x-ndjson';
const idempotencyKey = idempotencyKeyHeader(
  true,
  'One per request. A repeat within 24 hours gets the first answer. What is sealed may have been sealed anew, for the same keys and with the same length: the part that came first stands.',
);
const refused = {
  401: { description: '`CREDENTIAL_REFUSED`' },
  403: { description: '`SCOPE_MISSING`; the category `emergency` needs the scope `messages:emergency`.' },
  404: { description: 'This sender has no such message: `MESSAGE_UNKNOWN`.' },
  422: { description: 'The key came with another body before: `IDEMPOTENCY_KEY_REUSED`.' },
  429: { description: '`QUOTA_EXCEEDED`; the header Retry-After says when to try again.' },
};
const message = { description: 'The message as it stands.', schema: messageViewSchema };

const channelsOperation = operation({
  method: 'get',
  path: '/v1/channels',
  tag,
  summary: 'The channels that there are, and the public keys to seal for.',
  security,
  answers: {
    200: { description: 'Seal for the first key of a channel.', schema: channelsViewSchema },
    401: refused[401],
    403: refused[403],
  },
});

const sendOperation = operation({
  method: 'post',
  path: '/v1/messages',
  tag,
  summary: 'Hands a message over.',
  description: 'It is stored when the answer comes. Repeat the request with the same key when the answer got lost.',
  security,
  headers: [idempotencyKey],
  body: messageInputSchema,
  answers: {
    201: { description: 'The message as it was accepted.', schema: messageViewSchema },
    401: refused[401],
    403: refused[403],
    422: refused[422],
    429: refused[429],
  },
});

const batchOperation = operation({
  method: 'post',
  path: '/v1/messages/batch',
  tag,
  summary: 'Hands many messages over, 10,000 at most, as a JSON array or one per line (application/x-ndjson).',
  description:
    'What is wrong with one message refuses that one alone. Answers come in the order of the messages, in the form that the request’s Accept header asks for, else in that of the request. A body that breaks off, or is longer than 64 MB, gets one answer more, which says so.',
  security,
  headers: [idempotencyKey],
  body: z.array(messageInputSchema),
  otherBodyTypes: [NDJSON],
  answers: {
    200: { description: 'One answer per message.', schema: z.array(batchAnswerSchema), otherTypes: [NDJSON] },
    401: refused[401],
    403: refused[403],
    422: refused[422],
    429: refused[429],
  },
});

const listOperation = operation({
  method: 'get',
  path: '/v1/messages',
  tag,
  summary: 'The sender’s messages, oldest first.',
  description:
    'A page may be short, or even empty, although there is a next one: ask on while `next` is not null, with `after` set to it.',
  security,
  query: z.strictObject({
    reference: referenceSchema.optional(),
    state: messageStateSchema.optional(),
    after: z.uuid().optional(),
    limit: inDigits(z.int().min(1).max(500)).default(100),
  }),
  answers: {
    200: { description: 'One page.', schema: messageListSchema },
    401: refused[401],
    403: refused[403],
  },
});

const readOperation = operation({
  method: 'get',
  path: '/v1/messages/{id}',
  tag,
  summary: 'Where a message stands.',
  security,
  answers: { 200: message, 401: refused[401], 403: refused[403], 404: refused[404] },
});

const cancelOperation = operation({
  method: 'post',
  path: '/v1/messages/{id}/cancel',
  tag,
  summary: 'Withdraws a message, as far as it was not handed over yet. May be repeated.',
  description:
    'A message that a channel has, or is being given, becomes `cancelled` when the channel has withdrawn it; no other channel is tried. What is `cancelled` never leaves.',
  security,
  answers: {
    200: message,
    401: refused[401],
    403: refused[403],
    404: refused[404],
    409: { description: 'Nothing of it can be withdrawn any more: `MESSAGE_NOT_CANCELLABLE`.' },
  },
});

export const messageOperations = [
  channelsOperation,
  sendOperation,
  batchOperation,
  listOperation,
  readOperation,
  cancelOperation,
];

export interface MessageRoutesOptions {
  channels: ReadonlyMap<ChannelName, Channel>;
  senders: Pick<Senders, 'requireSender' | 'senderOf' | 'allows'>;
  store: MessageStore;
  intake: Intake;
  cancel(messageId: string): Promise<'done' | 'refused'>;
  sealer: Sealer;
  now: () => number;
}

/** A channel that has not been reached since SMIS started. */
function rethrowForSenders(error: unknown): never {
  if (!(error instanceof ChannelError)) throw error;
  throw new AppError(503, 'CHANNEL_UNAVAILABLE', 'The keys of a channel are not known yet. Repeat the request later.');
}

export function mountMessages(http: Express, options: MessageRoutesOptions): void {
  const { channels, senders, store, intake, sealer, now } = options;
  const names = new Set(channels.keys());
  const mayRead = senders.requireSender('messages:read');
  const maySend = senders.requireSender('messages:send');

  const allowedBy = (response: Response) => ({
    channels: names,
    emergencies: senders.allows(response, 'messages:emergency'),
  });

  const keyDigests = (sender: Sender, request: Request) =>
    sealer.digests(`${sender.id} ${idempotencyKeyOf(request)}`, 'message request');

  async function known(response: Response, id: string): Promise<MessageRow> {
    const row = await store.find(senders.senderOf(response).id, id);
    if (!row) throw new AppError(404, 'MESSAGE_UNKNOWN', 'There is no such message.');
    return row;
  }

  mount(http, channelsOperation, [maySend], async (_input, response) => {
    const views = [...channels.values()].map(async (channel) => ({ name: channel.name, keys: await channel.keys() }));
    response.json({ channels: await Promise.all(views).catch(rethrowForSenders) });
  });

  mount(http, sendOperation, [maySend], async ({ body, request }, response) => {
    const sender = senders.senderOf(response);
    const draft = readMessage(body, allowedBy(response), now());
    const bodyDigest = createHash('sha256').update(withoutSealedBytes(request.body)).digest('base64url');
    const chunk = {
      senderId: sender.id,
      keyDigests: keyDigests(sender, request),
      chunk: 0,
      bodyDigest,
      items: [draft],
    };
    const accepted = await intake.take(chunk);
    if (!accepted) throw keyReused();
    response.set(accepted.headers);
    const { firstId, refused, at } = accepted;
    if (refused[0]) throw new Refusal(refused[0], {});
    const id = idAt(firstId, 0);
    const view = createdView({ ...draft, id, created_at: at, expires_at: expiryOf(draft, at) });
    response.status(201).location(`/v1/messages/${id}`).json(view);
  });

  http.post(batchOperation.path, maySend, async (request, response) => {
    const sender = senders.senderOf(response);
    const isLines = request.is(NDJSON) === NDJSON;
    if (!isLines && !request.is('json')) {
      throw new AppError(415, 'TYPE_UNSUPPORTED', `The body must be application/json or ${NDJSON}.`);
    }
    const { answers, headers } = await takeBatch({
      body: bodyOf(request),
      splitter: isLines ? splitLines() : splitArray(),
      senderId: sender.id,
      keyDigests: keyDigests(sender, request),
      allowed: allowedBy(response),
      intake,
      now,
    }).catch((error: unknown) => {
      if (error instanceof Refusal) response.set(error.headers);
      throw error;
    });
    response.set(headers);
    const wanted = request.accepts(isLines ? [NDJSON, 'json'] : ['json', NDJSON]);
    if (wanted !== NDJSON) return void response.json(answers);
    response.type(NDJSON).send(answers.map((answer) => `${JSON.stringify(answer)}\n`).join(''));
  });

  mount(http, listOperation, [mayRead], async ({ query }, response) => {
    const { reference, state, after = '', limit } = query;
    const { rows, next } = await store.list(senders.senderOf(response).id, { reference, state, after, limit });
    response.json({ messages: rows.map(viewOf), next });
  });

  mount(http, readOperation, [mayRead], async ({ param }, response) => {
    response.json(viewOf(await known(response, param('id'))));
  });

  mount(http, cancelOperation, [maySend], async ({ param }, response) => {
    const { id } = await known(response, param('id'));
    if ((await options.cancel(id)) === 'refused') {
      throw new AppError(409, 'MESSAGE_NOT_CANCELLABLE', 'Nothing of this message can be withdrawn any more.');
    }
    response.json(viewOf(await known(response, id)));
  });
}

/** The bytes as they come. What is left unread when somebody stops reading is not answered by closing the connection. */
async function* bodyOf(request: Request): AsyncGenerator<Buffer> {
  const encoding = request.headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') {
    throw new AppError(415, 'ENCODING_UNSUPPORTED', 'The body has an encoding that is not supported.');
  }
  try {
    yield* request.iterator({ destroyOnReturn: false });
  } catch {
    throw new AppError(400, 'BODY_BROKEN_OFF', 'The request ended before its body did.');
  }
}
