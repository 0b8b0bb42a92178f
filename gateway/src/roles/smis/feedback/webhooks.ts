/** What senders and operators do with webhooks. */
import { isIP } from 'node:net';
import { v7 as uuid } from 'uuid';
import { AppError } from '../../../platform/http/index.ts';
import type { KeyedColumn, Sealer } from '../../../platform/storage/index.ts';
import type { EventStore } from './event-store.ts';
import { readCursor, writeCursor } from './events.ts';
import type { WebhookView } from './schemas.ts';
import { makeSecret } from './signature.ts';
import type { Webhook, WebhookStore } from './webhook-store.ts';

/** How long the secret before the last rotation signs too. */
const OVERLAP_MS = 24 * 3_600_000;
const MOST_PER_SENDER = 10;

const contextOf = (id: string) => `webhook secret:${id}`;

/** Digests of Idempotency-Keys are not among them: nobody can guess those. */
export const webhookKeyedColumns: readonly KeyedColumn[] = ['secret', 'old_secret'].map((column) => {
  return { table: 'webhooks', key: ['id'], column, context: ({ id = '' }) => contextOf(id) };
});

export type Webhooks = ReturnType<typeof createWebhooks>;

export function createWebhooks(options: {
  webhooks: WebhookStore;
  events: EventStore;
  sealer: Sealer;
  /** Whether a webhook may stand at this address. */
  mayCall: (address: string) => boolean;
  now: () => number;
}) {
  const { webhooks, events, sealer, mayCall, now } = options;

  /** Throws 404 WEBHOOK_UNKNOWN, also for one of another sender. `senderId` null: an operator asks. */
  async function find(id: string, senderId: string | null): Promise<Webhook> {
    const webhook = await webhooks.find(id, senderId);
    if (!webhook) throw new AppError(404, 'WEBHOOK_UNKNOWN', 'There is no such webhook.');
    return webhook;
  }

  const sealSecret = (id: string, secret: string) => sealer.seal(secret, contextOf(id));
  const openSecret = (id: string, sealed: string) => sealer.open(sealed, contextOf(id));

  async function addedUnder(senderId: string, digests: readonly string[], url: string) {
    const all = digests.length === 0 ? [] : await webhooks.ofSender(senderId);
    const webhook = all.find(({ keyDigest }) => keyDigest !== null && digests.includes(keyDigest));
    if (!webhook) return null;
    if (webhook.url === url) return { webhook, secret: openSecret(webhook.id, webhook.secret) };
    throw new AppError(422, 'IDEMPOTENCY_KEY_REUSED', 'This Idempotency-Key came with another URL before.');
  }

  return {
    /**
     * Begins with the next event. A repeat under the same Idempotency-Key gets the same webhook. Throws
     * WEBHOOK_URL_REFUSED, WEBHOOK_EXISTS, WEBHOOKS_TOO_MANY, IDEMPOTENCY_KEY_REUSED.
     */
    async add(senderId: string, url: string, key: string | null) {
      checkUrl(url, mayCall);
      const digests = key === null ? [] : sealer.digests(`${senderId} ${key}`, 'webhook request');
      const first = await addedUnder(senderId, digests, url);
      if (first) return first;
      if ((await webhooks.ofSender(senderId)).length >= MOST_PER_SENDER) {
        throw new AppError(409, 'WEBHOOKS_TOO_MANY', `A sender has ${MOST_PER_SENDER} webhooks at most.`);
      }
      const id = uuid();
      const secret = makeSecret();
      const webhook: Webhook = {
        id,
        senderId,
        url,
        secret: sealSecret(id, secret),
        oldSecret: null,
        keyDigest: digests[0] ?? null,
        position: await events.end(),
        disabledReason: null,
        failing: { since: null, tries: 0 },
        nextAt: 0,
        createdAt: now(),
      };
      if (await webhooks.add(webhook)) return { webhook, secret };
      // Perhaps by the same request, which came twice at once.
      const other = await addedUnder(senderId, digests, url);
      if (other) return other;
      throw new AppError(409, 'WEBHOOK_EXISTS', 'There is a webhook with this URL.');
    },

    list: webhooks.ofSender,
    all: webhooks.all,

    async remove(id: string, senderId: string): Promise<void> {
      await find(id, senderId);
      await webhooks.remove(id);
    },

    async rotateSecret(id: string, senderId: string) {
      const webhook = await find(id, senderId);
      const secret = makeSecret();
      await webhooks.setSecrets(id, sealSecret(id, secret), { sealed: webhook.secret, until: now() + OVERLAP_MS });
      return { webhook, secret };
    },

    /** Calls it again, also a disabled one. Throws CURSOR_INVALID. */
    async replay(id: string, senderId: string | null, after: string | undefined): Promise<Webhook> {
      const webhook = await find(id, senderId);
      await webhooks.restart(id, after === undefined ? webhook.position : readCursor(after));
      return find(id, senderId);
    },

    /** The secrets that sign now. */
    secretsOf({ id, secret, oldSecret }: Webhook): string[] {
      const sealed = [secret, ...(oldSecret && oldSecret.until > now() ? [oldSecret.sealed] : [])];
      return sealed.map((text) => openSecret(id, text));
    },
  };
}

/** https to anything that is not plainly inside; plain http only to this machine, where the operator allows that. */
function checkUrl(text: string, mayCall: (address: string) => boolean): void {
  const url = new URL(text);
  const refuse = (detail: string) => new AppError(400, 'WEBHOOK_URL_REFUSED', 'This URL cannot be called.', { detail });
  if (url.username || url.password) throw refuse('It must hold no user name or password.');
  const host = url.hostname.replace(/^\[|\]$/g, '').replace(/^localhost$/, '127.0.0.1');
  const loopback = host === '127.0.0.1' || host === '::1';
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && loopback && mayCall(host))) {
    throw refuse('It must begin with https://.');
  }
  if (isIP(host) !== 0 && !mayCall(host)) throw refuse('Its address is not a public one.');
}

export function viewOf(webhook: Webhook): WebhookView {
  const { id, url, disabledReason, failing, nextAt, position, createdAt } = webhook;
  const time = (at: number) => new Date(at).toISOString();
  return {
    id,
    url,
    state: disabledReason !== null ? 'disabled' : failing.since !== null ? 'failing' : 'enabled',
    ...(disabledReason === null ? {} : { reason: disabledReason }),
    ...(failing.since === null ? {} : { failingSince: time(failing.since) }),
    ...(failing.since === null || disabledReason !== null ? {} : { nextTryAt: time(nextAt) }),
    deliveredTo: writeCursor(position),
    createdAt: time(createdAt),
  };
}
