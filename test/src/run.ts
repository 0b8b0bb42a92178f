/**
 * `npm test`: everything, in the order in which a mistake shows soonest. Brings what the tests need, says so, and ends
 * with one line "N passed, N failed". `npm test -- unit` or `npm test -- e2e lint` runs only those steps.
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
  run: () => Promise<Tally>;
}

interface Tally {
  passed: number;
  failed: number;
}

const steps: Step[] = [
  { name: 'lint', run: () => check(bin('biome'), ['ci', '.']) },
  { name: 'types', run: () => check(bin('tsc'), ['--noEmit']) },
  { name: 'components', run: bringComponents },
  { name: 'unit', run: () => mocha([], 30) },
  { name: 'e2e', run: () => mocha(['--config', 'test/mocha.e2e.json'], 20) },
  { name: 'install', run: () => mocha(['--config', 'test/mocha.install.json'], 15) },
];

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !steps.some((step) => step.name === name));
if (unknown.length > 0) {
  console.error(`No such step: ${unknown.join(', ')}. There are: ${steps.map((step) => step.name).join(', ')}.`);
  process.exit(2);
}

const total: Tally = { passed: 0, failed: 0 };
for (const step of steps) {
  if (wanted.length > 0 && !wanted.includes(step.name)) continue;
  const started = Date.now();
  log(`── ${step.name}`);
  const tally = await step.run().catch((error: Error) => {
    log(error.message);
    return { passed: 0, failed: 1 };
  });
  total.passed += tally.passed;
  total.failed += tally.failed;
  log(`── ${step.name}: ${tally.failed === 0 ? 'ok' : 'FAILED'} in ${Math.round((Date.now() - started) / 1000)} s`);
}
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exit(total.failed === 0 ? 0 : 1);

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
async function check(command: string, args: string[]): Promise<Tally> {
  const { code } = await run(command, args, 10);
  return code === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}

/** Mocha's closing counts; a run that died before them, ran nothing or left something running is a failure more. */
async function mocha(args: string[], limitMinutes: number): Promise<Tally> {
  const { code, output, faults } = await run(bin('mocha'), args, limitMinutes);
  const count = (word: string) => Number(output.match(new RegExp(`^\\s*(\\d+) ${word}`, 'm'))?.[1] ?? 0);
  const tally = { passed: count('passing'), failed: count('failing') };
  const honest = (code === 0 && tally.passed > 0) || tally.failed > 0;
  return { passed: tally.passed, failed: tally.failed + faults.length + (honest ? 0 : 1) };
}

async function run(command: string, args: string[], limitMinutes: number): Promise<CommandOutcome> {
  const last = /^\s*\d+ passing \(/m;
  const outcome = await runCommand(command, args, { cwd: root, limitMs: limitMinutes * 60_000, last });
  for (const fault of outcome.faults) log(fault);
  return outcome;
}
