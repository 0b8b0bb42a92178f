import { eventListSchema } from '@civicline/protocol';
import type { Express } from 'express';
import {
  AppError,
  idempotencyKeyHeader,
  mount,
  type Operation,
  operation,
  optionalIdempotencyKeyOf,
} from '../../../platform/http/index.ts';
import { SENDER, type Senders } from '../senders/index.ts';
import type { EventStore } from './event-store.ts';
import { cloudEventOf, readCursor, writeCursor } from './events.ts';
import {
  feedQuerySchema,
  replayInputSchema,
  webhookInputSchema,
  webhookListSchema,
  webhookSecretViewSchema,
  webhookViewSchema,
} from './schemas.ts';
import { viewOf, type Webhooks } from './webhooks.ts';

const tag = 'Events';
const security = SENDER;
const refused = {
  401: { description: '`CREDENTIAL_REFUSED`' },
  403: { description: 'The credential lacks the scope: `SCOPE_MISSING`.' },
};
const unknown = { 404: { description: 'This sender has no such webhook: `WEBHOOK_UNKNOWN`.' } };

const feedOperation = operation({
  method: 'get',
  path: '/v1/events',
  tag,
  summary: 'What became of messages: the next events after a cursor.',
  description:
    'CloudEvents 1.0, in order, each exactly once; the events of a message in the order in which they happened. Keep `next` and ask with it again. Events are kept for 90 days. Scope `events:read`.',
  security,
  query: feedQuerySchema,
  answers: {
    200: { description: 'The events, and the cursor to go on from.', schema: eventListSchema },
    400: { description: '`CURSOR_INVALID`' },
    ...refused,
    410: { description: 'Events after this cursor are no longer kept: `CURSOR_EXPIRED`. Begin without one.' },
  },
});

const addOperation = operation({
  method: 'post',
  path: '/v1/webhooks',
  tag,
  summary: 'Has this sender’s events, from now on, sent to a URL.',
  description:
    'Each call carries one CloudEvent as JSON, signed as Standard Webhooks describe: headers webhook-id, webhook-timestamp, webhook-signature. Answer 2xx within 10 seconds. Else it is called again, after 5 s, 5 min, 30 min, 2, 5, 10, 14, 20 and 24 h; a Retry-After that asks for a longer pause is honoured up to a day; 410 disables it. Events come at least once; the id tells repeats. Redirects are not followed. Scope `webhooks:manage`.',
  security,
  headers: [
    idempotencyKeyHeader(
      false,
      'A repeat gets the first answer, secret included, for as long as there is the webhook.',
    ),
  ],
  body: webhookInputSchema,
  answers: {
    201: {
      description: 'The webhook, with the secret that its calls are signed with; it is shown this once.',
      schema: webhookSecretViewSchema,
    },
    400: { description: 'Not https, or not public: `WEBHOOK_URL_REFUSED`. `IDEMPOTENCY_KEY_MISSING`: it is none.' },
    ...refused,
    409: { description: '`WEBHOOK_EXISTS`, `WEBHOOKS_TOO_MANY`' },
    422: { description: 'The key came with another URL before: `IDEMPOTENCY_KEY_REUSED`.' },
  },
});

const listOperation = operation({
  method: 'get',
  path: '/v1/webhooks',
  tag,
  summary: 'This sender’s webhooks, and how they do.',
  security,
  answers: { 200: { description: 'All of them.', schema: webhookListSchema }, ...refused },
});

const removeOperation = operation({
  method: 'delete',
  path: '/v1/webhooks/{id}',
  tag,
  summary: 'Ends a webhook.',
  security,
  answers: { 204: { description: 'It is gone.' }, ...refused, ...unknown },
});

const rotateOperation = operation({
  method: 'post',
  path: '/v1/webhooks/{id}/rotate-secret',
  tag,
  summary: 'Makes a new secret; for 24 hours the one before signs too.',
  security,
  answers: {
    200: { description: 'The webhook with its new secret.', schema: webhookSecretViewSchema },
    ...refused,
    ...unknown,
  },
});

const replayOperation = operation({
  method: 'post',
  path: '/v1/webhooks/{id}/replay',
  tag,
  summary: 'Calls a webhook again, also one that was disabled: from where it stopped, or after a cursor.',
  security,
  body: replayInputSchema,
  answers: {
    200: { description: 'The webhook.', schema: webhookViewSchema },
    400: { description: '`CURSOR_INVALID`' },
    ...refused,
    ...unknown,
  },
});

export const feedbackOperations: Operation[] = [
  feedOperation,
  addOperation,
  listOperation,
  removeOperation,
  rotateOperation,
  replayOperation,
];

export interface FeedbackRouteOptions {
  senders: Pick<Senders, 'requireSender' | 'senderOf'>;
  events: EventStore;
  webhooks: Webhooks;
  /** How old the first event was when it was read, milliseconds. */
  onRead(age: number): void;
  now: () => number;
}

export function mountFeedback(http: Express, options: FeedbackRouteOptions): void {
  const { senders, events, webhooks, onRead, now } = options;
  const manage = [senders.requireSender('webhooks:manage')];

  mount(http, feedOperation, [senders.requireSender('events:read')], async ({ query }, response) => {
    const sender = senders.senderOf(response);
    const after = readCursor(query.after);
    // The events first: what is pruned in between is then missed by neither.
    const found = await events.after(sender.id, after, query.limit);
    if (query.after !== undefined && after < (await events.prunedTo(sender.id))) {
      throw new AppError(410, 'CURSOR_EXPIRED', 'Events after this cursor are no longer kept. Begin without one.');
    }
    if (found[0]) onRead(now() - found[0].at);
    response.json({ events: found.map(cloudEventOf), next: writeCursor(found.at(-1)?.position ?? after) });
  });

  mount(http, addOperation, manage, async ({ body }, response) => {
    const key = optionalIdempotencyKeyOf(response.req);
    const { webhook, secret } = await webhooks.add(senders.senderOf(response).id, body.url, key);
    response.status(201).json({ ...viewOf(webhook), secret });
  });

  mount(http, listOperation, manage, async (_input, response) => {
    response.json({ webhooks: (await webhooks.list(senders.senderOf(response).id)).map(viewOf) });
  });

  mount(http, removeOperation, manage, async ({ param }, response) => {
    await webhooks.remove(param('id'), senders.senderOf(response).id);
    response.status(204).end();
  });

  mount(http, rotateOperation, manage, async ({ param }, response) => {
    const { webhook, secret } = await webhooks.rotateSecret(param('id'), senders.senderOf(response).id);
    response.json({ ...viewOf(webhook), secret });
  });

  mount(http, replayOperation, manage, async ({ param, body }, response) => {
    response.json(viewOf(await webhooks.replay(param('id'), senders.senderOf(response).id, body.after)));
  });
}
