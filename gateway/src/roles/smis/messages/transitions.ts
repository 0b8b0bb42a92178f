/** Makes transitions: reads messages, asks the machine, writes what changed, all within one write. */
import { type ChannelName, URGENCIES, type Urgency } from '@civicline/protocol';
import type { Kysely } from 'kysely';
import {
  deleteMany,
  insertMany,
  type LeasedQueue,
  type QueueItem,
  updateMany,
} from '../../../platform/storage/index.ts';
import type { Feedback, MessageEvent } from '../feedback/index.ts';
import { attemptIdOf } from './ids.ts';
import { advance, type Input, isFinal, type Progress, type Telling, waitsFor } from './machine.ts';
import { addInFlight, columnsOf, type MessageRow, type MessageStore, progressOf, type Tables } from './store.ts';

export interface MessageInput {
  messageId: string;
  input: Input;
}

/** One queue per channel, so that a channel that does not get on keeps nobody from the others. */
export type Queues = ReadonlyMap<ChannelName, LeasedQueue>;

/**
 * Within a write that has its turn (`takeTurn`): applies the inputs in their order, several may be for one message.
 * Inputs for messages that are not there are passed over. Returns the channels that got a message to submit, or an
 * attempt to withdraw.
 */
export type Transitions = (sql: Kysely<Tables>, inputs: readonly MessageInput[]) => Promise<ReadonlySet<ChannelName>>;

export function createTransitions(options: {
  store: MessageStore;
  queues: Queues;
  feedback: Pick<Feedback, 'record'>;
  now: () => number;
}): Transitions {
  const { store, queues, feedback, now } = options;

  return async (sql, inputs) => {
    const rows = await store.byIds(sql, [...new Set(inputs.map(({ messageId }) => messageId))]);
    const messages = new Map(rows.map((row) => [row.id, beginChange(row)]));
    const changes = newChanges();
    for (const { messageId, input } of inputs) {
      const message = messages.get(messageId);
      if (message) applyOne(message, input, changes);
    }
    for (const message of messages.values()) collect(message, changes, now());

    await updateMany(sql, 'messages', 'id', changes.rows);
    await updateMany(sql, 'messages', 'id', changes.deadlines);
    await deleteMany(sql, 'message_parts', 'message_id', changes.partsDone);
    if (changes.events.length > 0) await feedback.record(sql as Kysely<unknown>, changes.events);
    for (const [channel, ids] of changes.dequeued) await queues.get(channel)?.done(sql, ids);
    for (const [channel, items] of changes.enqueued) await queues.get(channel)?.put(sql, items);
    await insertMany(sql, 'message_withdrawals', changes.withdrawals, { ignoreConflicts: true });
    await addInFlight(sql, changes.inFlight);
    const withdrawn = changes.withdrawals.map(({ channel }) => channel);
    return new Set([...changes.enqueued.keys(), ...withdrawn]);
  };
}

/** Urgent is 0. */
export function laneOf(urgency: Urgency): number {
  return URGENCIES.indexOf(urgency);
}

interface Change {
  row: MessageRow;
  before: Progress;
  progress: Progress;
  at: number;
}

interface Changes {
  rows: (ReturnType<typeof columnsOf> & { id: string; updated_at: number })[];
  deadlines: { id: string; deadline: number | null }[];
  events: MessageEvent[];
  dequeued: Map<ChannelName, string[]>;
  enqueued: Map<ChannelName, QueueItem[]>;
  withdrawals: { attempt_id: string; channel: ChannelName }[];
  partsDone: string[];
  inFlight: Map<ChannelName, number>;
}

function beginChange(row: MessageRow): Change {
  const before = progressOf(row);
  return { row, before, progress: before, at: row.updated_at };
}

function newChanges(): Changes {
  return {
    rows: [],
    deadlines: [],
    events: [],
    dequeued: new Map(),
    enqueued: new Map(),
    withdrawals: [],
    partsDone: [],
    inFlight: new Map(),
  };
}

function applyOne(message: Change, input: Input, changes: Changes): void {
  const { progress, events, withdraw } = advance(message.progress, input);
  const { row } = message;
  message.progress = progress;
  message.at = Math.max(message.at, input.kind === 'outcome' ? input.outcome.at : input.at);
  for (const event of events) changes.events.push(eventOf(row, event));
  for (const step of withdraw) {
    const channel = progress.steps[step]?.channel;
    if (channel) changes.withdrawals.push({ attempt_id: attemptIdOf(row.id, step), channel });
  }
}

function eventOf(row: MessageRow, { kind, at, ...telling }: Telling): MessageEvent {
  const data = row.reference === null ? telling : { reference: row.reference, ...telling };
  return { messageId: row.id, senderId: row.sender_id, kind, at, data };
}

/** `now` by our own clock, which a channel's may be ahead of. */
function collect({ row, before, progress, at }: Change, changes: Changes, now: number): void {
  if (progress === before) return;
  const { id } = row;
  changes.rows.push({ id, ...columnsOf(progress), updated_at: at });
  if (progress.deadline !== before.deadline) changes.deadlines.push({ id, deadline: progress.deadline });
  if (wantsParts(before) && !wantsParts(progress)) changes.partsDone.push(id);
  const [waited, waits] = [waitsFor(before), waitsFor(progress)];
  if (waited !== waits) {
    // A message that was cancelled, say, may be with its channel without our knowing: dispatch sees to it, see submit.ts.
    if (waited && progress.attempts[before.step]) listIn(changes.dequeued, waited).push(id);
    if (waits) {
      const item = { id, lane: laneOf(row.urgency), share: row.sender_id, dueAt: now };
      listIn(changes.enqueued, waits).push(item);
    }
  }
  for (const [step, { channel }] of progress.steps.entries()) {
    const change = atChannel(progress, step) - atChannel(before, step);
    if (change !== 0) changes.inFlight.set(channel, (changes.inFlight.get(channel) ?? 0) + change);
  }
}

function listIn<Item>(lists: Map<ChannelName, Item[]>, channel: ChannelName): Item[] {
  const known = lists.get(channel);
  if (known) return known;
  const list: Item[] = [];
  lists.set(channel, list);
  return list;
}

/** 1 for an attempt that its channel has and has not handed over, else 0. */
function atChannel({ attempts }: Progress, step: number): 0 | 1 {
  return attempts[step]?.state === 'waiting' ? 1 : 0;
}

/** A channel may still have to be given its part. */
function wantsParts({ state, attempts, steps, cancelling }: Progress): boolean {
  return !isFinal(state) && !cancelling && attempts.length < steps.length;
}
