/**
 * Senders: the government applications that may hand messages to SMIS. Who they are, by what they prove it (API key or
 * access token), what they may do (scopes) and how much (quotas).
 */
import type { Express, RequestHandler, Response } from 'express';
import type { Kysely } from 'kysely';
import type { Operation } from '../../../platform/http/index.ts';
import type { Database, Sealer } from '../../../platform/storage/index.ts';
import { createAccessTokens } from './access-tokens.ts';
import { createGuard } from './guard.ts';
import { describeQuotas, noUsage, rateLimitHeaders, takeFrom, type Warning } from './quota.ts';
import { keepRecent } from './recent.ts';
import { mountSenders, senderOperations } from './routes.ts';
import type { Scope, Zone } from './schemas.ts';
import { createSenderStore, type StoredSender } from './store.ts';
import { migrations } from './tables.ts';

export { createSenderAdministration, type SenderAdministration, SenderError } from './administration.ts';
export { SENDER, scopeMissing } from './guard.ts';
export { SCOPES, type Scope, scopeSchema, USUAL_SCOPES, ZONES, type Zone, zoneSchema } from './schemas.ts';

export interface Sender {
  /** UUIDv7. */
  id: string;
  /** For people; recipients may see it. */
  name: string;
  /** In which its send windows are counted. */
  zone: Zone;
}

export interface Quota {
  /**
   * Takes up to `count` messages out of the sender's quotas, within a write. What was not taken is refused with 429
   * QUOTA_EXCEEDED and `retryAfterSeconds`.
   */
  take(
    sql: Kysely<unknown>,
    senderId: string,
    count: number,
    now: number,
  ): Promise<{
    taken: number;
    /** RateLimit and RateLimit-Policy (draft-ietf-httpapi-ratelimit-headers); empty without quotas. */
    headers: Record<string, string>;
    /** Only when less than `count` was taken; goes into the header Retry-After. */
    retryAfterSeconds?: number;
  }>;
}

export interface Senders {
  /** 401 without a valid credential, 403 when it lacks the scope; else {@link Senders.senderOf} tells who it is. */
  requireSender(scope: Scope): RequestHandler;
  /** Whom {@link Senders.requireSender} let through. */
  senderOf(response: Response): Sender;
  /** Whether the credential of whom {@link Senders.requireSender} let through allows this too. */
  allows(response: Response, scope: Scope): boolean;
  /** By its id, also when it was revoked: what it handed over before still goes out in its name. */
  find(id: string): Promise<Sender | null>;
  quota: Quota;
  operations: Operation[];
  mount(http: Express): void;
}

/** An issuer of JWT access tokens (RFC 9068). */
export interface TokenIssuer {
  issuer: string;
  audience: string;
  /** Where its public keys stand (RFC 7517). */
  keysUrl: string;
}

export interface SendersOptions {
  config: { tokenIssuer: TokenIssuer | null };
  database: Database;
  sealer: Sealer;
  /** Tells the sender that most of a quota is used; feedback's `warnOfQuota`. */
  warnOfQuota(sql: Kysely<unknown>, warning: { senderId: string; at: number; data: Warning }): Promise<void>;
  /** What `GET /v1/limits` says about send windows. */
  sendWindows?: (sender: Sender) => Record<string, unknown>[];
  now: () => number;
}

export async function createSenders(options: SendersOptions): Promise<Senders> {
  const { config, database, sealer, warnOfQuota, sendWindows = () => [], now } = options;
  await database.migrate('senders', migrations);
  const store = createSenderStore(database);
  const readAccessToken = config.tokenIssuer && createAccessTokens({ issuer: config.tokenIssuer, now });
  const guard = createGuard({ store, sealer, readAccessToken, now });

  const names = keepRecent<StoredSender | null>({ forMs: 10_000, now });

  const take: Quota['take'] = async (sql, senderId, count, at) => {
    const sender = guard.recentSender(senderId) ?? (await store.senderWithin(sql, senderId));
    const limits = sender?.limits ?? { perMinute: null, perDay: null };
    if (limits.perMinute === null && limits.perDay === null) return { taken: count, headers: {} };
    const before = await store.lockUsage(sql, senderId, noUsage(limits, at));
    const { taken, usage, warnings, retryAfterSeconds } = takeFrom(limits, before, count, at);
    await store.setUsage(sql, senderId, usage);
    for (const warning of warnings) await warnOfQuota(sql, { senderId, at, data: warning });
    const headers = rateLimitHeaders(describeQuotas(limits, usage, at), at);
    return { taken, headers, ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }) };
  };

  return {
    requireSender: guard.require,
    senderOf(response) {
      const { id, name, zone } = guard.senderOf(response);
      return { id, name, zone };
    },
    allows: guard.allows,
    async find(id) {
      const found = await names.get(id, () => store.senderById(id));
      return found && { id: found.id, name: found.name, zone: found.zone };
    },
    quota: { take },
    operations: senderOperations,
    mount: (http) => mountSenders(http, { guard, store, sendWindows, now }),
  };
}
