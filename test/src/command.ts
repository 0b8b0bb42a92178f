/**
 * A command of `npm test` run to its end, whatever it does: one that outlives its limit is ended, and so is whatever it
 * leaves running, because a test run that never ends says less than one that fails. Both are told, and count as
 * failures: leaving a process behind is a fault of the test or of what it tests.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import process from 'node:process';
import { setTimeout as pause } from 'node:timers/promises';

export interface CommandOutcome {
  code: number;
  /** The last million characters of standard output. */
  output: string;
  /** What went wrong beside the exit code, a sentence each. */
  faults: string[];
}

export interface CommandOptions {
  cwd: string;
  limitMs: number;
  /** After output that matches, the command has said all it has to say and must end within `graceMs`. */
  last?: RegExp;
  /** Gets standard output as it comes; without it, it is shown. */
  show?: (chunk: Buffer) => void;
  graceMs?: number;
  /** What it started may go on for so long: a database that was told to end still removes its folder. */
  leaveMs?: number;
}

/** In the environment of the command and of all that it starts. */
const MARK = 'CIVICLINE_TEST_COMMAND';
const LOOK_EVERY_MS = 100;

export async function runCommand(command: string, args: string[], options: CommandOptions): Promise<CommandOutcome> {
  const {
    cwd,
    limitMs,
    last,
    show = (chunk) => process.stdout.write(chunk),
    graceMs = 60_000,
    leaveMs = 60_000,
  } = options;
  const mark = randomUUID();
  const faults: string[] = [];
  const env = { ...process.env, [MARK]: mark };
  const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'inherit'] });
  const end = (fault: string) => {
    faults.push(fault);
    child.kill('SIGKILL');
  };
  let timer = setTimeout(end, limitMs, `It did not end within ${seconds(limitMs)}.`);
  let saidAll = false;
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    show(chunk);
    output = (output + chunk.toString()).slice(-1_000_000);
    if (saidAll || !last?.test(output)) return;
    saidAll = true;
    clearTimeout(timer);
    timer = setTimeout(end, graceMs, `It was done, but did not end within ${seconds(graceMs)}.`);
  });
  const code = await exitCode(child);
  clearTimeout(timer);
  for (const { pid, line } of await leftovers(mark, leaveMs)) {
    faults.push(`It left a process running: ${line}`);
    kill(pid);
  }
  // Whoever inherited its output and is not ours to end would keep it open.
  child.stdout.destroy();
  return { code, output, faults };
}

function seconds(ms: number): string {
  return `${ms / 1_000} s`;
}

async function exitCode(child: ChildProcess): Promise<number> {
  const [code] = (await once(child, 'exit')) as [number | null];
  return code ?? 1;
}

async function leftovers(mark: string, leaveMs: number): Promise<{ pid: number; line: string }[]> {
  const deadline = Date.now() + leaveMs;
  for (;;) {
    const found = processesMarked(mark);
    if (found.length === 0 || Date.now() > deadline) return found;
    await pause(LOOK_EVERY_MS);
  }
}

function processesMarked(mark: string): { pid: number; line: string }[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        if (!readFileSync(`/proc/${pid}/environ`, 'utf8').includes(`${MARK}=${mark}`)) return [];
        const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
        return [{ pid: Number(pid), line }];
      } catch {
        // Somebody else's, or gone meanwhile.
        return [];
      }
    });
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // Gone meanwhile.
  }
}
