/** One SMSC simulator, and beside it either a gateway or Kannel: each a process of its own, all on this machine. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { gatewayArguments, root } from '@civicline/launcher';
import { generateSealingKeysSync } from '@civicline/protocol/sealing/node';
import getPort from 'get-port';

export interface Counts {
  /** submit_sm that the simulator took. */
  taken: number;
  /** Receipts that the sender has answered, which Civicline does when they are stored. */
  delivered: number;
}

export interface Simulator {
  pid: number;
  smppPort: number;
  counts(): Promise<Counts>;
  stop(): Promise<void>;
}

/** `smppPort` 0: a free one. */
export async function startSimulator(smppPort = 0): Promise<Simulator> {
  const file = join(root, 'sms/src/simulator/main.ts');
  const args = ['--import', 'tsx', file, '--smpp-port', String(smppPort), '--http-port', '0'];
  const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  const { smppPort: port, url } = JSON.parse(line) as { smppPort: number; url: string };
  return {
    pid: child.pid ?? 0,
    smppPort: port,
    async counts() {
      const { counts } = (await (await fetch(`${url}/state`)).json()) as { counts: Counts };
      return counts;
    },
    stop: () => end(child, 'SIGTERM'),
  };
}

export interface Gateway {
  pid: number;
  url: string;
  /** API key of a sender with every right and no quota. */
  key: string;
  /** Another such sender; returns its API key. */
  addSender(name: string): Promise<string>;
  /** What senders seal for. */
  channelKey: { id: string; publicKey: string };
  metric(name: string, labels?: string): Promise<number>;
  /** kill -9. */
  kill(): Promise<void>;
  /** Again with the same database, after `kill` or `stop`. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** A gateway with an SMS channel only: no Asterisk, no Yivi server. `remove` ends it and what it stored. */
export async function openGateway(options: { smppPort: number; databaseUrl?: string }) {
  const folder = await mkdtemp(join(tmpdir(), 'civicline-messages-'));
  const keys = generateSealingKeysSync();
  const port = await getPort({ host: '127.0.0.1' });
  const url = `http://127.0.0.1:${port}`;
  const databaseUrl = options.databaseUrl ?? `file:${join(folder, 'data')}`;
  await mkdir(join(folder, 'data'));
  await writeFile(join(folder, 'routes.yaml'), routes(options.smppPort));
  const environment = {
    ...process.env,
    CIVICLINE_LISTEN: `127.0.0.1:${port}`,
    CIVICLINE_ORGANISATIONS: join(root, 'demo/civicline.yaml'),
    DATABASE_URL: databaseUrl,
    CIVICLINE_DATA_KEY: randomBytes(32).toString('base64'),
    CIVICLINE_SESSION_KEY: randomBytes(32).toString('base64'),
    // Calls are not measured here: nothing listens there.
    CIVICLINE_IRMA_URL: 'http://127.0.0.1:9',
    CIVICLINE_IRMA_TOKEN: 'none',
    CIVICLINE_OIDC_ISSUER: 'http://127.0.0.1:9',
    CIVICLINE_OIDC_CLIENT_ID: 'none',
    CIVICLINE_OIDC_CLIENT_SECRET: 'none',
    CIVICLINE_SMS_ROUTES: join(folder, 'routes.yaml'),
    CIVICLINE_SMS_KEYS: JSON.stringify([{ keyId: keys.keyId, privateKey: keys.privateKey }]),
    CIVICLINE_SEND_WINDOWS: JSON.stringify({ sms: { individual: null, informative: null, broadcast: null } }),
    CARRIER_PASSWORD: 'any',
  };
  const log = openSync(join(folder, 'gateway.log'), 'a');
  let child: ChildProcess;
  async function start(): Promise<void> {
    child = spawn(process.execPath, gatewayArguments, {
      cwd: root,
      env: environment,
      stdio: ['ignore', log, log],
    });
    await untilReady(url, child, join(folder, 'gateway.log'));
  }
  await start().catch(async (error) => {
    await end(child, 'SIGKILL');
    throw error;
  });
  async function addSender(name: string): Promise<string> {
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [join(root, 'gateway/bin/civicline.mjs'), 'senders', 'add', name, '--json'],
      { cwd: root, env: environment },
    );
    return (JSON.parse(stdout) as { apiKey: string }).apiKey;
  }
  const key = await addSender('bench');
  const gateway: Gateway = {
    get pid() {
      return child.pid ?? 0;
    },
    url,
    key,
    addSender,
    channelKey: { id: keys.keyId, publicKey: keys.publicKey },
    async metric(name, labels = '') {
      const text = await (await fetch(`${url}/metrics`)).text();
      const line = text.split('\n').find((candidate) => candidate.startsWith(`${name}${labels}`));
      return Number(line?.split(' ').at(-1) ?? Number.NaN);
    },
    kill: () => end(child, 'SIGKILL'),
    start,
    stop: () => end(child, 'SIGTERM'),
  };
  return {
    gateway,
    folder,
    async remove() {
      await end(child, 'SIGTERM');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function routes(smppPort: number): string {
  return `routes:
  - name: simulator
    kind: smpp
    host: 127.0.0.1
    port: ${smppPort}
    systemId: civicline
    password: \${CARRIER_PASSWORD}
    prefixes: [{ prefix: '+', price: 0.025 }]
    window: 500
`;
}

async function untilReady(url: string, child: ChildProcess, logFile: string): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    const response = await fetch(`${url}/ready`).catch(() => null);
    if (response?.ok) return;
    if (child.exitCode !== null) break;
    await sleep(50);
  }
  throw new Error(`The gateway does not start:\n${(await readFile(logFile, 'utf8')).slice(-4000)}`);
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill(signal);
  await exited;
}

/** Resident memory of a process, MiB (proc_pid_status(5)). */
export async function residentMiB(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? Number.NaN) / 1024;
}
