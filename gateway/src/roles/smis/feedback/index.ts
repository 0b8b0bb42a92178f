/** Feedback: what became of messages, as a feed that senders read by cursor and as webhooks that call them. */
import { setTimeout as wait } from 'node:timers/promises';
import type { MessageEventKind } from '@civicline/protocol';
import type { Express } from 'express';
import type { Kysely } from 'kysely';
import { v7 as uuid } from 'uuid';
import type { Logger, Metrics, Operation } from '../../../platform/http/index.ts';
import { type Database, SealError, type Sealer } from '../../../platform/storage/index.ts';
import type { Senders } from '../senders/index.ts';
import { createAddressRule } from './addresses.ts';
import { createCaller } from './caller.ts';
import { createDeliverer } from './deliverer.ts';
import { createEventStore, eventMigrations } from './event-store.ts';
import { cloudEventOf, QUOTA_WARNING, type StoredEvent, WEBHOOK_DISABLED, writeCursor } from './events.ts';
import { createFeedbackMetrics } from './metrics.ts';
import type { Answer } from './retry.ts';
import { feedbackOperations, mountFeedback } from './routes.ts';
import { signedHeaders } from './signature.ts';
import { createWebhookStore, type Webhook, webhookMigrations } from './webhook-store.ts';
import { createWebhooks, viewOf } from './webhooks.ts';

export { webhookKeyedColumns } from './webhooks.ts';

export interface MessageEvent {
  messageId: string;
  senderId: string;
  kind: MessageEventKind;
  /** UTC milliseconds. */
  at: number;
  /** Becomes the event's `data`: reference, channel, state, reason, segments; no address, ever. */
  data: object;
}

export interface Feedback {
  /** Within the write that makes the transition, so that an event is told exactly when its transition happened. */
  record(sql: Kysely<unknown>, events: readonly MessageEvent[]): Promise<void>;
  /** `be.smis.v1.quota.warning`, within a write. */
  warnOfQuota(sql: Kysely<unknown>, warning: { senderId: string; at: number; data: object }): Promise<void>;
  operations: Operation[];
  mount(http: Express, senders: Pick<Senders, 'requireSender' | 'senderOf'>): void;
  /** Begins to call webhooks and to prune old events. */
  start(): void;
  /** Resolves when the calls under way have ended or were given up. */
  stop(): Promise<void>;
}

export interface FeedbackOptions {
  config: {
    /** Networks in CIDR notation that webhooks may stand in although they are not public. */
    webhookNetworks: readonly string[];
  };
  database: Database;
  sealer: Sealer;
  metrics: Metrics;
  log: Logger;
  now: () => number;
}

const KEEP_MS = 90 * 24 * 3_600_000;
const PRUNE_EVERY_MS = 3_600_000;
const PRUNE_PAGE = 1_000;

export async function createFeedback(options: FeedbackOptions): Promise<Feedback> {
  const { config, database, sealer, log, now } = options;
  await migrateFeedback(database);
  const events = createEventStore(database);
  const store = createWebhookStore(database);
  const mayCall = createAddressRule(config.webhookNetworks);
  const webhooks = createWebhooks({ webhooks: store, events, sealer, mayCall, now });
  const metrics = createFeedbackMetrics(options.metrics, store, now);
  const caller = createCaller({ mayCall, now });
  const stopping = new AbortController();
  let pruning: Promise<void> = Promise.resolve();

  async function append(sql: Kysely<unknown>, told: readonly Omit<StoredEvent, 'position' | 'id'>[]): Promise<void> {
    await events.append(
      sql,
      told.map((event) => ({ ...event, id: uuid() })),
    );
    for (const { kind } of told) metrics.told(kind);
    deliverer.hint();
  }

  async function callSigned(webhook: Webhook, event: StoredEvent): Promise<Answer> {
    const secrets = secretsOf(webhook);
    if (!secrets) return { kind: 'failed', reason: 'unsigned' };
    const payload = JSON.stringify(cloudEventOf(event));
    return caller.call(
      webhook.url,
      {
        'Content-Type': 'application/cloudevents+json; charset=utf-8',
        ...signedHeaders({ id: event.id, payload }, secrets, now()),
      },
      payload,
    );
  }

  /** null: they do not open, for this gateway lacks the data key that they were sealed with. */
  function secretsOf(webhook: Webhook): string[] | null {
    try {
      return webhooks.secretsOf(webhook);
    } catch (error) {
      if (!(error instanceof SealError)) throw error;
      log.error({ error, webhookId: webhook.id }, 'secret of a webhook cannot be opened');
      return null;
    }
  }

  const deliverer = createDeliverer({
    database,
    events,
    webhooks: store,
    async call(webhook, event) {
      const answer = await callSigned(webhook, event);
      metrics.called(answer);
      return answer;
    },
    breakOff: caller.close,
    onDisable: (sql, { id, senderId, position }, reason) =>
      append(sql, [
        {
          senderId,
          messageId: null,
          kind: WEBHOOK_DISABLED,
          at: now(),
          data: JSON.stringify({ webhook: id, reason, deliveredTo: writeCursor(position) }),
        },
      ]),
    log,
    now,
  });

  async function prune(): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        let page = { removed: 0, next: 0 };
        do page = await events.prune(now() - KEEP_MS, page.next, PRUNE_PAGE);
        while (page.removed > 0 && !stopping.signal.aborted);
      } catch (error) {
        log.error({ error }, 'old events could not be pruned');
      }
      await wait(PRUNE_EVERY_MS, undefined, { signal: stopping.signal, ref: false }).catch(() => undefined);
    }
  }

  return {
    record: (sql, told) =>
      append(
        sql,
        told.map(({ messageId, senderId, kind, at, data }) => ({
          messageId,
          senderId,
          kind: `message.${kind}`,
          at,
          data: JSON.stringify(data),
        })),
      ),
    warnOfQuota: (sql, { senderId, at, data }) =>
      append(sql, [{ senderId, messageId: null, kind: QUOTA_WARNING, at, data: JSON.stringify(data) }]),
    operations: feedbackOperations,
    mount: (http, senders) => mountFeedback(http, { senders, events, webhooks, onRead: metrics.read, now }),
    start() {
      deliverer.start();
      pruning = prune();
    },
    async stop() {
      stopping.abort();
      await Promise.all([deliverer.stop(), pruning]);
    },
  };
}

/** What operators do with webhooks, from the command line. */
export async function createWebhookAdministration(options: { database: Database; sealer: Sealer; now: () => number }) {
  const { database, sealer, now } = options;
  await migrateFeedback(database);
  const webhooks = createWebhooks({
    webhooks: createWebhookStore(database),
    events: createEventStore(database),
    sealer,
    mayCall: () => false,
    now,
  });
  return {
    list: async () => (await webhooks.all()).map((webhook) => ({ senderId: webhook.senderId, ...viewOf(webhook) })),
    /** Throws WEBHOOK_UNKNOWN, CURSOR_INVALID. */
    replay: async (id: string, after: string | undefined) => viewOf(await webhooks.replay(id, null, after)),
  };
}

async function migrateFeedback(database: Database): Promise<void> {
  await database.migrate('events', eventMigrations(database.engine));
  await database.migrate('webhooks', webhookMigrations);
}
