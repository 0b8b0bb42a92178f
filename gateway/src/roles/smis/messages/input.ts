/** What a sender hands in, checked beyond what a schema can say. */
import { CHANNELS, type ChannelName, messageInputSchema } from '@civicline/protocol';
import type { z } from 'zod';
import { AppError, parse, problemOf } from '../../../platform/http/index.ts';
import { scopeMissing } from '../senders/index.ts';
import type { Step } from './machine.ts';

const DEFAULT_EXPIRY_MS = 72 * 3600_000;
const LONGEST_EXPIRY_MS = 30 * 24 * 3600_000;

/** A message that can be accepted. */
export interface Draft extends Pick<Input, 'category' | 'urgency' | 'parts'> {
  reference: string | null;
  steps: Step[];
  /** UTC milliseconds; null: the usual time after it was accepted, see {@link expiryOf}. */
  expiresAt: number | null;
}

type Input = z.output<typeof messageInputSchema>;

export interface Allowed {
  /** Those that there are. */
  channels: ReadonlySet<ChannelName>;
  /** Whether the credential has the scope for them. */
  emergencies: boolean;
}

/** Throws {@link AppError} 400 INPUT_INVALID that says what is wrong where, or 403 SCOPE_MISSING. */
export function readMessage(body: unknown, { channels, emergencies }: Allowed, now: number): Draft {
  const { reference, category, urgency, strategy, expiresAt, parts } = parse(messageInputSchema, body, 'body');
  const steps = strategy ?? CHANNELS.filter((channel) => parts[channel]).map((channel) => ({ channel }));
  const expiry = expiresAt === undefined ? null : Date.parse(expiresAt);
  const errors = [...mistakesOfStrategy(steps, parts, channels), ...mistakesOfExpiry(expiry, now)];
  if (errors.length > 0) throw new AppError(400, 'INPUT_INVALID', 'The body is not as expected.', { errors });
  if (category === 'emergency' && !emergencies) {
    throw scopeMissing('The category emergency needs the scope messages:emergency.');
  }
  return { reference: reference ?? null, category, urgency, steps, expiresAt: expiry, parts };
}

interface Mistake {
  path: string;
  message: string;
}

function mistakesOfStrategy(steps: readonly Step[], parts: Input['parts'], channels: ReadonlySet<ChannelName>) {
  const mistakes: Mistake[] = [];
  if (steps.length === 0) mistakes.push({ path: '/parts', message: 'has no part for any channel' });
  for (const [n, { channel }] of steps.entries()) {
    const path = `/strategy/${n}/channel`;
    if (!channels.has(channel)) mistakes.push({ path, message: 'is not a channel here; see GET /v1/channels' });
    else if (!parts[channel]) mistakes.push({ path, message: 'has no part' });
    if (steps.findIndex((step) => step.channel === channel) < n) mistakes.push({ path, message: 'comes twice' });
  }
  for (const channel of CHANNELS) {
    if (!parts[channel] || steps.some((step) => step.channel === channel)) continue;
    mistakes.push({ path: `/parts/${channel}`, message: 'is for a channel that the strategy does not name' });
  }
  return mistakes;
}

/** That it is over already is no mistake yet: a request that was accepted may be repeated later. */
function mistakesOfExpiry(expiry: number | null, now: number): Mistake[] {
  if (expiry === null || expiry <= now + LONGEST_EXPIRY_MS) return [];
  return [{ path: '/expiresAt', message: 'must be within 30 days' }];
}

/**
 * What a repeat under the same Idempotency-Key must have in common with the first request. A message that is sealed again
 * has other bytes, because sealing is random: of those only the length counts, which follows from the content's.
 */
export function withoutSealedBytes(body: unknown): string {
  return JSON.stringify(body, (name, value) => (name === 'sealed' && typeof value === 'string' ? value.length : value));
}

/** Until when a draft that was accepted at `at` may be delivered, UTC milliseconds. */
export function expiryOf({ expiresAt }: Draft, at: number): number {
  return expiresAt ?? at + DEFAULT_EXPIRY_MS;
}

export const EXPIRY_PASSED = problemOf(
  new AppError(400, 'INPUT_INVALID', 'The body is not as expected.', {
    errors: [{ path: '/expiresAt', message: 'must be in the future' }],
  }),
);
