/** `npm run bench -- NAME [--quick]`: measures, prints the table, and writes `docs/benchmarks/NAME.*`. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { log } from '@civicline/launcher';
import { measureCalls } from './calls/index.ts';
import { measureMessages } from './messages/index.ts';
import { describeMachine, type Report, tableOf, writeReport } from './report.ts';

export interface BenchOptions {
  /** A few calls only, to see that everything runs: its figures say nothing and go to the temporary folder. */
  quick: boolean;
  log: (line: string) => void;
}

const benchmarks: Record<string, (options: BenchOptions) => Promise<Report>> = {
  calls: measureCalls,
  messages: measureMessages,
};

const [name = '', ...flags] = process.argv.slice(2);
const measure = Object.hasOwn(benchmarks, name) ? benchmarks[name] : undefined;
if (!measure || flags.some((flag) => flag !== '--quick')) {
  console.error(`Usage: npm run bench -- NAME [--quick]. Benchmarks: ${Object.keys(benchmarks).join(', ')}.`);
  process.exit(2);
}

const quick = flags.includes('--quick');
const machine = describeMachine();
const report = await measure({ quick, log });
const folder = await writeReport(name, report, machine, quick ? join(tmpdir(), 'civicline-bench') : undefined);
console.log(`${tableOf(report.rows)}\n\nWritten: ${join(folder, `${name}.md`)}`);
process.exit(0);
