import { v7 as uuid } from 'uuid';
import type { Database, Sealer } from '../../../platform/storage/index.ts';
import { digestContext, makeApiKey, writeApiKey } from './credentials.ts';
import type { Limits } from './quota.ts';
import type { Scope, Zone } from './schemas.ts';
import { allowedScopes, createSenderStore, type StoredKey, type StoredSender } from './store.ts';
import { migrations } from './tables.ts';

/** What an operator asked for cannot be done; `code` is stable, such as `SENDER_UNKNOWN`. */
export class SenderError extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

export interface NewSender {
  name: string;
  zone: Zone;
  scopes: Scope[];
  clientId: string | null;
  limits: Limits;
  /** Of the first key, UTC milliseconds; null: never. */
  expiresAt: number | null;
}

export type SenderAdministration = Awaited<ReturnType<typeof createSenderAdministration>>;

/** What operators do with senders, from the command line; running gateways see it within seconds. */
export async function createSenderAdministration(options: { database: Database; sealer: Sealer; now: () => number }) {
  const { database, sealer, now } = options;
  await database.migrate('senders', migrations);
  const store = createSenderStore(database);

  /** The row to keep, and the key to show once. */
  function newKey(
    senderId: string,
    scopes: Scope[] | null,
    expiresAt: number | null,
  ): { row: StoredKey; apiKey: string } {
    const key = makeApiKey();
    const [digest] = sealer.digests(key.secret, digestContext(key.id));
    const row = { id: key.id, senderId, digest, scopes, createdAt: now(), expiresAt, revokedAt: null };
    return { row, apiKey: writeApiKey(key) };
  }

  /** By id or by name. Throws SENDER_UNKNOWN. */
  async function find(idOrName: string): Promise<StoredSender> {
    const sender = (await store.senderById(idOrName)) ?? (await store.senderByName(idOrName));
    if (!sender) throw new SenderError('SENDER_UNKNOWN', `There is no sender "${idOrName}".`);
    return sender;
  }

  return {
    find,
    list: store.senders,
    /** With what each key allows now. */
    async keys(idOrName: string) {
      const sender = await find(idOrName);
      const keys = await store.keys(sender.id);
      return keys.map((key) => ({ ...key, scopes: allowedScopes(sender, key.scopes) }));
    },
    usage: (sender: StoredSender) => store.usage(sender.id),

    /** A sender that an issuer vouches for needs no key: `apiKey` is null then. Throws SENDER_EXISTS, EXPIRY_PAST. */
    async add({ name, zone, scopes, clientId, limits, expiresAt }: NewSender) {
      refusePast(expiresAt, now());
      if (await store.senderByName(name))
        throw new SenderError('SENDER_EXISTS', `There is a sender "${name}" already.`);
      if (clientId !== null && (await store.senderByClient(clientId))) {
        throw new SenderError('CLIENT_EXISTS', `There is a sender with client id "${clientId}" already.`);
      }
      const sender = { id: uuid(), name, zone, scopes, clientId, limits, createdAt: now(), revokedAt: null };
      const key = clientId === null ? newKey(sender.id, null, expiresAt) : null;
      await store.add(sender, key?.row ?? null);
      return { sender, key: key?.row ?? null, apiKey: key?.apiKey ?? null };
    },

    /**
     * A new key; the others work for `overlapMs` more at most. Throws SCOPE_NOT_GIVEN for more than the sender may,
     * EXPIRY_PAST for a key that would never work: then the others stay as they are.
     */
    async rotate(idOrName: string, { overlapMs, scopes, expiresAt }: RotateOptions) {
      refusePast(expiresAt, now());
      const sender = await find(idOrName);
      const missing = scopes?.find((scope) => !sender.scopes.includes(scope));
      if (missing) throw new SenderError('SCOPE_NOT_GIVEN', `Sender "${sender.name}" has no scope ${missing} itself.`);
      const key = newKey(sender.id, scopes, expiresAt);
      await store.rotate(key.row, now() + overlapMs);
      return { sender, key: key.row, apiKey: key.apiKey };
    },

    async revokeSender(idOrName: string): Promise<StoredSender> {
      const sender = await find(idOrName);
      await store.revokeSender(sender.id, now());
      return find(sender.id);
    },

    /** Throws KEY_UNKNOWN. */
    async revokeKey(id: string): Promise<StoredKey> {
      await store.revokeKey(id, now());
      const key = await store.key(id);
      if (!key) throw new SenderError('KEY_UNKNOWN', `There is no key "${id}".`);
      return key;
    },

    async setLimits(idOrName: string, limits: Limits): Promise<StoredSender> {
      const sender = await find(idOrName);
      await store.setLimits(sender.id, limits);
      return find(sender.id);
    },

    /**
     * What the sender may from now on; its keys as well, but those that were made for less. Repeats change nothing.
     * Throws SCOPE_NEEDED rather than leave it none.
     */
    async changeScopes(idOrName: string, { add, remove }: { add: Scope[]; remove: Scope[] }): Promise<StoredSender> {
      const sender = await find(idOrName);
      await store.changeScopes(sender.id, (before) => {
        const scopes = [...new Set([...before, ...add])].filter((scope) => !remove.includes(scope));
        if (scopes.length > 0) return scopes;
        throw new SenderError('SCOPE_NEEDED', `Sender "${sender.name}" needs a scope; revoke it if it may do nothing.`);
      });
      return find(sender.id);
    },
  };
}

function refusePast(expiresAt: number | null, now: number): void {
  if (expiresAt !== null && expiresAt <= now) throw new SenderError('EXPIRY_PAST', 'The expiry must be in the future.');
}

interface RotateOptions {
  overlapMs: number;
  /** null: all that the sender may, also what it is allowed later. */
  scopes: Scope[] | null;
  expiresAt: number | null;
}
