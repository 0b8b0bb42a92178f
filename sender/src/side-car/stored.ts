/**
 * A message in the side-car:
 *
 *   waiting ──batch──► sending ──SMIS's answer──► accepted ──events──► deferred | attempting | falling-back
 *      │                  │                                              └──► delivered | undeliverable | expired
 *      └► cancelled       └► refused (SMIS will not have it)                   | cancelled
 *      └► expired
 *
 * Events may come before the answer; then the answer changes the state no more.
 */
import type { ChannelName, MessageInput, MessageState, Urgency } from '@civicline/protocol';
import type { OutgoingMessage } from '../index.ts';

export type LocalState = MessageState | 'waiting' | 'sending' | 'refused';
export type Dialect = 'plain' | 'ringring';

/** How the RingRing API was asked, as far as its answers repeat it. */
export interface Settings {
  reference?: string;
  statusUrl?: string;
  statusMethod?: 'POST' | 'GET';
  statusFormat?: 'JSON' | 'XML';
}

export interface NewMessage {
  id: string;
  service: string;
  dialect: Dialect;
  sandbox: boolean;
  urgency: Urgency;
  dueAt: number;
  expiresAt: number;
  content: OutgoingMessage;
  settings: Settings;
}

export interface StoredMessage {
  id: string;
  service: string;
  dialect: Dialect;
  state: LocalState;
  dueAt: number;
  createdAt: number;
  updatedAt: number;
  expiresAt: number;
  /** When a channel first tried; null: not yet. */
  submittedAt: number | null;
  endedAt: number | null;
  channel: ChannelName | null;
  reason: string | null;
  segments: number | null;
  smisId: string | null;
  /** null: erased. */
  content: OutgoingMessage | null;
  settings: Settings;
  webhookTries: number;
}

export interface Batch {
  id: string;
  service: string;
  inputs: MessageInput[];
  madeAt: number;
}

/** What became of one message of a batch: SMIS's id, why it was refused for good, or null: to be tried again at `dueAt`. */
export type Submitted = { id: string } & ({ smisId: string } | { refused: string } | { dueAt: number });
