import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readlinkSync } from 'node:fs';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePorts } from '@civicline/launcher';
import { expect } from 'chai';

const root = resolve(import.meta.dirname, '../../..');
const MINUTE = 60_000;

/** What README.md promises to somebody who has just cloned the repository. */
describe('A fresh clone in an empty directory', function () {
  this.timeout(20 * MINUTE);
  let clone: string;
  let port: number;

  before(async () => {
    clone = await realpath(await mkdtemp(join(tmpdir(), 'civicline-clone-')));
    execFileSync('git', ['clone', '--quiet', root, clone]);
    port = (await freePorts()).gateway;
  });
  after(() => rm(clone, { recursive: true, force: true }));

  it('starts with one command, serves a verified call, delivers a message, and leaves no process behind', async () => {
    const first = npmStart();
    await ready(first);
    const [call] = npmRun('demo:call', '--json');
    expect(call).to.include({ accepted: true, ended: 'hung-up-while-waiting' });
    expect(call?.disclosed).to.have.length(6);
    const steps = execFileSync('npx', ['civicline-send', '--to', '+32470000001', '--text', 'Uw afspraak is morgen'], {
      cwd: clone,
      encoding: 'utf8',
    });
    expect(steps).to.match(/^accepted[\s\S]*^attempted[\s\S]*^delivered/m);
    const phonesUrl = /^phones\s+(\S+)/m.exec(steps)?.[1];
    const { phones } = (await (await fetch(`${phonesUrl}/state`)).json()) as { phones: object[] };
    expect(phones[0]).to.include({ number: '+32470000001', preview: 'Uw afspraak is morgen' });
    await stop(first);
    expect(processesIn(clone)).to.deep.equal([]);
  });

  it('starts a second time without installing anything, with what it had', async () => {
    const second = npmStart();
    const output = await ready(second);
    expect(output).to.not.match(/Installing|Unpacking|Downloading|Building/);
    await stop(second);
    expect(processesIn(clone)).to.deep.equal([]);
  });

  it('says which port is taken, and by which option to choose another', async () => {
    const first = npmStart();
    await ready(first);
    expect(await refusal(npmStart())).to.match(/LAUNCHER_PORT_TAKEN[\s\S]*npm start -- --port/);
    expect(await refusal(npmStart({ port: (await freePorts()).gateway }))).to.include('LAUNCHER_RUNS_ALREADY');
    await stop(first);
  });

  it('leaves no process behind when it is killed, and starts again', async () => {
    const first = npmStart();
    await ready(first);
    process.kill(-(first.pid ?? 0), 'SIGKILL');
    await allGone();
    const second = npmStart();
    await ready(second);
    await stop(second);
    expect(processesIn(clone)).to.deep.equal([]);
  });

  it('stops when its terminal is closed', async () => {
    const terminal = spawn('script', ['--quiet', '--flush', '--command', `npm start -- --port ${port}`, '/dev/null'], {
      cwd: clone,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    await ready(terminal);
    terminal.kill('SIGKILL');
    await allGone();
  });

  function npmStart(options: { port?: number } = {}): ChildProcess {
    return spawn('npm', ['start', '--', '--port', String(options.port ?? port)], {
      cwd: clone,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
  }

  /** What one that does not start says. */
  async function refusal(child: ChildProcess): Promise<string> {
    let output = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
    const [code] = (await once(child, 'exit')) as [number];
    expect(code).to.equal(1);
    return output;
  }

  function npmRun(script: string, ...args: string[]): { [key: string]: unknown; disclosed: unknown[] }[] {
    const output = execFileSync('npm', ['run', '--silent', script, '--', ...args], { cwd: clone, encoding: 'utf8' });
    return output
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
  }

  /** Resolves with everything printed once it says that it is ready. */
  function ready(child: ChildProcess): Promise<string> {
    return new Promise((done, failed) => {
      let output = '';
      const read = (chunk: Buffer) => {
        output += chunk.toString();
        if (/\bready\b/.test(output)) done(output);
      };
      child.stdout?.on('data', read);
      child.stderr?.on('data', read);
      child.once('exit', (code) => failed(new Error(`npm start ended with ${code}:\n${output.slice(-2000)}`)));
    });
  }

  /** Ctrl-C: the whole group hears it, as in a terminal. */
  async function stop(child: ChildProcess): Promise<void> {
    const ended = once(child, 'exit');
    process.kill(-(child.pid ?? 0), 'SIGINT');
    await ended;
    await sleep(500);
  }

  /** Waits until nothing of the clone runs any more; every part has some seconds to end in order. */
  async function allGone(): Promise<void> {
    const deadline = Date.now() + MINUTE;
    while (processesIn(clone).length > 0) {
      if (Date.now() > deadline) throw new Error(`still running: ${processesIn(clone).join(', ')}`);
      await sleep(100);
    }
  }

  /** Command lines of processes that run in, or from, that folder. */
  function processesIn(folder: string): string[] {
    return readdirSync('/proc')
      .filter((entry) => /^\d+$/.test(entry))
      .filter((pid) => [`/proc/${pid}/cwd`, `/proc/${pid}/exe`].some((link) => pointsInto(link, folder)));
  }

  function pointsInto(link: string, folder: string): boolean {
    try {
      return readlinkSync(link).startsWith(folder);
    } catch {
      return false;
    }
  }
});
