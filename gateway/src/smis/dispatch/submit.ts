/**
 * Brings messages to one channel: claims them, checks window and expiry, submits what may go, and notes that the
 * channel has it. Whatever dies in between is claimed again when its lease runs out, and submitted again under the same
 * attempt id, which the channel recognises.
 *
 *   claim ──► window closed: deferred, later ─┐
 *     │  └──► cancelled, expired, …: dropped ─┼──► one write
 *     └─────► channel.submit ──► begun ───────┘
 */
import type { ChannelName } from '@civicline/protocol';
import type { Kysely } from 'kysely';
import type { ClaimedItem, LeasedQueue } from '../../storage/index.ts';
import type { Attempt, Channel } from '../channel.ts';
import {
  attemptIdOf,
  isWaiting,
  type MessageInput,
  type MessageRow,
  type Messages,
  progressOf,
} from '../messages/index.ts';
import type { Sender } from '../senders/index.ts';
import type { Windows } from './windows.ts';

const BATCH = 500;
const LEASE_MS = 60_000;
/** When the channel could not take them. */
const AGAIN_MS = 2_000;

export interface SubmitOptions {
  messages: Messages;
  channel: Channel;
  queue: LeasedQueue;
  windows: Windows;
  findSender(id: string): Promise<Sender | null>;
  /** How many attempts the channel may have that it has not handed over; urgent ones go in any case. */
  mostInFlight: number;
  now: () => number;
}

/** One round; returns whether there was something to do. */
export async function submitRound(options: SubmitOptions): Promise<boolean> {
  const { messages, channel, queue, mostInFlight, now } = options;
  const { in_flight } = await messages.store.channel(channel.name);
  const room = mostInFlight - in_flight;
  const claimed = await queue.claim({
    limit: room > 0 ? Math.min(room, BATCH) : BATCH,
    leaseMs: LEASE_MS,
    now: now(),
    ...(room > 0 ? {} : { lanes: [0] }),
  });
  if (claimed.length === 0) return false;
  const plan = await makePlan(claimed, options);
  try {
    if (plan.attempts.length > 0) await channel.submit(plan.attempts);
  } catch (error) {
    const dueAt = now() + AGAIN_MS;
    await messages.store.database.write((sql) =>
      queue.later(
        untyped(sql),
        claimed.map(({ id }) => ({ id, dueAt })),
      ),
    );
    throw error;
  }
  await messages.turn(async ({ sql, apply }) => {
    await apply(plan.inputs);
    await queue.done(untyped(sql), plan.done);
    if (plan.later.length > 0) await queue.later(untyped(sql), plan.later);
  });
  return true;
}

interface Plan {
  attempts: Attempt[];
  inputs: MessageInput[];
  done: string[];
  later: { id: string; dueAt: number }[];
}

async function makePlan(claimed: readonly ClaimedItem[], options: SubmitOptions): Promise<Plan> {
  const { messages, channel, windows, findSender, now } = options;
  const { store } = messages;
  const ids = claimed.map(({ id }) => id);
  const rows = new Map((await store.byIds(store.database.sql, ids)).map((row) => [row.id, row]));
  const parts = await store.partsOf(ids);
  const senders = await findAll([...new Set(claimed.map(({ share }) => share))], findSender);
  const at = now();
  const plan: Plan = { attempts: [], inputs: [], done: [], later: [] };

  for (const { id } of claimed) {
    const row = rows.get(id);
    const step = row && stepFor(row, channel.name);
    // Cancelled or expired meanwhile, or it was noted already that the channel has it.
    if (step === undefined || row === undefined || row.expires_at <= at) {
      plan.done.push(id);
      if (row) plan.inputs.push({ messageId: id, input: { kind: 'time', at } });
      continue;
    }
    const sender = senders.get(row.sender_id);
    const part = parts.get(id)?.[channel.name];
    if (!sender || !part) {
      const reason = sender ? 'PART_MISSING' : 'SENDER_UNKNOWN';
      plan.done.push(id);
      plan.inputs.push({ messageId: id, input: { kind: 'unavailable', reason, at } });
      continue;
    }
    const { category, urgency, expires_at: expiresAt } = row;
    const opensAt = windows.opensAt({ channel: channel.name, category, urgency, zone: sender.zone }, at);
    if (opensAt > at) {
      plan.later.push({ id, dueAt: Math.min(opensAt, expiresAt) });
      plan.inputs.push({ messageId: id, input: { kind: 'window-closed', at } });
      continue;
    }
    plan.done.push(id);
    plan.inputs.push({ messageId: id, input: { kind: 'begun', step, at } });
    const { name } = sender;
    plan.attempts.push({
      id: attemptIdOf(id, step),
      sender: { id: sender.id, name },
      urgency,
      category,
      expiresAt,
      part,
    });
  }
  return plan;
}

/** The step that waits for the channel; undefined: none does. */
function stepFor(row: MessageRow, channel: ChannelName): number | undefined {
  const progress = progressOf(row);
  return isWaiting(progress) && progress.steps[progress.step]?.channel === channel ? progress.step : undefined;
}

async function findAll(ids: readonly string[], find: SubmitOptions['findSender']): Promise<Map<string, Sender>> {
  const found = new Map<string, Sender>();
  for (const id of ids) {
    const sender = await find(id);
    if (sender) found.set(id, sender);
  }
  return found;
}

function untyped(sql: unknown): Kysely<unknown> {
  return sql as Kysely<unknown>;
}
