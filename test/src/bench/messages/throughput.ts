/**
 * From HTTP to the stored receipt: Civicline, which stores everything, Kannel, which stores nothing, and Jasmin, whose
 * queues are in memory, in turn.
 */
import process from 'node:process';
import { log } from '@civicline/launcher';
import { startKannel } from '@civicline/sms/simulator/kannel';
import { startCluster } from '../../../../gateway/src/platform/storage/testing/index.ts';
import { getAll, numberOf, sealed, submit, textOf, until } from '../../messages/load.ts';
import { type Gateway, openGateway, type Simulator, startSimulator } from '../../messages/room.ts';
import { cpuSeconds } from '../calls/cpu.ts';
import { median, round } from '../statistics.ts';
import { type JasminOptions, prepareJasmin, startJasmin } from './jasmin.ts';

export interface Run {
  /** Messages per second, from the first request to the last receipt. */
  rate: number;
  /** Processor microseconds per message, by process. */
  cpuUs: Record<string, number>;
}

export interface Throughput {
  civicline: Run[];
  /** The same on PostgreSQL, once each round. */
  onPostgresql: Run[];
  kannel: Run[];
  /** Null when it cannot be brought here. */
  jasmin: JasminRuns | null;
  best: { civicline: number; onPostgresql: number; kannel: number; jasmin: number | null };
}

export interface JasminRuns {
  runs: Run[];
  /** Without TCP_NODELAY: a few messages once. */
  asItComes: Run;
}

export interface Count {
  messages: number;
  warmUp: number;
}

export interface Extent extends Count {
  rounds: number;
  /** Fewer: it is slower by far. */
  jasmin: Count;
  jasminAsItComes: Count;
}

const BATCH = 1_000;
const AT_ONCE = 4;
const CONNECTIONS = 50;
const KANNEL_WINDOW = 500;
/** Looking costs the simulator and the load time of their own. */
const LOOK = { everyMs: 200, patienceMs: 30_000 };

/** @param home the `.civicline` folder */
export async function measureThroughput(extent: Extent, home: string): Promise<Throughput> {
  const civicline: Run[] = [];
  const onPostgresql: Run[] = [];
  const kannel: Run[] = [];
  let jasmin = await orLeftOut(() => bringJasmin(home, extent));
  for (let turn = 1; turn <= extent.rounds; turn++) {
    civicline.push(await runCivicline(extent));
    log(`civicline: ${civicline.at(-1)?.rate} messages/s`);
    onPostgresql.push(await withPostgresql((url) => runCivicline(extent, url)));
    log(`civicline on PostgreSQL: ${onPostgresql.at(-1)?.rate} messages/s`);
    kannel.push(await runKannel(extent));
    log(`kannel: ${kannel.at(-1)?.rate} messages/s`);
    const peer = jasmin;
    jasmin = peer && (await orLeftOut(() => runAgain(peer, extent)));
  }
  const rateOf = (runs: Run[]) => median(runs.map(({ rate }) => rate));
  const best = {
    civicline: rateOf(civicline),
    onPostgresql: rateOf(onPostgresql),
    kannel: rateOf(kannel),
    jasmin: jasmin && rateOf(jasmin.runs),
  };
  return { civicline, onPostgresql, kannel, jasmin, best };
}

/** Jasmin needs much that a machine may not have or allow: null, and the reason in the log. */
async function orLeftOut<Result>(work: () => Promise<Result>): Promise<Result | null> {
  return work().catch((error: unknown) => {
    log(`Jasmin is left out: ${error instanceof Error ? error.message : error}`);
    return null;
  });
}

interface JasminPeer extends JasminRuns {
  python: string;
}

async function bringJasmin(home: string, extent: Extent): Promise<JasminPeer> {
  const python = await prepareJasmin({ home, log });
  const asItComes = await runJasmin({ python, asItComes: true }, extent.jasminAsItComes);
  log(`jasmin, as it comes: ${asItComes.rate} messages/s`);
  return { python, runs: [], asItComes };
}

async function runAgain(peer: JasminPeer, extent: Extent): Promise<JasminPeer> {
  const run = await runJasmin({ python: peer.python }, extent.jasmin);
  log(`jasmin: ${run.rate} messages/s`);
  return { ...peer, runs: [...peer.runs, run] };
}

