/**
 * Tells webhooks their events. A webhook is a reader of its sender's events with a cursor: no copy is made per event.
 * One process at a time calls it, under a lease; webhooks are called side by side, and a slow one delays none but itself.
 *
 *   free ──claim──► page of events ──all delivered──► cursor on, next page ──none left──► free
 *                        └──one failed──► cursor up to the first that is missing; waits, or is disabled (retry.ts)
 *
 * Within a page, messages go side by side and the events of one message one after another. What was delivered beyond
 * the cursor is delivered again after a failure or a crash, under the same id: at least once, and in order per message.
 */
import { type Loop, startLoop } from '@civicline/protocol/run';
import type { Kysely } from 'kysely';
import type { Logger } from '../../../platform/http/index.ts';
import type { Database } from '../../../platform/storage/index.ts';
import type { EventStore } from './event-store.ts';
import { type StoredEvent, WEBHOOK_DISABLED } from './events.ts';
import { type Answer, afterFailure } from './retry.ts';
import { type ClaimedWebhook, LEASE_MS, type Lease, type Webhook, type WebhookStore } from './webhook-store.ts';

/** Events that are read at once, per webhook. */
const PAGE = 64;
/** Calls to one receiver at the same time. */
const SIDE_BY_SIDE = 8;
/** Webhooks called at the same time. */
const MOST_WEBHOOKS = 256;
/** How soon events of another process, and retries that fall due, are noticed. */
const LOOK_EVERY_MS = 250;
/** Leases have to be renewed while the database comes and goes. */
const LOOK_FAILED = { firstMs: LOOK_EVERY_MS, longestMs: LEASE_MS / 6 };
/** From a hint to the look: for its commit, and for more hints. */
const HINT_MS = 20;
/** How long calls under way get when the process stops. */
const STOP_MS = 2_000;

export interface DelivererOptions {
  database: Database;
  events: EventStore;
  webhooks: WebhookStore;
  /** Tells a webhook one event. Whatever stands in the way is an answer; it rejects for defects only. */
  call(webhook: Webhook, event: StoredEvent): Promise<Answer>;
  /** Breaks off the calls under way. */
  breakOff(): void;
  /** A webhook is being disabled by this write. */
  onDisable(sql: Kysely<unknown>, webhook: Webhook, reason: string): Promise<void>;
  log: Logger;
  now: () => number;
}

export interface Deliverer {
  start(): void;
  /** There are, or will soon be, new events. */
  hint(): void;
  stop(): Promise<void>;
}

export function createDeliverer(options: DelivererOptions): Deliverer {
  const { webhooks, log, now, breakOff } = options;
  /** By lease: a webhook that was restarted meanwhile may be called under a new one before the old run has noticed. */
  const running = new Map<Lease, Promise<void>>();
  const stopping = new AbortController();
  let loop: Loop | undefined;
  let hinted = false;
  let renewedAt = performance.now();

  async function look(): Promise<number> {
    if (performance.now() - renewedAt > LEASE_MS / 3) {
      renewedAt = performance.now();
      if (running.size > 0) await webhooks.renew([...running.keys()], now());
    }
    for (const claimed of await webhooks.claim(now(), MOST_WEBHOOKS - running.size)) {
      running.set(claimed.lease, run(claimed));
    }
    return LOOK_EVERY_MS;
  }

  async function run(claimed: ClaimedWebhook): Promise<void> {
    try {
      await deliver(options, claimed, stopping.signal);
    } catch (error) {
      log.error({ error, webhookId: claimed.webhook.id }, 'webhook could not be served');
    } finally {
      running.delete(claimed.lease);
    }
  }

  return {
    start() {
      loop = startLoop(look, (error) => log.error({ error }, 'webhooks could not be looked up'), {
        afterFailure: LOOK_FAILED,
      });
    },
    hint() {
      if (hinted) return;
      hinted = true;
      setTimeout(() => {
        hinted = false;
        loop?.wake();
      }, HINT_MS).unref();
    },
    async stop() {
      stopping.abort();
      await loop?.stop();
      const forced = setTimeout(breakOff, STOP_MS);
      await Promise.all(running.values());
      clearTimeout(forced);
      breakOff();
    },
  };
}

