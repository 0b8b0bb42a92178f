/** Feedback: what became of messages, as a feed that senders read by cursor and as webhooks that call them. */
import type { MessageEventKind } from '@civicline/protocol';
import type { Express } from 'express';
import type { Kysely } from 'kysely';
import type { Logger, Metrics, Operation } from '../../http/index.ts';
import type { Database, Sealer } from '../../storage/index.ts';
import type { Senders } from '../senders/index.ts';

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

export async function createFeedback(_options: FeedbackOptions): Promise<Feedback> {
  throw new Error('being written');
}
