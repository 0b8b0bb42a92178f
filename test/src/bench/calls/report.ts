/** What was measured, as rows, plot and page. */
import { cpus } from 'node:os';
import type { Panel } from '../plot.ts';
import type { Report, Row } from '../report.ts';
import { median, percentile, round } from '../statistics.ts';
import type { CallsPerSecond, Run, SystemName } from './calls-per-second.ts';
import type { CodesRight } from './codes-right.ts';
import type { Painted } from './digit-to-painted.ts';
import type { StandingCalls } from './standing-calls.ts';

export interface Findings {
  codesRight: CodesRight;
  perSecond: CallsPerSecond;
  painted: Painted;
  standing: StandingCalls;
  versions: Record<string, string>;
  quick: boolean;
}

const NAMES: Record<SystemName, string> = {
  civicline: 'Civicline',
  'asterisk-alone': 'Asterisk alone',
  'ari-client': 'minimal app on ari-client',
};

export function reportOf(findings: Findings): Report {
  return {
    title: 'Benchmark: verified calls',
    rows: [
      ...processorRows(findings),
      ...codeRows(findings),
      ...rateRows(findings),
      ...paintedRows(findings),
      ...standingRows(findings),
    ],
    versions: findings.versions,
    text: textOf(findings),
    panels: panelsOf(findings),
    plotDescription:
      'Calls per second against concurrent callers for Civicline, Asterisk alone and a minimal application; how many codes were right; and the time from the last digit to the painted attributes',
  };
}

const WITHOUT_PEER = { peer: null, peerName: null, ratio: null };

/** First: where everybody reaches what Asterisk alone does, only this tells applications apart. */
function processorRows({ perSecond: { runs } }: Findings): Row[] {
  const [ours, peer] = (['civicline', 'ari-client'] as const).map((name) => spent(runs, name, ['application']));
  return [
    {
      id: 'processor-per-call',
      what: 'processor time of the application per call with a code',
      unit: 'ms',
      ours: ours ?? 0,
      peer: peer ?? 0,
      peerName: NAMES['ari-client'],
      ratio: ratio(ours ?? 0, peer ?? 0),
      goal: { of: 'ratio', atMost: 1.5 },
    },
  ];
}

function codeRows({ codesRight: { calls, ours, peer } }: Findings): Row[] {
  return [
    {
      id: 'codes-right',
      what: 'codes exactly right under every pattern of tones and gaps',
      unit: `of ${calls}`,
      ours,
      peer,
      peerName: 'ChannelDtmfReceived events',
      ratio: ratio(ours, peer),
      goal: { of: 'ours', atLeast: calls },
    },
  ];
}

function rateRows({ perSecond: { best, ariClientMistakesLeftOut } }: Findings): Row[] {
  const row = (peer: 'asterisk-alone' | 'ari-client', atLeast: number): Row => ({
    id: peer === 'asterisk-alone' ? 'calls-per-second' : 'calls-per-second-ari-client',
    what: 'best rate of calls with a code, all of them right',
    unit: 'calls/s',
    ours: round(best.civicline),
    peer: round(best[peer]),
    peerName: NAMES[peer],
    ratio: ratio(best.civicline, best[peer]),
    goal: { of: 'ratio', atLeast },
  });
  return [
    row('asterisk-alone', 0.9),
    row('ari-client', 2),
    {
      ...row('ari-client', 2),
      id: 'calls-per-second-mistakes-left-out',
      what: 'the same, with the peer’s wrong codes left out instead of counted against it',
      peer: round(ariClientMistakesLeftOut),
      ratio: ratio(best.civicline, ariClientMistakesLeftOut),
      goal: null,
    },
  ];
}

function paintedRows({ painted: { paintedMs, changedMs, consoles }, codesRight: { stasisMs } }: Findings): Row[] {
  const row = (id: string, what: string, ours: number, goal: Row['goal'] = null): Row => ({
    id,
    what,
    unit: 'ms',
    ours: round(ours),
    ...WITHOUT_PEER,
    goal,
  });
  const what = `last digit to attributes painted, ${consoles} consoles connected`;
  return [
    row('digit-to-painted-p50', `${what}: median`, percentile(paintedMs, 0.5)),
    row('digit-to-painted-p95', `${what}: 95 %`, percentile(paintedMs, 0.95)),
    row('digit-to-painted', `${what}: 99 %`, percentile(paintedMs, 0.99), { of: 'ours', atMost: 50 }),
    row('digit-to-document', 'of which, until the page has changed: 99 %', percentile(changedMs, 0.99)),
    row('digit-to-stasis', 'of which, until Asterisk tells (StasisStart), at rest: median', percentile(stasisMs, 0.5)),
  ];
}

