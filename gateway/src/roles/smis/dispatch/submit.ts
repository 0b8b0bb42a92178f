/**
 * Brings messages to one channel: claims them, checks window and expiry, submits what may go, and notes that the
 * channel has it. Whatever dies in between is claimed again when its lease runs out, and submitted again under the same
 * attempt id, which the channel recognises. A message that ended meanwhile is withdrawn there, for all cases. As long as
 * a channel may have a message without our note of it, the message stays leased, and cancelling it asks the channel.
 *
 *   claim ──► window closed: deferred, later ─┐
 *     │  └──► cancelled, expired, …: dropped ─┼──► one write
 *     └─────► channel.submit ──► begun ───────┘
 */
import { CHANNELS, type ChannelName, type SealedPart } from '@civicline/protocol';
import { type Attempt, type Channel, ChannelError } from '@civicline/protocol/channel';
import type { ClaimedItem, LeasedQueue } from '../../../platform/storage/index.ts';
import {
  attemptIdOf,
  type MessageInput,
  type Messages,
  ofAttempt,
  type PartsRow,
  type Step,
} from '../messages/index.ts';
import type { Sender } from '../senders/index.ts';
import type { Windows } from './windows.ts';

/** Milliseconds of work, for which everything else waits. */
const MOST_AT_ONCE = 300;
const FEWEST_AT_ONCE = 20;
/** Sealed parts of one round: messages may be large, memory is to stay flat. */
const ROUND_CHARACTERS = 4_000_000;
/** A dead gateway's messages wait so long; one that is only slow submits them twice, which the channel recognises. */
const LEASE_MS = 15_000;
/** When the channel could not take them. */
const AGAIN_MS = 2_000;

export interface SubmitOptions {
  messages: Messages;
  channel: Channel;
  queue: LeasedQueue;
  windows: Windows;
  findSender(id: string): Promise<Sender | null>;
  /** Of the queue. What is urgent has rounds of its own, and never waits for the end of one of the others. */
  lanes: readonly number[];
  /** How many attempts the channel may have that it has not handed over; null: as many as there are. */
  mostInFlight: number | null;
  now: () => number;
}

/** Rounds; each says whether there was something to do. */
export function createSubmitRound(options: SubmitOptions): () => Promise<boolean> {
  const { messages, channel, queue, lanes, mostInFlight } = options;
  let atOnce = FEWEST_AT_ONCE;

  async function room(): Promise<number> {
    if (mostInFlight === null) return Number.POSITIVE_INFINITY;
    return mostInFlight - (await messages.store.channel(channel.name)).in_flight;
  }

  return async () => {
    const limit = Math.min(atOnce, await room());
    if (limit <= 0) return false;
    const claimed = await messages.store.database.write((sql) => queue.claim(sql, { limit, lanes, leaseMs: LEASE_MS }));
    if (claimed.length === 0) return false;
    const plan = await makePlan(claimed, options);
    atOnce = Math.max(FEWEST_AT_ONCE, Math.min(MOST_AT_ONCE, atOnce * 2, fitting(plan)));
    await submitPlan(plan, claimed, options);
    return true;
  };
}

/** How many messages such as these make a round. */
function fitting({ attempts, characters }: Plan): number {
  return characters === 0 ? MOST_AT_ONCE : Math.floor((ROUND_CHARACTERS * attempts.length) / characters);
}

async function submitPlan(plan: Plan, claimed: readonly ClaimedItem[], options: SubmitOptions): Promise<void> {
  const { messages, channel, queue, now } = options;
  let inputs: MessageInput[];
  try {
    inputs = withoutRefused(plan.inputs, await submitAll(channel, plan.attempts), now());
    if (plan.perhapsThere.length > 0) await channel.cancel(plan.perhapsThere);
  } catch (error) {
    const ids = claimed.map(({ id }) => id);
    await messages.store.database.write((sql) => queue.renew(sql, ids, now() + AGAIN_MS));
    throw error;
  }
  await messages.turn(async ({ sql, apply }) => {
    await apply(inputs);
    await queue.done(sql, plan.stale);
    await queue.later(sql, plan.later);
    for (const { id, dueAt } of plan.laterPerhapsThere) await queue.renew(sql, [id], dueAt);
  });
}

/**
 * Returns those that the channel refuses: they hold up none of the others. When it refuses every one, then it is not
 * for what is in them, and they wait until it is mended.
 */