/** Tells a claimed webhook all that waits for it, until something fails or the process stops. */
async function deliver(options: DelivererOptions, claimed: ClaimedWebhook, stopping: AbortSignal): Promise<void> {
  const { events, webhooks } = options;
  const { lease } = claimed;
  let { webhook } = claimed;
  while (!stopping.aborted) {
    const page = await events.after(webhook.senderId, webhook.position, PAGE);
    if (page.length === 0) break;
    const { position, any, failure } = await deliverPage(options, webhook, page, stopping);
    const further = any || position > webhook.position;
    webhook = { ...webhook, position, failing: any ? { since: null, tries: 0 } : webhook.failing };
    if (failure && !stopping.aborted) return settleFailure(options, { webhook, lease }, failure);
    if (further && !(await webhooks.progress(lease, position))) return;
  }
  await webhooks.release(lease);
}

interface PageResult {
  /** Up to here nothing is missing. */
  position: number;
  /** Whether anything was delivered. */
  any: boolean;
  failure: Failure | null;
}
type Failure = Exclude<Answer, { kind: 'delivered' }>;

async function deliverPage(
  { call }: DelivererOptions,
  webhook: Webhook,
  page: readonly StoredEvent[],
  stopping: AbortSignal,
): Promise<PageResult> {
  // That a webhook was disabled is told in the feed only.
  const [toTell, toSkip] = partition(page, ({ kind }) => kind !== WEBHOOK_DISABLED);
  const delivered = new Set(toSkip.map(({ position }) => position));
  const messages = byMessage(toTell);
  let failure: Failure | null = null;

  async function work(): Promise<void> {
    for (let message = messages.shift(); message; message = messages.shift()) {
      for (const event of message) {
        if (failure || stopping.aborted) return;
        const answer = await call(webhook, event);
        if (answer.kind === 'delivered') delivered.add(event.position);
        else failure ??= answer;
      }
    }
  }

  // A receiver that has failed gets one call at a time until it is there again.
  const workers = webhook.failing.tries > 0 ? 1 : SIDE_BY_SIDE;
  await Promise.all(Array.from({ length: workers }, work));
  const missing = page.findIndex(({ position }) => !delivered.has(position));
  const last = missing === -1 ? page.at(-1) : page[missing - 1];
  return { position: last?.position ?? webhook.position, any: delivered.size > toSkip.length, failure };
}

function partition<Item>(items: readonly Item[], test: (item: Item) => boolean): [Item[], Item[]] {
  return [items.filter(test), items.filter((item) => !test(item))];
}

/** The events of each message, in their order; the messages in the order of their first. */
function byMessage(page: readonly StoredEvent[]): StoredEvent[][] {
  const messages = new Map<string, StoredEvent[]>();
  for (const event of page) {
    const key = event.messageId ?? event.id;
    const message = messages.get(key);
    if (message) message.push(event);
    else messages.set(key, [event]);
  }
  return [...messages.values()];
}

async function settleFailure(
  { database, webhooks, onDisable, log, now }: DelivererOptions,
  { webhook, lease }: ClaimedWebhook,
  failure: Failure,
): Promise<void> {
  const settled = afterFailure(webhook.failing, failure, now(), Math.random());
  const { position } = webhook;
  if (settled.next === 'retry') {
    await database.write((sql) => webhooks.retryLater(sql, lease, position, settled.failing, settled.nextAt));
    return;
  }
  const { reason } = settled;
  await database.write(async (sql) => {
    if (await webhooks.disable(sql, lease, position, reason)) await onDisable(sql, webhook, reason);
  });
  log.warn({ code: 'WEBHOOK_DISABLED', webhookId: webhook.id, reason }, 'webhook disabled');
}
