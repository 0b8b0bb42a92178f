/** The benchmark of sealed messages: throughput beside Kannel, a long queue, and sealing. */
import { execFileSync } from 'node:child_process';
import { ensureDebianPackages } from '../../debian.ts';
import type { BenchOptions } from '../main.ts';
import type { Report, Row } from '../report.ts';
import { median, round } from '../statistics.ts';
import { type Backlog, measureBacklog, type Urgent } from './backlog.ts';
import { measureSealing } from './sealing.ts';
import { measureThroughput, type Run, type Throughput } from './throughput.ts';

const FULL = {
  throughput: { rounds: 3, messages: 20_000, warmUp: 10_000 },
  backlog: { long: 1_000_000, short: 60_000, watch: 20 },
};
const QUICK: typeof FULL = {
  throughput: { rounds: 1, messages: 3_000, warmUp: 1_000 },
  backlog: { long: 20_000, short: 5_000, watch: 3 },
};

export async function measureMessages({ quick, log }: BenchOptions): Promise<Report> {
  const extent = quick ? QUICK : FULL;
  ensureDebianPackages(log);
  log('sealing');
  const sealing = await measureSealing({ quick });
  log('from HTTP to the stored receipt');
  const throughput = await measureThroughput(extent.throughput);
  log('a long queue');
  const backlog = await measureBacklog(extent.backlog);
  return {
    title: 'Benchmark: sealed messages',
    rows: [...throughputRows(throughput), ...backlogRows(backlog), ...sealing],
    versions: { kannel: kannelVersion() },
    text: textOf(extent, throughput, backlog),
    panels: [
      {
        kind: 'bars',
        title: 'From HTTP to the stored receipt',
        unit: 'messages/s',
        bars: [
          { label: 'Civicline, everything stored', value: throughput.best.civicline },
          { label: 'Kannel, nothing stored', value: throughput.best.kannel },
        ],
      },
      {
        kind: 'bars',
        title: 'How fast a queue empties',
        unit: 'messages/s',
        bars: [
          { label: `${extent.backlog.short} were waiting`, value: round(backlog.drain.short, 0) },
          { label: `${extent.backlog.long} were waiting`, value: round(backlog.drain.long, 0) },
        ],
      },
    ],
    plotDescription:
      'Messages per second of Civicline and of Kannel from the HTTP request to the stored receipt, and how fast a short and a long queue empty',
  };
}

function throughputRows({ best }: Throughput): Row[] {
  return [
    {
      id: 'messages-per-second',
      what: 'HTTP → durable store → submit_sm → stored receipt',
      unit: 'messages/s',
      ours: best.civicline,
      peer: best.kannel,
      peerName: 'Kannel, which stores nothing',
      ratio: round(best.civicline / best.kannel, 2),
      goal: { of: 'ratio', atLeast: 1 },
    },
  ];
}

function backlogRows({ waiting, residentMiB, acceptedPerSecond, drain, urgent }: Backlog): Row[] {
  const alone = { peer: null, peerName: null, ratio: null };
  return [
    {
      id: 'backlog-memory',
      what: `resident memory of the gateway with ${waiting} messages waiting`,
      unit: 'MiB',
      ours: round(residentMiB, 0),
      ...alone,
      goal: { of: 'ours', atMost: 300 },
    },
    {
      id: 'backlog-drain',
      what: `messages that leave with ${waiting} waiting, beside the same with a short queue`,
      unit: 'messages/s',
      ours: round(drain.long, 0),
      peer: round(drain.short, 0),
      peerName: 'Civicline, short queue',
      ratio: round(drain.long / drain.short, 2),
      goal: { of: 'ratio', atLeast: 0.9 },
    },
    {
      id: 'backlog-urgent',
      what: 'an urgent message submitted then: until the carrier surely has it, median',
      unit: 'ms',
      ours: round(median(urgent.map(({ left }) => left)), 0),
      ...alone,
      goal: { of: 'ours', atMost: 1000 },
    },
    {
      id: 'backlog-accepted',
      what: 'messages accepted while the queue grew',
      unit: 'messages/s',
      ours: round(acceptedPerSecond, 0),
      ...alone,
      goal: null,
    },
  ];
}

function textOf({ throughput: extent, backlog }: typeof FULL, throughput: Throughput, found: Backlog): string {
  return `## How it was measured

**messages-per-second.** Three processes beside one another on the same cores: the load, the gateway (SMIS and the SMS channel on SQLite, every commit flushed) or Kannel's two boxes, and the same SMSC simulator, which answers every submit_sm and sends a receipt. Window 500 for both. Civicline gets ${extent.messages} messages in batches of 1,000, four requests at a time, each sealed beforehand for its own number with its own text; Kannel gets as many by GET over 50 kept connections, since it has no batches; what that costs the load counts against it, as the table shows. From the first request until the simulator has had the answer to the last receipt, which Civicline gives when the receipt is stored. ${extent.rounds} rounds in turn, after ${extent.warmUp} messages that do not count; the medians.

Processor time per message, microseconds, in each round:

${cpuTable('Civicline', throughput.civicline)}

${cpuTable('Kannel', throughput.kannel)}

**backlog.** The carrier is away while ${backlog.long} messages of the slowest lane are accepted; the gateway's resident memory is the most of ten looks after the last one. Then the carrier comes, and for at most ${backlog.watch} s the receipts are counted, beside the same with ${backlog.short}. Meanwhile urgent messages are submitted, one after another; each has left when its receipt came at the latest: after ${listOf(found, 'left')} ms. Its sender could read of it after ${listOf(found, 'told')} ms. The long queue was filled at ${round(found.acceptedPerSecond, 0)} messages/s.

**seal, open.** One SMS with HPKE (RFC 9180) in one thread; ours includes JSON, padding, envelope and base64url, from which the others are spared.

Jasmin is not beside it: it needs RabbitMQ and Redis, which this benchmark does not bring. Not measured: PostgreSQL, several gateways, a carrier's real latency.
`;
}

function listOf({ urgent }: Backlog, what: keyof Urgent): string {
  return urgent.map((one) => round(one[what], 0)).join(', ');
}

function cpuTable(name: string, runs: readonly Run[]): string {
  const processes = Object.keys(runs[0]?.cpuUs ?? {});
  const head = `| ${name} | messages/s | ${processes.join(' | ')} |\n|---|---:|${processes.map(() => '---:|').join('')}`;
  const rows = runs.map(
    ({ rate, cpuUs }, i) => `| round ${i + 1} | ${rate} | ${processes.map((process) => cpuUs[process]).join(' | ')} |`,
  );
  return [head, ...rows].join('\n');
}

function kannelVersion(): string {
  const output = execFileSync('dpkg-query', ['-W', '-f', `\${Version}`, 'kannel'], { encoding: 'utf8' });
  return output.trim();
}
