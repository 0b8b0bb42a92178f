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
import { generateRoleKey } from '../../../gateway/src/platform/run/index.ts';

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
  /** SMIS first. */
  processes: readonly RoleProcess[];
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

export interface GatewayOptions {
  smppPort: number;
  databaseUrl?: string;
  /** SMIS and the SMS channel are processes of their own, each with a database and keys of its own. */
  separate?: boolean;
}

/** One of the gateway's processes. */
export interface RoleProcess {
  name: string;
  pid: number;
  /** kill -9. */
  kill(): Promise<void>;
  /** Again with the same database, after `kill` or `stop`. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** A gateway with an SMS channel only: no Asterisk, no Yivi server. `remove` ends it and what it stored. */
export async function openGateway(options: GatewayOptions) {
  const folder = await mkdtemp(join(tmpdir(), 'civicline-messages-'));
  const keys = generateSealingKeysSync();
  await mkdir(join(folder, 'data'));
  await writeFile(join(folder, 'routes.yaml'), routes(options.smppPort));
  const sms = {
    CIVICLINE_SMS_ROUTES: join(folder, 'routes.yaml'),
    CIVICLINE_SMS_KEYS: JSON.stringify([{ keyId: keys.keyId, privateKey: keys.privateKey }]),
    CARRIER_PASSWORD: 'any',
  };
  const environments = await (options.separate ? apart : together)({ ...options, folder, sms });
  const processes = environments.map((environment) => createProcess(environment, folder));
  const remove = async () => {
    for (const one of processes) await one.stop();
    await rm(folder, { recursive: true, force: true });
  };
  const [{ environment }, first] = [environments[0], processes[0]] as [Environment, RoleProcess];
  const url = `http://${environment.CIVICLINE_LISTEN}`;
  try {
    for (const one of processes) await one.start();
  } catch (error) {
    await remove();
    throw error;
  }
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
      return first.pid;
    },
    url,
    key,
    processes,
    addSender,
    channelKey: { id: keys.keyId, publicKey: keys.publicKey },
    async metric(name, labels = '') {
      const text = await (await fetch(`${url}/metrics`)).text();
      const line = text.split('\n').find((candidate) => candidate.startsWith(`${name}${labels}`));
      return Number(line?.split(' ').at(-1) ?? Number.NaN);
    },
    kill: first.kill,
    start: first.start,
    stop: first.stop,
  };
  return { gateway, folder, remove };
}

interface Environment {
  name: string;
  environment: NodeJS.ProcessEnv & { CIVICLINE_LISTEN: string };
}

interface Surroundings extends GatewayOptions {
  folder: string;
  /** Settings of the SMS channel. */
  sms: Record<string, string>;
}

const dataKey = () => randomBytes(32).toString('base64');
const AT_ANY_HOUR = {
  CIVICLINE_SEND_WINDOWS: JSON.stringify({ sms: { individual: null, informative: null, broadcast: null } }),
};

async function freeAddress(): Promise<string> {
  return `127.0.0.1:${await getPort({ host: '127.0.0.1' })}`;
}

/** All roles in one process. */
async function together({ folder, databaseUrl, sms }: Surroundings): Promise<Environment[]> {
  const environment = {
    ...process.env,
    CIVICLINE_LISTEN: await freeAddress(),
    CIVICLINE_ORGANISATIONS: join(root, 'demo/civicline.yaml'),
    DATABASE_URL: databaseUrl ?? `file:${join(folder, 'data')}`,
    CIVICLINE_DATA_KEY: dataKey(),
    CIVICLINE_SESSION_KEY: dataKey(),
    // Calls are not measured here: nothing listens there.
    CIVICLINE_IRMA_URL: 'http://127.0.0.1:9',
    CIVICLINE_IRMA_TOKEN: 'none',
    CIVICLINE_OIDC_ISSUER: 'http://127.0.0.1:9',
    CIVICLINE_OIDC_CLIENT_ID: 'none',
    CIVICLINE_OIDC_CLIENT_SECRET: 'none',
    ...sms,
    ...AT_ANY_HOUR,
  };
  return [{ name: 'gateway', environment }];
}

/** SMIS first, to which senders speak, and the channel. */
async function apart({ folder, databaseUrl, sms }: Surroundings): Promise<Environment[]> {
  const [smisAddress, smsAddress] = [await freeAddress(), await freeAddress()];
  const [smisKey, smsKey] = [generateRoleKey(), generateRoleKey()];
  const common = (role: string, address: string) => ({
    ...process.env,
    CIVICLINE_ROLES: role,
    CIVICLINE_LISTEN: address,
    DATABASE_URL: databaseUrl ?? `file:${join(folder, 'data', role)}`,
    CIVICLINE_DATA_KEY: dataKey(),
  });
  const channel = { name: 'sms', url: `http://${smsAddress}`, publicKeys: [smsKey.publicKey] };
  const smis = {
    ...common('smis', smisAddress),
    ...AT_ANY_HOUR,
    CIVICLINE_ROLE_KEY: smisKey.privateKey,
    CIVICLINE_CHANNELS: JSON.stringify([channel]),
  };
  const ofSms = {
    ...common('sms', smsAddress),
    ...sms,
    CIVICLINE_ROLE_KEY: smsKey.privateKey,
    CIVICLINE_SMIS_PUBLIC_KEYS: smisKey.publicKey,
  };
  return [
    { name: 'smis', environment: smis },
    { name: 'sms', environment: ofSms },
  ];
}

function createProcess({ name, environment }: Environment, folder: string): RoleProcess {
  const logFile = join(folder, `${name}.log`);
  const log = openSync(logFile, 'a');
  let child: ChildProcess | undefined;
  return {
    name,
    get pid() {
      return child?.pid ?? 0;
    },
    async start() {
      child = spawn(process.execPath, gatewayArguments, { cwd: root, env: environment, stdio: ['ignore', log, log] });
      try {
        await untilReady(`http://${environment.CIVICLINE_LISTEN}`, child, logFile);
      } catch (error) {
        await end(child, 'SIGKILL');
        throw error;
      }
    },
    kill: () => end(child, 'SIGKILL'),
    stop: () => end(child, 'SIGTERM'),
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

async function end(child: ChildProcess | undefined, signal: NodeJS.Signals): Promise<void> {
  if (!child || child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill(signal);
  await exited;
}

/** Resident memory of a process, MiB (proc_pid_status(5)). */
export async function residentMiB(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? Number.NaN) / 1024;
}
