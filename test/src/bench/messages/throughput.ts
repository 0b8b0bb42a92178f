/** From HTTP to the stored receipt: Civicline, which stores everything, and Kannel, which stores nothing, in turn. */
import process from 'node:process';
import { log } from '@civicline/launcher';
import { startKannel } from '@civicline/sms/simulator/kannel';
import { getAll, numberOf, sealed, submit, textOf, until } from '../../messages/load.ts';
import { type Gateway, openGateway, type Simulator, startSimulator } from '../../messages/room.ts';
import { cpuSeconds } from '../calls/cpu.ts';
import { median, round } from '../statistics.ts';

export interface Run {
  /** Messages per second, from the first request to the last receipt. */
  rate: number;
  /** Processor microseconds per message, by process. */
  cpuUs: Record<string, number>;
}

export interface Throughput {
  civicline: Run[];
  kannel: Run[];
  best: { civicline: number; kannel: number };
}

export interface Extent {
  rounds: number;
  messages: number;
  warmUp: number;
}

const BATCH = 1_000;
const AT_ONCE = 4;
const KANNEL_CONNECTIONS = 50;
const KANNEL_WINDOW = 500;
/** Looking costs the simulator and the load time of their own. */
const LOOK = { everyMs: 200, patienceMs: 30_000 };

export async function measureThroughput(extent: Extent): Promise<Throughput> {
  const civicline: Run[] = [];
  const kannel: Run[] = [];
  for (let turn = 1; turn <= extent.rounds; turn++) {
    civicline.push(await runCivicline(extent));
    log(`civicline: ${civicline.at(-1)?.rate} messages/s`);
    kannel.push(await runKannel(extent));
    log(`kannel: ${kannel.at(-1)?.rate} messages/s`);
  }
  const rateOf = (runs: Run[]) => median(runs.map(({ rate }) => rate));
  return { civicline, kannel, best: { civicline: rateOf(civicline), kannel: rateOf(kannel) } };
}

function runCivicline(extent: Extent): Promise<Run> {
  return withSimulator(async (simulator) => {
    const { gateway, remove } = await openGateway({ smppPort: simulator.smppPort });
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
      await getAll(urls.slice(0, warmUp), KANNEL_CONNECTIONS);
      await until(delivered, warmUp, LOOK);
      const [bearerbox = 0, smsbox = 0] = kannel.pids;
      return await timed({ simulator: simulator.pid, bearerbox, smsbox }, messages, async () => {
        await getAll(urls.slice(warmUp), KANNEL_CONNECTIONS);
        await until(delivered, warmUp + messages, LOOK);
      });
    } finally {
      await kannel.stop();
    }
  });
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
