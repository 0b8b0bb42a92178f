/**
 * `npm test`: everything, in the order in which a mistake shows soonest. Brings what the tests need, says so, and ends
 * with one line "N passed, N failed". `npm test -- unit` or `npm test -- e2e lint` runs only those steps. Steps that wait
 * for most of their time run side by side; what the second says is shown when the first has ended.
 */
import { join, resolve } from 'node:path';
import process from 'node:process';
import { prepareAsterisk } from '@civicline/asterisk';
import { buildFrontEnds, log } from '@civicline/launcher';
import { prepareYivi } from '@civicline/yivi';
import { type CommandOutcome, runCommand } from './command.ts';
import { ensureDebianPackages } from './debian.ts';
import { prepareWallet } from './wallet/index.ts';

const root = resolve(import.meta.dirname, '../..');
const home = join(root, '.civicline');
const bin = (name: string) => join(root, 'node_modules', '.bin', name);

interface Step {
  name: string;
  run: (show: Show) => Promise<Tally>;
}

type Show = (chunk: Buffer) => void;

interface Tally {
  passed: number;
  failed: number;
}

/** One line after the other; the steps of one line side by side. */
const steps: Step[][] = [
  [{ name: 'lint', run: (show) => check(bin('biome'), ['ci', '.'], show) }],
  [{ name: 'types', run: (show) => check(bin('tsc'), ['--noEmit'], show) }],
  [{ name: 'components', run: bringComponents }],
  [
    { name: 'unit', run: (show) => mocha([], 30, show) },
    { name: 'screens', run: (show) => mocha(['--config', 'test/mocha.screens.json'], 20, show) },
  ],
  [{ name: 'e2e', run: (show) => mocha(['--config', 'test/mocha.e2e.json'], 20, show) }],
  [{ name: 'install', run: (show) => mocha(['--config', 'test/mocha.install.json'], 15, show) }],
];

const names = steps.flat().map(({ name }) => name);
const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !names.includes(name));
if (unknown.length > 0) {
  console.error(`No such step: ${unknown.join(', ')}. There are: ${names.join(', ')}.`);
  process.exit(2);
}

const total: Tally = { passed: 0, failed: 0 };
for (const line of steps) {
  const [first, ...others] = line.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
  if (!first) continue;
  const later = others.map(runHeldBack);
  count(await runStep(first, (chunk) => process.stdout.write(chunk)));
  for (const tell of later) count(await tell());
}
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exit(total.failed === 0 ? 0 : 1);

function count({ passed, failed }: Tally): void {
  total.passed += passed;
  total.failed += failed;
}

async function runStep(step: Step, show: Show): Promise<Tally> {
  const started = Date.now();
  log(`── ${step.name}`);
  const tally = await step.run(show).catch((error: Error) => {
    log(error.message);
    return { passed: 0, failed: 1 };
  });
  log(`── ${step.name}: ${tally.failed === 0 ? 'ok' : 'FAILED'} in ${Math.round((Date.now() - started) / 1000)} s`);
  return tally;
}

/** Runs a step whose output waits; to be called when it may be shown. */
function runHeldBack(step: Step): () => Promise<Tally> {
  const held: Buffer[] = [];
  const running = runStep(step, (chunk) => void held.push(chunk));
  return async () => {
    const tally = await running;
    process.stdout.write(Buffer.concat(held));
    return tally;
  };
}

/** What the tests use beside npm packages: Asterisk, the Yivi server, a wallet, a browser, the built front ends. */
async function bringComponents(): Promise<Tally> {
  await prepareAsterisk({ home, log });
  await prepareYivi({ home, log });
  await prepareWallet({ home, log });
  ensureDebianPackages(log);
  await buildFrontEnds(root, log);
  return { passed: 0, failed: 0 };
}

/** A command whose exit code is its verdict. */
async function check(command: string, args: string[], show: Show): Promise<Tally> {
  const { code } = await run(command, args, 10, show);
  return code === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}

/** Mocha's closing counts; a run that died before them, ran nothing or left something running is a failure more. */
async function mocha(args: string[], limitMinutes: number, show: Show): Promise<Tally> {
  const { code, output, faults } = await run(bin('mocha'), args, limitMinutes, show);
  const count = (word: string) => Number(output.match(new RegExp(`^\\s*(\\d+) ${word}`, 'm'))?.[1] ?? 0);
  const tally = { passed: count('passing'), failed: count('failing') };
  const honest = (code === 0 && tally.passed > 0) || tally.failed > 0;
  return { passed: tally.passed, failed: tally.failed + faults.length + (honest ? 0 : 1) };
}

async function run(command: string, args: string[], limitMinutes: number, show: Show): Promise<CommandOutcome> {
  const last = /^\s*\d+ passing \(/m;
  const outcome = await runCommand(command, args, { cwd: root, limitMs: limitMinutes * 60_000, last, show });
  for (const fault of outcome.faults) log(fault);
  return outcome;
}