/** A server of its own, which flushes every commit. */
async function withPostgresql<Result>(work: (databaseUrl: string) => Promise<Result>): Promise<Result> {
  const cluster = await startCluster({ flushes: true });
  return work(cluster.url).finally(() => cluster.remove());
}

/** `databaseUrl` absent: SQLite. */
function runCivicline(extent: Extent, databaseUrl?: string): Promise<Run> {
  return withSimulator(async (simulator) => {
    const database = databaseUrl === undefined ? {} : { databaseUrl };
    const { gateway, remove } = await openGateway({ smppPort: simulator.smppPort, ...database });
    return send(simulator, gateway, extent).finally(remove);
  });
}

async function withSimulator<Result>(work: (simulator: Simulator) => Promise<Result>): Promise<Result> {
  const simulator = await startSimulator();
  return work(simulator).finally(() => simulator.stop());
}

async function send(simulator: Simulator, gateway: Gateway, { messages, warmUp }: Extent): Promise<Run> {
  const parts = sealed(gateway, warmUp + messages);
  const delivered = async () => (await simulator.counts()).delivered;
  await submit(gateway, { parts: parts.slice(0, warmUp), batch: BATCH, atOnce: AT_ONCE });
  await until(delivered, warmUp, LOOK);
  return timed({ simulator: simulator.pid, gateway: gateway.pid }, messages, async () => {
    await submit(gateway, { parts: parts.slice(warmUp), batch: BATCH, atOnce: AT_ONCE });
    await until(delivered, warmUp + messages, LOOK);
  });
}

function runKannel({ messages, warmUp }: Extent): Promise<Run> {
  return withSimulator(async (simulator) => {
    const kannel = await startKannel({ smppPort: simulator.smppPort, window: KANNEL_WINDOW });
    const urls = Array.from({ length: warmUp + messages }, (_, i) =>
      kannel.sendUrl({ to: numberOf(i), from: '8000', text: textOf(i), 'dlr-mask': '3' }),
    );
    const delivered = async () => (await simulator.counts()).delivered;
    try {
      await getAll(urls.slice(0, warmUp), CONNECTIONS);
      await until(delivered, warmUp, LOOK);
      const [bearerbox = 0, smsbox = 0] = kannel.pids;
      return await timed({ simulator: simulator.pid, bearerbox, smsbox }, messages, async () => {
        await getAll(urls.slice(warmUp), CONNECTIONS);
        await until(delivered, warmUp + messages, LOOK);
      });
    } finally {
      await kannel.stop();
    }
  });
}

function runJasmin(options: Omit<JasminOptions, 'smppPort'>, { messages, warmUp }: Count): Promise<Run> {
  return withSimulator(async (simulator) => {
    const jasmin = await startJasmin({ ...options, smppPort: simulator.smppPort });
    const urls = Array.from({ length: warmUp + messages }, (_, i) =>
      jasmin.sendUrl({ to: numberOf(i), from: '8000', content: textOf(i), 'dlr-level': '2' }),
    );
    const delivered = async () => (await simulator.counts()).delivered;
    try {
      await fetchAll(urls.slice(0, warmUp));
      await until(delivered, warmUp, LOOK);
      return await timed({ simulator: simulator.pid, ...jasmin.pids }, messages, async () => {
        await fetchAll(urls.slice(warmUp));
        await until(delivered, warmUp + messages, LOOK);
      });
    } finally {
      await jasmin.stop();
    }
  });
}

/** Its answers come in chunks, which the quicker client of Kannel does not read. */
async function fetchAll(urls: readonly URL[]): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < urls.length) {
      const response = await fetch(urls[next++] as URL);
      const answer = await response.text();
      if (!response.ok) throw new Error(`Jasmin refused a message: ${answer}`);
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, worker));
}

async function timed(pids: Record<string, number>, messages: number, work: () => Promise<void>): Promise<Run> {
  const all = { ...pids, load: process.pid };
  const look = () => Promise.all(Object.values(all).map(cpuSeconds));
  const before = await look();
  const started = performance.now();
  await work();
  const seconds = (performance.now() - started) / 1000;
  const after = await look();
  const cpuUs = Object.keys(all).map((name, i) => {
    const used = (after[i] ?? 0) - (before[i] ?? 0);
    return [name, round((used * 1_000_000) / messages, 0)] as const;
  });
  return { rate: round(messages / seconds, 0), cpuUs: Object.fromEntries(cpuUs) };
}
