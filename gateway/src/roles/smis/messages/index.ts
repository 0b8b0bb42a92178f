/** Messages: taken in from senders, kept with what became of them, moved on by the machine. */
import type { ChannelName } from '@civicline/protocol';
import type { Channel } from '@civicline/protocol/channel';
import type { Express } from 'express';
import type { Kysely } from 'kysely';
import { Counter, type Logger, type Metrics, type Operation } from '../../../platform/http/index.ts';
import { createListeners } from '../../../platform/run/index.ts';
import { createQueue, type Database, queueMigrations, type Sealer } from '../../../platform/storage/index.ts';
import type { Feedback } from '../feedback/index.ts';
import type { Senders } from '../senders/index.ts';
import { createIntake } from './intake.ts';
import { canCancel, type Progress, waitsFor } from './machine.ts';
import { createRecalls } from './recalls.ts';
import { messageOperations, mountMessages } from './routes.ts';
import {
  type ChannelRow,
  createMessageStore,
  type MessageRow,
  type MessageStore,
  migrations,
  progressOf,
  type Tables,
  takeTurn,
} from './store.ts';
import { createTransitions, type MessageInput, type Queues } from './transitions.ts';
import { startUpkeep } from './upkeep.ts';

export { attemptIdOf, ofAttempt } from './ids.ts';
export type { Step } from './machine.ts';
export { createRecallAdministration, type Recall, type RecallOrder } from './recalls.ts';
export type { MessageRow, MessageStore, PartsRow, Tables } from './store.ts';
export { laneOf, type MessageInput, type Queues } from './transitions.ts';

/** Within one write. */
export interface Turn {
  sql: Kysely<Tables>;
  /** Positions and attempts in flight, as they are at its beginning. */
  channels: readonly ChannelRow[];
  /** Applies inputs in their order; those for messages that are not there are passed over. */
  apply(inputs: readonly MessageInput[]): Promise<void>;
}

export interface Messages {
  store: MessageStore;
  queues: Queues;
  /** A write in which messages make transitions. Turns are taken one after another, also between gateways. */
  turn<Result>(work: (turn: Turn) => Promise<Result>): Promise<Result>;
  /** Hints that there is something to do for a channel: a message to submit, or an attempt to withdraw. */
  onWork(listener: (channel: ChannelName) => void): void;
  operations: Operation[];
  mount(http: Express): void;
  start(): void;
  stop(): Promise<void>;
}

export interface MessagesOptions {
  database: Database;
  sealer: Sealer;
  channels: ReadonlyMap<ChannelName, Channel>;
  senders: Pick<Senders, 'requireSender' | 'senderOf' | 'allows' | 'quota'>;
  feedback: Pick<Feedback, 'record'>;
  metrics: Metrics;
  log: Logger;
  now: () => number;
}

export async function createMessages(options: MessagesOptions): Promise<Messages> {
  const { database, sealer, channels, senders, feedback, metrics, log, now } = options;
  await database.migrate('messages', migrations);
  const queues = new Map<ChannelName, ReturnType<typeof createQueue>>();
  for (const name of channels.keys()) {
    await database.migrate(`queue ${name}`, queueMigrations(`messages_${name}`));
    queues.set(name, createQueue(database, `messages_${name}`, now));
  }
  const store = createMessageStore(database);
  await store.addChannels([...channels.keys()]);
  const transitions = createTransitions({ store, queues, feedback, now });
  const accepted = new Counter({
    name: 'civicline_messages_accepted_total',
    help: 'Messages taken in from senders.',
    labelNames: ['category', 'urgency'],
    registers: [metrics],
  });
  const listeners = createListeners<{ work(channel: ChannelName): void }>((error) =>
    log.error({ error }, 'a listener of messages failed'),
  );
  const tell = (concerned: Iterable<ChannelName>) => {
    for (const channel of concerned) listeners.emit('work', channel);
  };

  async function turn<Result>(work: (turn: Turn) => Promise<Result>): Promise<Result> {
    const concerned: ReadonlySet<ChannelName>[] = [];
    const result = await store.database.write(
      async (sql) => {
        const apply = async (inputs: readonly MessageInput[]) => void concerned.push(await transitions(sql, inputs));
        return work({ sql, channels: await takeTurn(store.database, sql), apply });
      },
      // What waits for a turn holds nothing that a gateway whose turn it is may wait for.
      { first: true },
    );
    for (const channels of concerned) tell(channels);
    return result;
  }

  const intake = createIntake({
    store,
    queues,
    quota: senders.quota,
    onAccepted(concerned, drafts) {
      for (const { category, urgency } of drafts) accepted.inc({ category, urgency });
      tell(concerned);
    },
    now,
  });

  const cancel = (messageId: string) =>
    turn(async ({ sql, apply }) => {
      const [row] = await store.byIds(sql, [messageId]);
      if (row?.state === 'cancelled' || row?.cancelling === 1) return 'done';
      return row && (await cancelWithin(sql, apply, row)) ? 'done' : 'refused';
    });

  /** Whether it could be. */
  async function cancelWithin(sql: Kysely<Tables>, apply: Turn['apply'], row: MessageRow): Promise<boolean> {
    const progress = progressOf(row);
    if (progress.cancelling || !canCancel(progress)) return false;
    const at = now();
    const { id: messageId } = row;
    // A channel that may have it is asked; whether it has left, only the channel knows.
    if (await isBeingSubmitted(sql, messageId, progress))
      await apply([{ messageId, input: { kind: 'begun', step: progress.step, at } }]);
    await apply([{ messageId, input: { kind: 'cancel', at } }]);
    return true;
  }

  const recalls = await createRecalls({
    database,
    cancelAll: (ids, noted) =>
      turn(async ({ sql, apply }) => {
        let cancelled = 0;
        for (const row of await store.byIds(sql, ids)) if (await cancelWithin(sql, apply, row)) cancelled++;
        await noted(sql as unknown as Kysely<unknown>, cancelled);
      }),
    log,
    now,
  });

  /** Dispatch has claimed it, and has not noted what came of that. */
  async function isBeingSubmitted(sql: Kysely<Tables>, messageId: string, progress: Progress): Promise<boolean> {
    const channel = waitsFor(progress);
    return channel !== null && (await queues.get(channel)?.isLeased(sql, messageId)) === true;
  }

  let stopUpkeep: (() => Promise<void>) | null = null;
  return {
    store,
    queues,
    turn,
    onWork: (listener) => void listeners.on('work', listener),
    operations: messageOperations,
    mount: (http) => mountMessages(http, { channels, senders, store, intake, cancel, sealer, now }),
    start() {
      stopUpkeep ??= startUpkeep(store, log, now);
      recalls.start();
    },
    async stop() {
      await recalls.stop();
      await stopUpkeep?.();
      stopUpkeep = null;
    },
  };
}
