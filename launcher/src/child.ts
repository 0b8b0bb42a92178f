import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Component } from './supervise.ts';

export interface ChildOptions {
  name: string;
  command: string;
  args: string[];
  env: Record<string, string>;
  cwd: string;
  /** Where its output goes, appended. */
  logFile: string;
  /** Answers 2xx once the child serves. */
  readyUrl: string;
}

/** A child process that answered at its ready URL. */
export interface RunningChild extends Component {
  pid: number;
  /** kill -9: for tests of what a crash leaves behind. */
  kill(): Promise<void>;
}

const READY_WITHIN_MS = 60_000;
const STOP_WITHIN_MS = 10_000;

/** Starts a process and waits until it serves. Throws `LAUNCHER_START_FAILED` naming the log file when it does not. */
export async function startChild(options: ChildOptions): Promise<RunningChild> {
  const { name, command, args, env, cwd, logFile, readyUrl } = options;
  const log = openSync(logFile, 'a');
  // A process group of its own: Ctrl-C in the terminal reaches the launcher alone, which then stops things in order.
  // When the launcher is killed, the kernel tells the child to end, too.
  const child = spawn('setpriv', ['--pdeathsig', 'TERM', command, ...args], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', log, log],
    detached: true,
  });
  const exited = once(child, 'exit').then(() => {});
  const running: RunningChild = {
    pid: child.pid ?? -1,
    exited,
    stop: () => stopChild(child, exited),
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
  };
  try {
    await Promise.race([
      untilReady(readyUrl),
      exited.then(() => {
        throw new Error(`it ended with code ${child.exitCode}`);
      }),
    ]);
  } catch (cause) {
    await running.kill();
    throw new Error(
      `LAUNCHER_START_FAILED: ${name} did not start: ${(cause as Error).message}. Its output: ${logFile}`,
    );
  }
  return running;
}

async function untilReady(url: string): Promise<void> {
  const deadline = Date.now() + READY_WITHIN_MS;
  while (Date.now() < deadline) {
    const answer = await fetch(url, { signal: AbortSignal.timeout(2000) }).catch(() => null);
    await answer?.body?.cancel();
    if (answer?.ok) return;
    await sleep(50);
  }
  throw new Error(`no answer at ${url} within ${READY_WITHIN_MS / 1000} s`);
}

async function stopChild(child: ChildProcess, exited: Promise<void>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  const timeout = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
  await exited;
  clearTimeout(timeout);
}
