import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'chai';
import { type CommandOptions, runCommand } from './command.ts';

const cwd = import.meta.dirname;
const node = (script: string, options: Partial<CommandOptions> = {}) =>
  runCommand(process.execPath, ['-e', script], { cwd, limitMs: 30_000, ...options });

/** Ends while what it started sleeps. */
const leaving = (duration: string) => `
  const { spawn } = require('node:child_process');
  const child = spawn('sleep', ['${duration}'], { detached: true, stdio: 'inherit' });
  child.unref();
  console.log(child.pid);
`;

/** Empty for a process that has ended, whether or not its parent has noticed. */
function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

describe('a command of the test run', () => {
  it('tells its exit code and what it printed', async () => {
    expect(await node('process.exitCode = 3')).to.deep.equal({ code: 3, output: '', faults: [] });
  });

  it('is ended when it takes too long', async () => {
    const { code, faults } = await node('setInterval(() => {}, 1000)', { limitMs: 500 });
    expect(code).not.to.equal(0);
    expect(faults).to.deep.equal(['It did not end within 0.5 s.']);
  });

  it('is ended when it has said all and goes on', async () => {
    const { faults } = await node('console.log("all said"); setInterval(() => {}, 1000)', {
      last: /all said/,
      graceMs: 200,
    });
    expect(faults).to.deep.equal(['It was done, but did not end within 0.2 s.']);
  });

  it('does not wait for a process that it left behind with its output, names it and ends it', async () => {
    const { code, output, faults } = await node(leaving('1000'), { leaveMs: 500 });
    expect(code).to.equal(0);
    expect(faults).to.deep.equal(['It left a process running: sleep 1000']);
    while (commandLine(Number(output)) !== '') await pause(20);
  });

  it('waits for what ends by itself', async () => {
    expect((await node(leaving('1'))).faults).to.deep.equal([]);
  });
});
