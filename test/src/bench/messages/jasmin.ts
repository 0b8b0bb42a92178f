/** Jasmin SMS Gateway 0.11.1 (PyPI `jasmin`) with RabbitMQ and Redis, connected to the simulator: the second yardstick. */
import { execFile, spawn, spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { createOnce, type Log } from '@civicline/yivi';
import getPort from 'get-port';
import { type DebianPackage, ensureDebianPackages } from '../../debian.ts';

export const JASMIN_VERSION = '0.11.1';

export interface Jasmin {
  /** What a GET hands a message over with. */
  sendUrl(fields: Record<string, string>): URL;
  /** Of its process and of the two that it needs. */
  pids: { jasmind: number; rabbitmq: number; redis: number };
  stop(): Promise<void>;
}

/** Debian's own command for it insists on one user and one folder; this is what it calls. */
const RABBITMQ = '/usr/lib/rabbitmq/bin/rabbitmq-server';
const PACKAGES: DebianPackage[] = [
  {
    name: 'rabbitmq-server',
    what: 'the queues of Jasmin',
    isThere: () => existsSync(RABBITMQ),
    // Erlang's name server comes with it, unless somebody has it for other things.
    services: ['rabbitmq-server', ...(existsSync('/usr/bin/epmd') ? [] : ['epmd.socket', 'epmd.service'])],
  },
  {
    name: 'redis-server',
    what: 'the memory of Jasmin',
    isThere: () => existsSync('/usr/bin/redis-server'),
    services: ['redis-server'],
  },
  {
    name: 'python3-venv',
    what: 'a place for Jasmin',
    isThere: () => spawnSync('/usr/bin/python3', ['-c', 'import ensurepip']).status === 0,
  },
];
const run = promisify(execFile);

const PATIENCE_MS = 60_000;
const LOOK_AGAIN_MS = 100;
const KILL_AFTER_MS = 10_000;
const MAXIMUM_SAID = 20_000;

/**
 * Brings Jasmin, and the Debian packages it needs, unless they are there.
 * @param home the `.civicline` folder
 * @returns the Python that has it
 * @throws Error with what the failing command said, or with the one to run by hand
 */
export async function prepareJasmin({ home, log }: { home: string; log: Log }): Promise<string> {
  ensureDebianPackages(log, PACKAGES);
  const folder = join(home, 'jasmin', JASMIN_VERSION);
  await createOnce(folder, async (path) => {
    log(`Installing Jasmin ${JASMIN_VERSION} …`);
    await run('/usr/bin/python3', ['-m', 'venv', path]);
    await run(join(path, 'bin/python'), ['-m', 'pip', 'install', '--quiet', `jasmin==${JASMIN_VERSION}`]);
  });
  return join(folder, 'bin/python');
}

export interface JasminOptions {
  /** From `prepareJasmin`. */
  python: string;
  smppPort: number;
  /** Without TCP_NODELAY, of which it makes no use; else it is set for it. */
  asItComes?: boolean;
}

/**
 * Resolves when it is bound to the SMSC. Rejects with what was said by the process that did not come up. There is no
 * window to choose: it takes the next message from its queue when the SMSC has answered the one before.
 */
export async function startJasmin({ python, smppPort, asItComes = false }: JasminOptions): Promise<Jasmin> {
  const room = {
    folder: await mkdtemp(join(tmpdir(), 'civicline-jasmin-')),
    ports: await freePorts(),
    password: newPassword(),
  };
  const started: Started[] = [];
  const stop = async () => {
    for (const one of started.reverse()) await one.stop();
    await rm(room.folder, { recursive: true, force: true });
  };
  try {
    const redis = startRedis(room);
    started.push(redis, startErlangNames(room));
    const rabbitmq = await startRabbitmq(room);
    started.push(rabbitmq);
    await until(started, () => accepts(room.ports.redis));
    await until(started, () => accepts(room.ports.amqp));
    const jasmind = await startJasmind(room, python, asItComes);
    started.push(jasmind);
    await until(started, () => accepts(room.ports.console));
    await configure(room, smppPort);
    const address = `http://127.0.0.1:${room.ports.http}/send`;
    return {
      sendUrl: (fields) =>
        new URL(`${address}?${new URLSearchParams({ username: USER, password: room.password, ...fields })}`),
      pids: { jasmind: jasmind.pid, rabbitmq: rabbitmq.pid, redis: redis.pid },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

interface Room {
  folder: string;
  ports: Record<(typeof PORTS)[number], number>;
  password: string;
}

const USER = 'civicline';
const BROKERS = ['redis', 'erlangNames', 'erlang', 'amqp'] as const;
const PORTS = [...BROKERS, 'http', 'console', 'smpp', 'smppAdmin', 'router', 'clients'] as const;

async function freePorts(): Promise<Room['ports']> {
  const free = await Promise.all(PORTS.map(async (name) => [name, await getPort({ host: '127.0.0.1' })] as const));
  return Object.fromEntries(free) as Room['ports'];
}

/** Jasmin takes 16 characters at most. */
function newPassword(): string {
  return randomBytes(8).toString('hex');
}

/** Keeps nothing on the disk. */
function startRedis({ folder, ports }: Room): Started {
  const settings = { port: ports.redis, bind: '127.0.0.1', dir: folder, save: '', appendonly: 'no', daemonize: 'no' };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
  return start('/usr/bin/redis-server', args, { folder });
}

/** Erlang's name server: RabbitMQ would otherwise start one that stays and that others on the network reach. */
function startErlangNames({ folder, ports }: Room): Started {
  return start('/usr/bin/epmd', ['-address', '127.0.0.1', '-port', String(ports.erlangNames)], { folder });
}

async function startRabbitmq({ folder, ports, password }: Room): Promise<Started> {
  const file = join(folder, 'rabbitmq.conf');
  const settings = {
    'listeners.tcp.1': `127.0.0.1:${ports.amqp}`,
    default_user: USER,
    default_pass: password,
    'log.file.level': 'warning',
  };
  await writeFile(file, lines(settings), { mode: 0o600 });
  await writeFile(join(folder, 'plugins'), '[].\n');
  return start(RABBITMQ, [], {
    folder,
    RABBITMQ_NODENAME: `civicline-${ports.amqp}@localhost`,
    RABBITMQ_CONFIG_FILE: file,
    RABBITMQ_CONF_ENV_FILE: '/dev/null',
    RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, 'plugins'),
    RABBITMQ_MNESIA_BASE: join(folder, 'mnesia'),
    RABBITMQ_LOG_BASE: join(folder, 'log'),
    RABBITMQ_DIST_PORT: String(ports.erlang),
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-kernel inet_dist_use_interface {127,0,0,1}',
    ERL_EPMD_ADDRESS: '127.0.0.1',
    ERL_EPMD_PORT: String(ports.erlangNames),
    // Its shell then becomes the server: there is one process, and it ends with a signal.
    RUNNING_UNDER_SYSTEMD: 'true',
  });
}

/** Its lock has a fixed place for the whole machine, and the package lacks the description of AMQP that it reads. */
const LAUNCH = `
import os, runpy, sys, lockfile, txamqp
folder, FileLock = sys.argv.pop(1), lockfile.FileLock
lockfile.FileLock = lambda _: FileLock(os.path.join(folder, 'lock'))
specs = os.path.join(os.path.dirname(txamqp.__file__), 'specs', 'standard')
os.environ['AMQP_BROKER_SPEC'] = os.path.join(specs, 'amqp0-9-1.stripped.xml')
runpy.run_module('jasmin.bin.jasmind', run_name='__main__')
`;

/**
 * It answers a receipt and then sends the next message; with Nagle's algorithm that message waits until the SMSC's kernel
 * acknowledges the answer, which it puts off for 40 ms.
 */
const NO_DELAY = `
from twisted.internet import tcp
def connected(client, goOn=tcp.BaseClient._connectDone):
    client.setTcpNoDelay(True)
    goOn(client)
tcp.BaseClient._connectDone = connected
`;

async function startJasmind(room: Room, python: string, asItComes: boolean): Promise<Started> {
  const { folder, password } = room;
  const file = join(folder, 'jasmin.cfg');
  await writeFile(file, jasminSettings(room), { mode: 0o600 });
  return start(python, ['-c', (asItComes ? '' : NO_DELAY) + LAUNCH, folder, '-c', file], {
    folder,
    LOG_PATH: folder,
    CONFIG_PATH: folder,
    STORE_PATH: folder,
    JCLI_USERNAME: USER,
    JCLI_PASSWORD: password,
  });
}

/** It says no more than Kannel does: warnings. */
function jasminSettings({ ports, password }: Room): string {
  const admin = { admin_username: USER, admin_password: createHash('md5').update(password).digest('hex') };
  const quiet = { log_level: 'WARNING' };
  const here = (port: number) => ({ bind: '127.0.0.1', port, ...quiet });
  const sections: Record<string, Record<string, string | number>> = {
    'amqp-broker': { port: ports.amqp, username: USER, password, ...quiet },
    'redis-client': { port: ports.redis, ...quiet },
    'http-api': { ...here(ports.http), access_log: 'None' },
    jcli: { ...here(ports.console), ...admin },
    'smpp-server': here(ports.smpp),
    'smpp-server-pb': { ...here(ports.smppAdmin), ...admin },
    router: { ...here(ports.router), ...admin },
    'client-management': { ...here(ports.clients), ...admin },
    'sm-listener': quiet,
  };
  return Object.entries(sections)
    .map(([name, settings]) => `[${name}]\n${lines(settings)}`)
    .join('\n');
}

function lines(settings: Record<string, string | number>): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name} = ${value}\n`)
    .join('');
}

/** One user, one SMSC and one way to it. */
async function configure({ ports, password }: Room, smppPort: number): Promise<void> {
  const { say, close } = openConsole(ports.console);
  const commands = [
    [USER, password],
    ['group -a', 'gid bench', 'ok'],
    ['user -a', `uid ${USER}`, 'gid bench', `username ${USER}`, `password ${password}`, 'ok'],
    ['smppccm -a', 'cid simulator', 'host 127.0.0.1', `port ${smppPort}`, 'username jasmin', 'password secret'],
    // Else one message per second; level 30 is WARNING.
    ['bind transceiver', 'submit_throughput 0', 'loglevel 30', 'ok'],
    ['mtrouter -a', 'type DefaultRoute', 'connector smppc(simulator)', 'rate 0.0', 'ok'],
    ['smppccm -1 simulator'],
  ];
  try {
    for (const line of commands.flat()) await say(line);
    await until([], async () => /BOUND_TRX/.test(await say('smppccm -l')));
  } finally {
    close();
  }
}

/** What a terminal makes of them is not text. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they begin with one
const TERMINAL_COMMANDS = /\x1b\[[0-9;?]*[A-Za-z]/g;
const PROMPT = /(jcli : |> |Password: |Authentication required\.\s*)$/;

/** `say` writes a line and resolves with the answer, once there is a prompt again. */
function openConsole(port: number): { say(line: string): Promise<string>; close(): void } {
  const socket = connect(port, '127.0.0.1').setEncoding('latin1');
  let said = '';
  socket.on('data', (text) => {
    said += text;
  });
  const shown = () => said.replace(TERMINAL_COMMANDS, '');
  const prompted = () => until([], async () => PROMPT.test(shown()), 20);
  return {
    async say(line) {
      await prompted();
      said = '';
      socket.write(`${line}\r\n`);
      await prompted();
      return shown();
    },
    close: () => socket.destroy(),
  };
}

interface Started {
  pid: number;
  /** What it said, once it has ended. */
  ended(): string | null;
  stop(): Promise<void>;
}

/** With an environment of its own: Jasmin and RabbitMQ take settings from any other. Ends with this process as well. */
function start(program: string, args: string[], { folder, ...environment }: Record<string, string>): Started {
  const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: folder, LANG: 'C.UTF-8', ...environment };
  const child = spawn(program, args, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (text) => {
      said = (said + text).slice(-MAXIMUM_SAID);
    });
  }
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  const exited = once(child, 'exit').catch((error: Error) => {
    said += error.message;
  });
  let running = true;
  void exited.then(() => {
    running = false;
    process.off('exit', kill);
  });
  return {
    pid: child.pid ?? 0,
    ended: () => (running ? null : `${program} has ended:\n${said}`),
    async stop() {
      child.kill('SIGTERM');
      const timer = setTimeout(kill, KILL_AFTER_MS);
      await exited;
      clearTimeout(timer);
    },
  };
}

/** What other processes do can only be looked at again and again. */
async function until(
  started: readonly Started[],
  holds: () => Promise<boolean>,
  everyMs = LOOK_AGAIN_MS,
): Promise<void> {
  for (const end = Date.now() + PATIENCE_MS; Date.now() < end; ) {
    if (await holds()) return;
    for (const { ended } of started) {
      const why = ended();
      if (why) throw new Error(why);
    }
    await sleep(everyMs);
  }
  throw new Error('Jasmin does not come up.');
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  return once(socket, 'connect')
    .then(() => true)
    .catch(() => false)
    .finally(() => socket.destroy());
}
