/** Dispatch: brings messages to their channels, takes in what becomes of them, and sees to what time brings. */
import { type ChannelName, URGENCIES } from '@civicline/protocol';
import type { Attempt, Channel } from '@civicline/protocol/channel';
import { type Loop, startLoop } from '@civicline/protocol/run';
import { Gauge, type Logger, type Metrics } from '../../../platform/http/index.ts';
import { laneOf, type Messages } from '../messages/index.ts';
import type { Sender } from '../senders/index.ts';
import { outcomesRound } from './outcomes.ts';
import { createSubmitRound } from './submit.ts';
import type { Windows } from './windows.ts';

export {
  createWindows,
  DEFAULT_WINDOWS,
  type Holidays,
  type SendWindow,
  type SendWindows,
  type Windows,
} from './windows.ts';

const [URGENT, ...OTHERS] = URGENCIES.map(laneOf) as [number, ...number[]];
/** Another gateway's work, and what falls due, is found after such a rest at the latest. */
const REST_MS = 250;
const WITHDRAWALS = 500;
const DUE = 500;

export interface Dispatch {
  start(): void;
  /** Resolves when the rounds under way have ended. */
  stop(): Promise<void>;
}

export interface DispatchOptions {
  messages: Messages;
  channels: ReadonlyMap<ChannelName, Channel>;
  windows: Windows;
  findSender(id: string): Promise<Sender | null>;
  /** Per channel: how many attempts it may have that it has not handed over; urgent ones go in any case. */
  mostInFlight: number;
  metrics: Metrics;
  log: Logger;
  now: () => number;
}

export function createDispatch(options: DispatchOptions): Dispatch {
  const { messages, channels, windows, findSender, mostInFlight, metrics, log, now } = options;
  let loops: Loop[] = [];
  const stopListening: (() => void)[] = [];
  const wakeFor = new Map<ChannelName, () => void>();
  messages.onWork((channel) => wakeFor.get(channel)?.());
  measure(metrics, messages);

  function start(): void {
    /** `round` says whether it found something; then there may be more. */
    const repeat = (task: string, round: () => Promise<boolean>) =>
      startLoop(
        async () => ((await round()) ? 0 : REST_MS),
        (error) => log.error({ error, task }, 'dispatch failed; it goes on'),
      );
    for (const [name, channel] of channels) {
      const queue = messages.queues.get(name);
      if (!queue) continue;
      const common = { messages, channel, queue, windows, findSender, now };
      const submitUrgent = repeat(
        `submit urgent ${name}`,
        createSubmitRound({ ...common, lanes: [URGENT], mostInFlight: null }),
      );
      const submit = repeat(`submit ${name}`, createSubmitRound({ ...common, lanes: OTHERS, mostInFlight }));
      const withdraw = repeat(`withdraw ${name}`, () => withdrawRound(messages, channel));
      const takeIn = repeat(`outcomes ${name}`, async () => {
        const busy = await outcomesRound(messages, channel);
        // There may be room again.
        if (busy) submit.wake();
        return busy;
      });
      stopListening.push(channel.onOutcome(takeIn.wake));
      wakeFor.set(name, () => {
        submitUrgent.wake();
        submit.wake();
        withdraw.wake();
      });
      loops.push(submitUrgent, submit, withdraw, takeIn);
    }
    loops.push(repeat('time', () => timeRound(messages, now)));
  }

  async function stop(): Promise<void> {
    for (const end of stopListening.splice(0)) end();
    const ending = loops;
    loops = [];
    await Promise.all(ending.map((loop) => loop.stop()));
  }

  return { start, stop };
}

/** Expiry, and steps that took too long. */
async function timeRound(messages: Messages, now: () => number): Promise<boolean> {
  const at = now();
  const ids = await messages.store.due(at, DUE);
  if (ids.length === 0) return false;
  await messages.turn(({ apply }) => apply(ids.map((messageId) => ({ messageId, input: { kind: 'time', at } }))));
  return ids.length === DUE;
}

/** What was to be withdrawn stays noted until the channel has been told. */
async function withdrawRound({ store }: Messages, channel: Channel): Promise<boolean> {
  const rows = await store.withdrawals(channel.name, WITHDRAWALS);
  if (rows.length === 0) return false;
  const ids = rows.map(({ attempt_id }) => attempt_id);
  await channel.submit(ids.map(expiredAttempt));
  await channel.cancel(ids);
  await store.endWithdrawals(ids);
  return true;
}

/**
 * Takes the place of an attempt whose submit may still be on its way: the channel knows each id once, so whichever comes
 * first counts, and this one can never leave. Whatever the channel has of the id gets an outcome.
 */
function expiredAttempt(id: string): Attempt {
  const part = { keyId: 'none', sealed: '-' };
  return { id, sender: { id: 'smis', name: '' }, urgency: 'urgent', category: 'individual', expiresAt: 0, part };
}

function measure(metrics: Metrics, { queues, store }: Messages): void {
  new Gauge({
    name: 'civicline_messages_queued',
    help: 'Messages that wait for a channel, by lane (0 is urgent).',
    labelNames: ['channel', 'lane'],
    registers: [metrics],
    async collect() {
      for (const [channel, queue] of queues) {
        const counts = await queue.counts();
        for (const lane of URGENCIES.keys()) {
          const { waiting = 0, leased = 0 } = counts.find((count) => count.lane === lane) ?? {};
          this.set({ channel, lane }, waiting + leased);
        }
      }
    },
  });
  new Gauge({
    name: 'civicline_messages_in_flight',
    help: 'Attempts that a channel has and has not handed over.',
    labelNames: ['channel'],
    registers: [metrics],
    async collect() {
      for (const channel of queues.keys()) this.set({ channel }, (await store.channel(channel)).in_flight);
    },
  });
}
