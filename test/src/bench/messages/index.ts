/** The benchmark of sealed messages: throughput beside Kannel and Jasmin, a long queue, and sealing. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { root } from '@civicline/launcher';
import { ensureDebianPackages } from '../../debian.ts';
import type { BenchOptions } from '../main.ts';
import type { Report, Row } from '../report.ts';
import { median, round } from '../statistics.ts';
import { type Backlog, measureBacklog, type Urgent } from './backlog.ts';
import { JASMIN_VERSION } from './jasmin.ts';
import { measureSealing } from './sealing.ts';
import { type Extent, measureThroughput, type Run, type Throughput } from './throughput.ts';

const FULL = {
  throughput: {
    rounds: 3,
    messages: 20_000,
    warmUp: 10_000,
    jasmin: { messages: 2_000, warmUp: 500 },
    jasminAsItComes: { messages: 300, warmUp: 100 },
  },
  backlog: { rounds: 3, long: 1_000_000, short: 60_000, watch: 20 },
};
const QUICK: typeof FULL = {
  throughput: {
    rounds: 1,
    messages: 3_000,
    warmUp: 1_000,
    jasmin: { messages: 200, warmUp: 100 },
    jasminAsItComes: { messages: 50, warmUp: 20 },
  },
  backlog: { rounds: 1, long: 20_000, short: 5_000, watch: 3 },
};

export async function measureMessages({ quick, log }: BenchOptions): Promise<Report> {
  const extent = quick ? QUICK : FULL;
  ensureDebianPackages(log);
  log('sealing');
  const sealing = await measureSealing({ quick });
  log('from HTTP to the stored receipt');
  const throughput = await measureThroughput(extent.throughput, join(root, '.civicline'));
  log('a long queue');
  const backlog = await measureBacklog(extent.backlog);
  return {
    title: 'Benchmark: sealed messages',
    rows: [...throughputRows(throughput), ...backlogRows(backlog), ...sealing],
    versions: versionsOf(throughput),
    text: textOf(extent, throughput, backlog),
    panels: [
      {
        kind: 'bars',
        title: 'From HTTP to the stored receipt',
        unit: 'messages/s',
        bars: throughputBars(throughput),
      },
      {
        kind: 'bars',
        title: 'How fast a queue empties',
        unit: 'messages/s',
        bars: [
          {
            label: `${extent.backlog.short} were waiting`,
            value: round(median(backlog.drain.map(({ short }) => short)), 0),
          },
          {
            label: `${extent.backlog.long} were waiting`,
            value: round(median(backlog.drain.map(({ long }) => long)), 0),
          },
        ],
      },
    ],
    plotDescription:
      'Messages per second from the HTTP request to the stored receipt, of Civicline and of other gateways, and how fast a short and a long queue empty',
  };
}

function throughputBars({ best }: Throughput): { label: string; value: number }[] {
  const bars = [
    { label: 'Civicline, everything stored', value: best.civicline },
    { label: 'Civicline on PostgreSQL', value: best.onPostgresql },
    { label: 'Kannel, nothing stored', value: best.kannel },
  ];
  return best.jasmin === null ? bars : [...bars, { label: 'Jasmin, queues in memory', value: best.jasmin }];
}

function throughputRows({ best }: Throughput): Row[] {
  const what = { what: 'HTTP → durable store → submit_sm → stored receipt', unit: 'messages/s', ours: best.civicline };
  const beside = (peer: number, peerName: string) => ({
    peer,
    peerName,
    ratio: round(best.civicline / peer, 2),
  });
  const kannel: Row = {
    id: 'messages-per-second',
    ...what,
    ...beside(best.kannel, 'Kannel, which stores nothing'),
    goal: { of: 'ratio', atLeast: 1 },
  };
  const onPostgresql: Row = {
    id: 'messages-per-second-postgresql',
    what: 'the same on PostgreSQL',
    unit: 'messages/s',
    ours: best.onPostgresql,
    peer: best.civicline,
    peerName: 'Civicline on SQLite',
    ratio: round(best.onPostgresql / best.civicline, 2),
    goal: null,
  };
  if (best.jasmin === null) return [kannel, onPostgresql];
  const name = 'Jasmin, whose queues are in memory';
  return [
    kannel,
    onPostgresql,
    { id: 'messages-per-second-jasmin', ...what, ...beside(best.jasmin, name), goal: null },
  ];
}

function backlogRows({ waiting, residentMiB, acceptedPerSecond, drain, urgent }: Backlog): Row[] {
  const alone = { peer: null, peerName: null, ratio: null };
  const long = median(drain.map((of) => of.long));
  const short = median(drain.map((of) => of.short));
  const left = urgent.flat().map((one) => one.left);
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
      ours: round(long, 0),
      peer: round(short, 0),
      peerName: 'Civicline, short queue',
      ratio: round(long / short, 2),
      goal: { of: 'ratio', atLeast: 0.9 },
    },
    {
      id: 'backlog-urgent',
      what: `an urgent message submitted then: until it is on the wire to the carrier, slowest of ${left.length}`,
      unit: 'ms',
      ours: round(Math.max(...left), 0),
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

**messages-per-second.** Three processes beside one another on the same cores: the load, the gateway (SMIS and the SMS channel on SQLite, every commit flushed) or a peer's processes, and the same SMSC simulator, which answers every submit_sm and sends a receipt. Window 500 for Civicline and Kannel. Civicline gets ${extent.messages} messages in batches of 1,000, four requests at a time, each sealed beforehand for its own number with its own text; Kannel gets as many by GET over 50 kept connections, since it has no batches; what that costs the load counts against it, as the table shows. On PostgreSQL everything else is the same; its server flushes every commit, too. From the first request until the simulator has had the answer to the last receipt, which Civicline gives when the receipt is stored. ${extent.rounds} rounds in turn, after ${extent.warmUp} messages that do not count; the medians.

Processor time per message, microseconds, in each round:

${cpuTable('Civicline', throughput.civicline)}

${cpuTable('Civicline on PostgreSQL', throughput.onPostgresql)}

${cpuTable('Kannel', throughput.kannel)}

${jasminText(extent, throughput)}

**backlog.** The carrier is away while ${backlog.long} messages of the slowest lane are accepted; the gateway's resident memory is the most of ten looks after the last one. Then the carrier comes, and for at most ${backlog.watch} s the receipts are counted, beside the same with ${backlog.short}; ${backlog.rounds} rounds of a short and a long queue in turn, each with a gateway of its own; the medians. Meanwhile another sender submits urgent messages, one after another, in both. With the long queue each was on the wire to the carrier, which is watched on its way, after so many milliseconds; the sender, who looked every 50 ms, read of the receipt later. The long queues were filled at ${round(found.acceptedPerSecond, 0)} messages/s.

${drainTable(found)}

**seal, open.** One SMS with HPKE (RFC 9180) in one thread; ours includes JSON, padding, envelope and base64url, from which the others are spared.

Not measured: several gateways, a carrier's real latency, PostgreSQL on a machine of its own; here its server shares the cores, and its time is not in the table.
`;
}

function jasminText({ jasmin: count, jasminAsItComes: fewer }: Extent, { jasmin }: Throughput): string {
  if (!jasmin) return 'Jasmin is not beside them: it could not be brought or did not run where this was measured.';
  return `**messages-per-second-jasmin.** Jasmin's daemon with RabbitMQ and Redis, in the same turns and by the same measure, but ${count.messages} messages after ${count.warmUp}, since it is slower by far; the ratio is of two rates. It is spared what it can be spared: receipts are asked for and answered, but it has no URL to pass them on to, so that it looks nothing up; its log has warnings only; Redis and RabbitMQ keep nothing on the disk for a message. It has no window: a connection to an SMSC takes the next message from its queue when the SMSC has answered the one before, and there is one connection, as for the others. And it is helped: TCP_NODELAY is set on its connections, without which each message waits some 40 ms until the SMSC's kernel acknowledges its answer to the receipt before it. As it comes it sent ${jasmin.asItComes.rate} messages/s (${fewer.messages} messages after ${fewer.warmUp}, once).

${cpuTable('Jasmin', jasmin.runs)}`;
}

function drainTable({ drain, urgent }: Backlog): string {
  const head =
    '| | messages/s, short queue | long queue | urgent: milliseconds to the wire | milliseconds to the receipt |\n|---|---:|---:|---|---|';
  const rows = drain.map(({ short, long }, i) => {
    const told = listOf(urgent[i] ?? [], 'told');
    return `| round ${i + 1} | ${round(short, 0)} | ${round(long, 0)} | ${listOf(urgent[i] ?? [], 'left')} | ${told} |`;
  });
  return [head, ...rows].join('\n');
}

/** In the order in which they were sent. */
function listOf(urgent: readonly Urgent[], what: keyof Urgent): string {
  return `${urgent.map((one) => round(one[what], 0)).join(', ')} (median ${round(median(urgent.map((one) => one[what])), 0)})`;
}

function cpuTable(name: string, runs: readonly Run[]): string {
  const processes = Object.keys(runs[0]?.cpuUs ?? {});
  const head = `| ${name} | messages/s | ${processes.join(' | ')} |\n|---|---:|${processes.map(() => '---:|').join('')}`;
  const rows = runs.map(
    ({ rate, cpuUs }, i) => `| round ${i + 1} | ${rate} | ${processes.map((process) => cpuUs[process]).join(' | ')} |`,
  );
  return [head, ...rows].join('\n');
}

function versionsOf({ jasmin }: Throughput): Record<string, string> {
  const [kannel, postgresql] = [debianVersion('kannel'), debianVersion('postgresql')];
  if (!jasmin) return { kannel, postgresql };
  const [rabbitmq, redis] = [debianVersion('rabbitmq-server'), debianVersion('redis-server')];
  return { kannel, postgresql, jasmin: JASMIN_VERSION, rabbitmq, redis };
}

function debianVersion(name: string): string {
  const output = execFileSync('dpkg-query', ['-W', '-f', `\${Version}`, name], { encoding: 'utf8' });
  return output.trim();
}