/** Nothing, when not all of the calls stood: what fewer cost is another figure. */
function standingRows({ standing: { wanted, bridged, gatewayCpu, idleCpu } }: Findings): Row[] {
  if (Math.min(...bridged) < wanted) return [];
  const unit = '% of a core';
  return [
    {
      id: 'gateway-cpu-200-calls',
      what: `gateway's processor time with ${Math.min(...bridged)} bridged calls`,
      unit,
      ours: gatewayCpu,
      ...WITHOUT_PEER,
      goal: { of: 'ours', atMost: 5 },
    },
    {
      id: 'gateway-cpu-idle',
      what: 'the same without any call',
      unit,
      ours: idleCpu,
      ...WITHOUT_PEER,
      goal: null,
    },
  ];
}

/** NaN has no place in JSON: null when the peer did nothing right. */
function ratio(ours: number, peer: number): number | null {
  return peer > 0 ? round(ours / peer, 2) : null;
}

function panelsOf({ perSecond, codesRight, painted }: Findings): Panel[] {
  const systems = Object.keys(NAMES) as SystemName[];
  const sorted = [...painted.paintedMs].sort((a, b) => a - b);
  return [
    {
      kind: 'lines',
      title: 'Calls with a code that came through right',
      xLabel: 'concurrent callers',
      yLabel: 'calls/s, median of the rounds',
      series: systems.map((system) => ({ name: NAMES[system], points: curve(perSecond.runs, system) })),
    },
    {
      kind: 'lines',
      title: `Last digit to painted attributes, ${painted.consoles} consoles connected`,
      xLabel: 'milliseconds',
      yLabel: '% of the calls',
      series: [
        {
          name: 'Civicline',
          points: sorted.map((value, index) => [round(value), round(((index + 1) / sorted.length) * 100)] as const),
        },
      ],
      mark: { x: 50, label: 'goal for 99 %' },
    },
    {
      kind: 'bars',
      title: 'Codes that came through exactly right',
      unit: `of ${codesRight.calls}`,
      bars: [
        { label: 'Civicline', value: codesRight.ours },
        { label: 'ChannelDtmfReceived events', value: codesRight.peer },
      ],
    },
  ];
}

function curve(runs: Run[], system: SystemName): [number, number][] {
  const own = runs.filter((run) => run.system === system);
  const steps = [...new Set(own.map(({ callers }) => callers))].sort((a, b) => a - b);
  return steps.map((callers) => [
    callers,
    median(own.filter((run) => run.callers === callers).map(({ rate }) => rate)),
  ]);
}

function runsTable(runs: Run[]): string {
  const head =
    '| system | round | callers | calls/s right | wrong | ms of processor per call: Asterisk | application | load |\n|---|---:|---:|---:|---:|---:|---:|---:|';
  const rows = runs.map(
    ({ system, round: turn, callers, rate, wrong, cpuMsPerCall: cpu }) =>
      `| ${NAMES[system]} | ${turn} | ${callers} | ${rate} | ${wrong} | ${cpu.asterisk ?? ''} | ${cpu.application ?? ''} | ${cpu.load ?? ''} |`,
  );
  return [head, ...rows].join('\n');
}

/** How much of the machine Asterisk and the load leave to an application, so that a goal beyond that is seen to be one. */
function roomText({ runs, best, ariClientMistakesLeftOut: minimal }: CallsPerSecond): string {
  const alone = best['asterisk-alone'];
  const left = (1_000 * cpus().length) / (0.9 * alone) - spent(runs, 'asterisk-alone', ['asterisk', 'load']);
  const [ours, theirs] = (['civicline', 'ari-client'] as const).map((name) => spent(runs, name, ['application']));
  return `*The room for an application.* Asterisk alone is the most that anything could reach here: ${ratio(alone, best['ari-client']) ?? '—'} times the minimal application, ${ratio(alone, minimal)} times when that one's mistakes are left out. The minimal application itself reaches ${ratio(minimal, alone)} of Asterisk alone with mistakes. For 0.9 of it, Asterisk and the load leave ${round(left)} ms of processor per call at the cost that they have without an application; the minimal application takes ${theirs} ms, Civicline's gateway ${ours} ms.`;
}

