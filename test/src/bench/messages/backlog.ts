/** A million messages that wait for a carrier that is away: what they cost in memory, and how they leave when it is back. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { log } from '@civicline/launcher';
import type { MessageView, SealedPart } from '@civicline/protocol';
import getPort from 'get-port';
import { numberOf, sealed, submit, until } from '../../messages/load.ts';
import { type Gateway, openGateway, residentMiB, type Simulator, startSimulator } from '../../messages/room.ts';
import { median, round } from '../statistics.ts';
import { openWire, type Wire } from './wire.ts';

export interface Backlog {
  waiting: number;
  /** Of the gateway, once all are accepted and none has left: the most of several looks. */
  residentMiB: number;
  acceptedPerSecond: number;
  /** Messages per second that left, with the long and with the short queue, in each round. */
  drain: { long: number; short: number }[];
  /** Of urgent messages while the long queue empties, one after another, in each round. */
  urgent: Urgent[][];
}

/** Milliseconds from the request. */
export interface Urgent {
  /** Until it was on the wire to the carrier. */
  left: number;
  /** Until the sender, who looks every {@link LOOK_MS}, could read of the receipt. */
  told: number;
}

export interface BacklogExtent {
  rounds: number;
  long: number;
  short: number;
  /** How long leaving is watched, seconds. */
  watch: number;
}

/** Sealing a million takes minutes and is measured elsewhere: the same ones are sent again and again. */
const DISTINCT = 10_000;
const LOOKS = 10;
const URGENT = 21;
const FIRST_URGENT = 900_000;
const LOOK_MS = 50;

/** Both queues in turn, a fresh gateway each time; urgent messages are sent beside both, so that they cost both alike. */
export async function measureBacklog({ rounds, long, short, watch }: BacklogExtent): Promise<Backlog> {
  const found: Backlog = { waiting: long, residentMiB: 0, acceptedPerSecond: 0, drain: [], urgent: [] };
  const accepted: number[] = [];
  for (let i = 0; i < rounds; i++) {
    const few = await measureQueue(short, watch);
    const many = await measureQueue(long, watch);
    found.drain.push({ long: many.rate, short: few.rate });
    found.urgent.push(many.urgent);
    found.residentMiB = Math.max(found.residentMiB, many.residentMiB);
    accepted.push(many.acceptedPerSecond);
  }
  return { ...found, acceptedPerSecond: median(accepted) };
}

interface Queue {
  rate: number;
  urgent: Urgent[];
  residentMiB: number;
  acceptedPerSecond: number;
}

async function measureQueue(count: number, watch: number): Promise<Queue> {
  const { result, ...filled } = await withBacklog(count, (room) =>
    Promise.all([drainRate(room.simulator, count, watch), sendUrgent(room, watch)]),
  );
  const [rate, urgent] = result;
  const slowest = Math.max(...urgent.map((one) => one.left));
  log(`${count} waiting: ${round(rate, 0)} messages/s leave, every urgent one within ${slowest} ms`);
  return { rate, urgent, ...filled };
}

interface Filled<Result> {
  result: Result;
  residentMiB: number;
  acceptedPerSecond: number;
}

interface Room {
  gateway: Gateway;
  /** Of the sender of the urgent ones. */
  urgentKey: string;
  simulator: Simulator;
  wire: Wire;
}

/** Fills a gateway while the carrier is away, then lets the carrier come. */
async function withBacklog<Result>(count: number, drain: (room: Room) => Promise<Result>): Promise<Filled<Result>> {
  const smppPort = await getPort({ host: '127.0.0.1' });
  const { gateway, remove } = await openGateway({ smppPort });
  try {
    const distinct = sealed(gateway, Math.min(count, DISTINCT));
    const started = performance.now();
    for (let sent = 0; sent < count; sent += DISTINCT) {
      const parts = distinct.slice(0, Math.min(DISTINCT, count - sent));
      await submit(gateway, { parts, batch: 2_500, atOnce: 2, urgency: 'bulk' });
      if (sent % 100_000 === 0) log(`${sent + parts.length} of ${count} accepted`);
    }
    const acceptedPerSecond = count / ((performance.now() - started) / 1000);
    const urgentKey = await gateway.addSender('urgent');
    const most = await mostResident(gateway);
    const simulator = await startSimulator();
    const wire = await openWire(smppPort, simulator.smppPort);
    try {
      await until(async () => (await simulator.counts()).delivered, 1, { everyMs: 10, patienceMs: 90_000 });
      return { result: await drain({ gateway, urgentKey, simulator, wire }), residentMiB: most, acceptedPerSecond };
    } finally {
      await wire.close();
      await simulator.stop();
    }
  } finally {
    await remove();
  }
}

async function mostResident(gateway: Gateway): Promise<number> {
  let most = 0;
  for (let look = 0; look < LOOKS; look++) {
    most = Math.max(most, await residentMiB(gateway.pid));
    await sleep(500);
  }
  return most;
}

/** Receipts stored per second, until the queue is empty or the time is over. */
async function drainRate(simulator: Simulator, count: number, seconds: number): Promise<number> {
  const before = (await simulator.counts()).delivered;
  const started = performance.now();
  let delivered = before;
  while (delivered < count && performance.now() - started < seconds * 1000) {
    await sleep(200);
    delivered = (await simulator.counts()).delivered;
  }
  return (delivered - before) / ((performance.now() - started) / 1000);
}

/** Of a sender of its own, spread over half of the time. */
async function sendUrgent(room: Room, seconds: number): Promise<Urgent[]> {
  const found: Urgent[] = [];
  for (const [i, part] of sealed(room.gateway, URGENT, FIRST_URGENT).entries()) {
    await sleep((seconds * 1000) / 2 / URGENT);
    found.push(await sendOneUrgent(room, part, numberOf(FIRST_URGENT + i)));
  }
  return found;
}

async function sendOneUrgent({ gateway, urgentKey, wire }: Room, part: SealedPart, number: string): Promise<Urgent> {
  const headers = { Authorization: `Bearer ${urgentKey}` };
  const passing = wire.passing(number);
  const started = Date.now();
  const response = await fetch(`${gateway.url}/v1/messages`, {
    method: 'POST',
    headers: { ...headers, 'Content-Type': 'application/json', 'Idempotency-Key': randomUUID() },
    body: JSON.stringify({ category: 'individual', urgency: 'urgent', parts: { sms: part } }),
  });
  const { id } = (await response.json()) as MessageView;
  const url = `${gateway.url}/v1/messages/${id}`;
  const stateOf = async () => ((await (await fetch(url, { headers })).json()) as MessageView).state;
  while ((await stateOf()) !== 'delivered') await sleep(LOOK_MS);
  const told = Date.now() - started;
  return { left: (await passing) - started, told };
}
