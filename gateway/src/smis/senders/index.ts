/**
 * Senders: the government applications that may hand messages to SMIS. Who they are, by what they prove it (API key or
 * access token), what they may do (scopes) and how much (quotas).
 */
import type { Express, RequestHandler, Response } from 'express';
import type { Kysely } from 'kysely';
import type { Logger, Operation } from '../../http/index.ts';
import type { Database, Sealer } from '../../storage/index.ts';

export const SCOPES = ['messages:send', 'messages:read', 'events:read', 'webhooks:manage'] as const;
export type Scope = (typeof SCOPES)[number];

export const ZONES = ['Europe/Brussels', 'Europe/Amsterdam'] as const;
export type Zone = (typeof ZONES)[number];

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
  /** 401 without a valid credential, 403 when it lacks the scope; else {@link senderOf} tells who it is. */
  requireSender(scope: Scope): RequestHandler;
  /** Whom {@link requireSender} let through. */
  senderOf(response: Response): Sender;
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
  warnOfQuota(sql: Kysely<unknown>, warning: { senderId: string; at: number; data: object }): Promise<void>;
  /** What `GET /v1/limits` says about send windows. */
  sendWindows?: (sender: Sender) => object[];
  log: Logger;
  now: () => number;
}

export async function createSenders(_options: SendersOptions): Promise<Senders> {
  throw new Error('being written');
}