async function submitAll(channel: Channel, attempts: readonly Attempt[]): Promise<Attempt[]> {
  if (attempts.length === 0) return [];
  try {
    await channel.submit(attempts);
    return [];
  } catch (error) {
    if (!isRefusal(error) || attempts.length === 1) throw error;
    const results = await Promise.allSettled(attempts.map((attempt) => channel.submit([attempt])));
    const errors = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
    const other = errors.find((one) => !isRefusal(one));
    if (other) throw other;
    if (errors.length === attempts.length) throw error;
    return attempts.filter((_, n) => results[n]?.status === 'rejected');
  }
}

function isRefusal(error: unknown): boolean {
  return error instanceof ChannelError && error.code === 'ATTEMPT_REFUSED';
}

function withoutRefused(inputs: readonly MessageInput[], refused: readonly Attempt[], at: number): MessageInput[] {
  if (refused.length === 0) return [...inputs];
  const ids = new Set(refused.map(({ id }) => ofAttempt(id)?.messageId));
  return inputs.map(({ messageId, input }) =>
    ids.has(messageId)
      ? { messageId, input: { kind: 'unavailable', reason: 'PART_REFUSED', at } }
      : { messageId, input },
  );
}

interface Plan {
  attempts: Attempt[];
  /** Of what was read for them. */
  characters: number;
  /** Those that leave the queue by them are taken out of it with the transition. */
  inputs: MessageInput[];
  stale: string[];
  /** Attempts of messages that are over, which the channel may have of somebody who died before noting it. */
  perhapsThere: string[];
  later: { id: string; dueAt: number }[];
  /** Those which the channel may have of an earlier try. */
  laterPerhapsThere: { id: string; dueAt: number }[];
}

async function makePlan(claimed: readonly ClaimedItem[], options: SubmitOptions): Promise<Plan> {
  const { messages, findSender, now } = options;
  const rows = await messages.store.partsOf(claimed.map(({ id }) => id));
  const senders = await findAll([...new Set(rows.map(({ sender_id }) => sender_id))], findSender);
  const known = new Set(rows.map(({ message_id }) => message_id));
  const plan: Plan = {
    attempts: [],
    characters: 0,
    inputs: [],
    stale: [],
    perhapsThere: [],
    later: [],
    laterPerhapsThere: [],
  };
  const over = claimed.filter(({ id }) => !known.has(id));
  plan.stale = over.map(({ id }) => id);
  plan.perhapsThere = over.filter(({ claims }) => claims > 1).flatMap(({ id }) => possibleAttempts(id));
  const at = now();
  const triedBefore = new Set(claimed.filter(({ claims }) => claims > 1).map(({ id }) => id));
  for (const row of rows) {
    const later = triedBefore.has(row.message_id) ? plan.laterPerhapsThere : plan.later;
    planOne(plan, row, senders.get(row.sender_id), options, { at, later });
  }
  return plan;
}

/** One per step that a strategy may have; the channel passes over those that it does not know. */
function possibleAttempts(messageId: string): string[] {
  return CHANNELS.map((_, step) => attemptIdOf(messageId, step));
}

function planOne(
  plan: Plan,
  row: PartsRow,
  sender: Sender | undefined,
  options: SubmitOptions,
  { at, later }: { at: number; later: Plan['later'] },
): void {
  const { message_id: messageId, category, urgency, expires_at: expiresAt } = row;
  const { name: channel } = options.channel;
  const step = (JSON.parse(row.steps) as Step[]).findIndex((one) => one.channel === channel);
  const part = (JSON.parse(row.parts) as Partial<Record<ChannelName, SealedPart>>)[channel];
  if (expiresAt <= at) {
    plan.inputs.push({ messageId, input: { kind: 'time', at } });
    // It may have to stay until an earlier channel's receipt can be excluded.
    plan.stale.push(messageId);
    return;
  }
  if (!sender || !part) {
    const reason = sender ? 'PART_MISSING' : 'SENDER_UNKNOWN';
    plan.inputs.push({ messageId, input: { kind: 'unavailable', reason, at } });
    return;
  }
  const opensAt = options.windows.opensAt({ channel, category, urgency, zone: sender.zone }, at);
  if (opensAt > at) {
    later.push({ id: messageId, dueAt: Math.min(opensAt, expiresAt) });
    plan.inputs.push({ messageId, input: { kind: 'window-closed', at } });
    return;
  }
  plan.characters += row.parts.length;
  plan.inputs.push({ messageId, input: { kind: 'begun', step, at } });
  const id = attemptIdOf(messageId, step);
  plan.attempts.push({ id, sender: { id: sender.id, name: sender.name }, urgency, category, expiresAt, part });
}

async function findAll(ids: readonly string[], find: SubmitOptions['findSender']): Promise<Map<string, Sender>> {
  const found = new Map<string, Sender>();
  for (const id of ids) {
    const sender = await find(id);
    if (sender) found.set(id, sender);
  }
  return found;
}
