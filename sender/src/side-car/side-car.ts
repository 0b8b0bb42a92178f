/** The side-car put together: what comes in is stored, submitted, followed, and its end told. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Loop } from '@civicline/protocol/run';
import { v7 as uuid } from 'uuid';
import {
  type CountryCode,
  clientCredentials,
  createSender,
  isOver,
  type OutgoingMessage,
  type Sender,
  SenderError,
} from '../index.ts';
import { type Cipher, cipherIn } from './cipher.ts';
import type { ServiceConfig, SideCarConfig } from './config.ts';
import { openSideCarDatabase, type SideCarDatabase, sealedExample } from './database.ts';
import type { Log } from './log.ts';
import { type Outbox, startOutbox } from './outbox.ts';
import { startWebhooks } from './ringring/webhooks.ts';
import { startStatuses } from './statuses.ts';
import { createSideCarStore, type SideCarStore } from './store.ts';
import type { Dialect, Settings } from './stored.ts';

/** One government application behind this side-car. */
export interface Service {
  name: string;
  config: ServiceConfig;
}

/** What a dialect hands in: checked, with the service's defaults. */
export interface Handed {
  content: OutgoingMessage;
  dialect: Dialect;
  settings: Settings;
  sandbox?: boolean;
  /** UTC milliseconds. */
  dueAt?: number;
  expiresAt?: number;
}

export type Cancelled = 'cancelled' | 'unknown' | 'too late' | 'try again';

export interface SideCar {
  services: readonly Service[];
  config: SideCarConfig;
  store: SideCarStore;
  now: () => number;
  /** Stored when it resolves; the ids in the order of the messages. */
  hand(service: Service, messages: readonly Handed[]): Promise<string[]>;
  /** Once per key; null: it came with another body before. */
  handOnce(service: Service, message: Handed, key: { key: string; body: string }): Promise<string | null>;
  cancel(service: Service, id: string, sandbox?: boolean): Promise<Cancelled>;
  /** Why the last submission of a service failed, by service; null: it did not. */
  failures(): Record<string, string | null>;
  stop(): Promise<void>;
}

const DEFAULT_EXPIRY_MS = 72 * 3600_000;
/** For a channel to withdraw what it has. */
const CANCEL_WITHIN_MS = 5_000;
const PRUNE_EVERY_MS = 3600_000;

/**
 * Opens the database and begins to work. Throws when another side-car works in the same folder, and KeyError when the
 * key of its messages is gone.
 */
export function startSideCar(options: { config: SideCarConfig; log: Log; now?: () => number }): SideCar {
  const { config, log, now = Date.now } = options;
  const database = openSideCarDatabase(config.folder);
  const store = createSideCarStore(database, cipherFor(database, config.folder), now);
  const services = config.services.map((service) => ({ name: service.name, config: service }));
  const senders = new Map(services.map((service) => [service.name, senderOf(service.config, config)]));
  const webhooks = startWebhooks({ store, timeZone: config.timeZone, log, now });
  const outboxes = new Map<string, Outbox>();
  const workers: Loop[] = [webhooks];
  for (const [service, sender] of senders) {
    const outbox = startOutbox({ service, sender, store, onEnded: webhooks.wake, log, now });
    outboxes.set(service, outbox);
    workers.push(outbox, startStatuses({ service, sender, store, onRecorded: webhooks.wake, log }));
  }
  const prune = () => void store.prune().catch((error: unknown) => log('pruning failed', { error }));
  const pruning = setInterval(prune, PRUNE_EVERY_MS);
  pruning.unref();
  prune();

  function newMessage({ name }: Service, handed: Handed) {
    const { content, dialect, settings, sandbox = false } = handed;
    const dueAt = handed.dueAt ?? now();
    const expiresAt = handed.expiresAt ?? dueAt + DEFAULT_EXPIRY_MS;
    const urgency = content.urgency ?? 'normal';
    return { id: uuid(), service: name, dialect, sandbox, urgency, dueAt, expiresAt, content, settings };
  }

  return {
    services,
    config,
    store,
    now,

    async hand(service, messages) {
      const added = messages.map((message) => newMessage(service, message));
      await store.add(added);
      outboxes.get(service.name)?.wake();
      return added.map(({ id }) => id);
    },

    async handOnce(service, message, key) {
      const id = await store.addOnce(newMessage(service, message), key);
      outboxes.get(service.name)?.wake();
      return id;
    },

    async cancel(service, id, sandbox) {
      const found = store.find(id, service.name, sandbox);
      if (!found) return 'unknown';
      if (await store.cancelWaiting(id)) {
        webhooks.wake();
        return 'cancelled';
      }
      const { state, smisId } = store.find(id, service.name, sandbox) ?? found;
      if (state === 'cancelled') return 'cancelled';
      if (state === 'refused' || (state !== 'waiting' && state !== 'sending' && isOver(state))) return 'too late';
      const sender = senders.get(service.name);
      return smisId && sender ? cancelAt(sender, smisId) : 'try again';
    },

    failures: () => Object.fromEntries([...outboxes].map(([service, outbox]) => [service, outbox.state().failure])),

    async stop() {
      clearInterval(pruning);
      await Promise.all(workers.map((worker) => worker.stop()));
      database.close();
    },
  };
}

function cipherFor(database: SideCarDatabase, folder: string): Cipher {
  try {
    return cipherIn(join(folder, 'side-car.key'), sealedExample(database));
  } catch (error) {
    database.close();
    throw error;
  }
}

async function cancelAt(sender: Sender, smisId: string): Promise<Cancelled> {
  const limit = AbortSignal.timeout(CANCEL_WITHIN_MS);
  try {
    await sender.cancel(smisId, { signal: limit });
    for await (const { state } of sender.follow(smisId, { signal: limit })) {
      if (isOver(state)) return state === 'cancelled' ? 'cancelled' : 'too late';
    }
  } catch (error) {
    if (limit.aborted) return 'try again';
    if (!(error instanceof SenderError)) throw error;
    if (error.status === 409) return 'too late';
  }
  return 'try again';
}

function senderOf(service: ServiceConfig, { url, country }: SideCarConfig): Sender {
  const options = { url, ...(country !== undefined && { country: country as CountryCode }) };
  if (service.key !== undefined) return createSender({ ...options, key: service.key });
  const { privateKeyFile, issuer, clientId, ...rest } = service.client ?? {
    privateKeyFile: '',
    issuer: '',
    clientId: '',
  };
  const privateKey = readFileSync(privateKeyFile, 'utf8');
  const { keyId, scope, resource } = rest as { keyId?: string; scope?: string; resource?: string };
  const more = { ...(keyId && { keyId }), ...(scope && { scope }), ...(resource && { resource }) };
  return createSender({ ...options, accessToken: clientCredentials({ issuer, clientId, privateKey, ...more }) });
}
