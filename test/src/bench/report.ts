/** Writes what a benchmark found: a page for people, a plot beside it, and JSON for programs. */
import { mkdir, writeFile } from 'node:fs/promises';
import { cpus, loadavg, totalmem } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { root } from '@civicline/launcher';
import { type Panel, plot } from './plot.ts';
import { round } from './statistics.ts';

/** One figure, beside that of a peer where there is one. */
export interface Row {
  id: string;
  what: string;
  unit: string;
  ours: number;
  peer: number | null;
  peerName: string | null;
  /** `ours / peer`. */
  ratio: number | null;
  /** Bounds on `ours` or `ratio`; null: a figure without a goal. */
  goal: Goal | null;
}

export interface Goal {
  of: 'ours' | 'ratio';
  atLeast?: number;
  atMost?: number;
}

export type Machine = ReturnType<typeof describeMachine>;

export interface Report {
  title: string;
  rows: Row[];
  /** Of what took part beside Node and the machine. */
  versions: Record<string, string>;
  /** Markdown: how it was measured, and what the figures do not prove. */
  text: string;
  panels: Panel[];
  plotDescription: string;
}

/** Whether the goal is met; null when there is none. No ratio beats a peer that did nothing right. */
export function isMet({ goal, ours, peer, ratio }: Row): boolean | null {
  if (goal === null) return null;
  if (goal.of === 'ratio' && peer === 0) return ours > 0;
  const value = goal.of === 'ours' ? ours : ratio;
  return value !== null && value >= (goal.atLeast ?? -Infinity) && value <= (goal.atMost ?? Infinity);
}

/** Writes `docs/benchmarks/<name>.md`, `.svg` and `.json`; returns the folder. */
export async function writeReport(
  name: string,
  report: Report,
  machine: Machine,
  folder = join(root, 'docs', 'benchmarks'),
): Promise<string> {
  const date = new Date().toISOString();
  const versions = { node: process.versions.node, ...report.versions };
  await mkdir(folder, { recursive: true });
  const json = { name, date, machine, cores: machine.cores, versions, rows: report.rows };
  await writeFile(join(folder, `${name}.json`), `${JSON.stringify(json, null, 2)}\n`);
  await writeFile(join(folder, `${name}.svg`), plot(report.panels, report.plotDescription));
  await writeFile(join(folder, `${name}.md`), page(name, report, date, versions, machine));
  return folder;
}

/** The rows as a Markdown table. */
export function tableOf(rows: readonly Row[]): string {
  const head = '| | what | ours | peer | ratio | goal | |\n|---|---|---:|---:|---:|---|---|';
  const lines = rows.map((row) => {
    const peer = row.peer === null ? '' : `${row.peer} (${row.peerName})`;
    return `| \`${row.id}\` | ${row.what} | ${row.ours} ${row.unit} | ${peer} | ${row.ratio ?? ''} | ${goalText(row)} | ${verdict(row)} |`;
  });
  return [head, ...lines].join('\n');
}

function verdict(row: Row): string {
  const met = isMet(row);
  if (met === null) return '';
  return met ? 'met' : '**missed**';
}

function goalText({ goal, unit }: Row): string {
  if (goal === null) return '';
  const bound = goal.atLeast === undefined ? `≤ ${goal.atMost}` : `≥ ${goal.atLeast}`;
  return goal.of === 'ratio' ? `ratio ${bound}` : `${bound} ${unit}`;
}

/** Call it before anything is measured: what others do on the machine shows in its load. */
export function describeMachine() {
  const processors = cpus();
  return {
    cores: processors.length,
    processor: processors[0]?.model.trim() ?? 'unknown',
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    platform: `${process.platform} ${process.arch}`,
    loadBefore: round(loadavg()[0] ?? Number.NaN, 2),
  };
}

function page(name: string, report: Report, date: string, versions: Record<string, string>, machine: Machine): string {
  const named = Object.entries(versions).map(([what, version]) => `${what} ${version}`);
  return `# ${report.title}

Written by \`npm run bench -- ${name}\` on ${date.slice(0, 16).replace('T', ' ')} UTC. The same figures for programs: [${name}.json](${name}.json).

Machine: ${machine.cores} cores (${machine.processor}), ${machine.memoryGiB} GiB, ${machine.platform}; ${named.join(', ')}. Everything, the load included, ran on it at the same time. Its load average before the run was ${machine.loadBefore}${machine.loadBefore > machine.cores / 4 ? ': **it was busy with other things, and the figures suffer from that**' : ''}.

${tableOf(report.rows)}

![${report.plotDescription}](${name}.svg)

${report.text}`;
}