/** Processor milliseconds per call of these processes, in the best run of each round; of the rounds, the median. */
function spent(runs: Run[], system: SystemName, processes: string[]): number {
  const own = runs.filter((run) => run.system === system);
  const rounds = [...new Set(own.map((run) => run.round))].map((turn) => own.filter((run) => run.round === turn));
  const bestRuns = rounds.map((some) => some.reduce((best, run) => (run.rate > best.rate ? run : best)));
  return round(
    median(bestRuns.map(({ cpuMsPerCall }) => processes.reduce((sum, name) => sum + (cpuMsPerCall[name] ?? 0), 0))),
  );
}

function patternsTable({ byPattern }: CodesRight): string {
  const head = '| tone/gap, ms | calls | Civicline | events |\n|---|---:|---:|---:|';
  return [head, ...byPattern.map((p) => `| ${p.name} | ${p.calls} | ${p.ours} | ${p.peer} |`)].join('\n');
}

function textOf({ codesRight, perSecond, painted, standing, quick }: Findings): string {
  const warning = quick ? 'This was a quick run: the figures say nothing.\n\n' : '';
  return `${warning}## To repeat it

\`npm run bench -- calls\`, on a machine that does nothing else. It brings Asterisk, the Yivi server, the wallet and Chromium itself, takes about a quarter of an hour, and overwrites this page. \`--quick\` only shows that everything runs.

## What was measured

**codes-right.** A scripted phone dials into Asterisk with Civicline's own configuration and keys 12345678 or 11223344 by RFC 4733 at each tone and gap below. Right is the code that the application in the gateway's place is given as the argument of StasisStart, compared as text. The peer is a line of the same Asterisk that enters Stasis at once; its application puts the ChannelDtmfReceived events of the call together.

${patternsTable(codesRight)}

**calls-per-second.** A closed loop: so many callers at once, each of whom dials, keys 8 digits (100 ms tones, 100 ms gaps), waits for the outcome, hangs up and dials again. One load generator, one Asterisk with the same modules, on the same cores, one system after the other in each round. More callers are tried until more of them bring no more calls; the best rate among runs without a single mistake counts; of the rounds, the median.

- *Civicline*: real dialplan, gateway and SQLite on disk. Every call has a code of its own, for which a wallet has disclosed name and number to the Yivi server beforehand; before each run the gateway starts with the database as it was then. A call is right when a connected agent's console has been sent it as queued, verified, and with the number of the person who disclosed.
- *Asterisk alone*: \`Answer, Read(8 digits, with the same prompt), Hangup\`, with a comparison in the dialplan whose result is the cause of the hang-up. No application is connected, no record is kept.
- *Minimal app on ari-client*: a process of its own that answers, collects ChannelDtmfReceived, looks the code up in a Map, starts music and hangs up. It keeps no record and tells nobody.

${runsTable(perSecond.runs)}

${roomText(perSecond)}

**digit-to-painted.** ${painted.paintedMs.length} calls with codes, one after the other and after fifteen that do not count, to a queue in which ${painted.consoles} agents are ready, each with a connected console: ${painted.consoles - 1} Socket.IO clients in a process of low priority, and one real Chromium whose agent is the last of the queue. From the moment in which the phone sends the last end packet to the time at which Chromium says that it drew the attributes (W3C Element Timing, in steps of 4 ms); both times are this machine's clock. *Until the page has changed* ends when they stand in the document. *Until Asterisk tells* comes from the calls of codes-right.

**gateway-cpu-200-calls.** ${standing.bridged[0]} calls (${standing.bridged[1]} at the end), answered by as many agents on registered SIP phones and bridged by Asterisk, all consoles connected; the gateway's user and system time from /proc over ${standing.seconds} s. The phones send no sound: it would pass through Asterisk (${standing.asteriskCpu} % of a core as it was), never through the gateway.

## What this does not prove

- Load, peers and system share the machine's cores: a rate here says how the systems compare, not what a machine of their own would carry. The load generator's share stands in the table.
- Everything is on 127.0.0.1: no network, no carrier. How carriers and phones shape tones is not known from this; the patterns are those seen or feared.
- The agents' machines are not there. The other consoles take in events but draw nothing, and compete with the gateway for these cores, where real ones would not.
- The browser has no window and draws in software; 17 ms is the grain of what it can tell.
- Runs of seconds find no leaks, and nothing that comes after hours.
- Machines are noisy: differences of a few percent between two runs mean nothing.
`;
}
