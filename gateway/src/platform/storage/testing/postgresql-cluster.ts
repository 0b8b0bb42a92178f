/** For tests: a real PostgreSQL server of one's own, in a temporary folder, reached by a Unix socket. */
import { type ChildProcess, type ExecFileSyncOptions, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chownSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout } from 'node:timers/promises';
import pg from 'pg';

export interface Cluster {
  url: string;
  /** kill -9 of the server and all that it started. */
  kill(): Promise<void>;
  /** After {@link Cluster.kill}: starts again on the same data. */
  start(): Promise<void>;
  /** From now on, what the server acknowledges its standby has as well. */
  addStandby(): Promise<Standby>;
  /** Ends it and removes its folder. */
  remove(): Promise<void>;
}

export interface Standby {
  /** kill -9 of the server; its address leads to the standby, which a moment later takes its place. */
  takeOver(): Promise<void>;
}

interface Server {
  /** Of this very server, whoever is the cluster's. */
  url: string;
  kill(): Promise<void>;
  start(): Promise<void>;
  end(): Promise<void>;
}

const PROGRAMS = '/usr/lib/postgresql';
const INSTALL = 'PostgreSQL is not installed; run: sudo apt-get install postgresql';
/** How long the address leads to a standby that only reads. */
const BEFORE_PROMOTION_MS = 300;

/**
 * Ends with this process, whatever way that ends. Throws the command to run where PostgreSQL is not installed.
 * `flushes`: commits wait for the disk as in production; tests kill the server, never the machine.
 */
export async function startCluster({ flushes = false } = {}): Promise<Cluster> {
  const programs = findPrograms();
  const user = serverUser();
  const folder = mkdtempSync(join(tmpdir(), 'civicline-postgresql-'));
  if (user) chownSync(folder, user.uid, user.gid);
  const as = { ...user, cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] } satisfies ExecFileSyncOptions;
  const program = (name: string, args: string[]) => execFileSync(join(programs, name), args, as);
  const address = join(folder, 'address');
  const [first, second] = [join(folder, 'first'), join(folder, 'second')];
  const initialise = ['-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'];
  program('initdb', ['-D', join(first, 'data'), ...initialise]);
  const common = { programs, user, folder, flushes };
  const servers = [createServer({ ...common, home: first })];
  const [server] = servers as [Server];
  await server.start();
  symlinkSync(first, address);

  return {
    url: urlOf(address),
    start: server.start,
    kill: server.kill,
    async addStandby() {
      const copy = ['-D', join(second, 'data'), '-d', server.url, '--write-recovery-conf', '--checkpoint=fast'];
      program('pg_basebackup', [...copy, '--no-sync']);
      const standby = createServer({ ...common, home: second });
      servers.push(standby);
      await standby.start();
      await query(server.url, "alter system set synchronous_standby_names = '*'");
      await query(server.url, 'select pg_reload_conf()');
      while ((await query(server.url, "select from pg_stat_replication where sync_state = 'sync'")) === 0) {
        await setTimeout(50);
      }
      return {
        async takeOver() {
          await server.kill();
          symlinkSync(second, `${address}.next`);
          renameSync(`${address}.next`, address);
          await setTimeout(BEFORE_PROMOTION_MS);
          await query(standby.url, 'select pg_promote()');
        },
      };
    },
    async remove() {
      await Promise.all(servers.map((one) => one.end()));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A server whose data lie in `home`, where its socket is as well. */
function createServer(options: {
  programs: string;
  user: User | undefined;
  folder: string;
  home: string;
  flushes: boolean;
}): Server {
  const { programs, user, folder, home, flushes } = options;
  const data = join(home, 'data');
  const url = urlOf(home);
  let server: ChildProcess | undefined;

  async function tryToStart(): Promise<boolean> {
    server = spawn(
      'sh',
      ['-c', WATCHED, 'sh', join(programs, 'postgres'), data, home, folder, flushes ? 'on' : 'off'],
      {
        ...user,
        cwd: folder,
        stdio: ['pipe', 'ignore', 'ignore'],
        // What interrupts the tests does not reach the shell, which cleans up.
        detached: true,
      },
    );
    server.unref();
    (server.stdin as Socket).unref();
    return answers(url, server);
  }

  return {
    url,
    /** Again and again: what a killed server had started goes a moment later than itself. */
    async start() {
      for (let attempt = 0; attempt < 100; attempt++) if (await tryToStart()) return;
      throw new Error('PostgreSQL does not start.');
    },
    async kill() {
      const [pid] = readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n');
      process.kill(Number(pid), 'SIGKILL');
      await ended(server);
    },
    async end() {
      server?.stdin?.end();
      await ended(server);
    },
  };
}

function urlOf(socketFolder: string): string {
  return `postgres://postgres@${encodeURIComponent(socketFolder)}/postgres`;
}

/** Returns how many rows there are. */
async function query(url: string, text: string): Promise<number> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    return (await client.query(text)).rowCount ?? 0;
  } finally {
    await client.end();
  }
}

/**
 * The server under a shell that ends it when its own input ends, thus also after kill -9 of the tests; and removes the
 * cluster's folder, unless it was the server that was killed (137), which may be started again. Its log is not wanted:
 * tests make errors on purpose.
 */
const WATCHED = `
exec 3<&0
"$1" -D "$2" -k "$3" -c listen_addresses= -c fsync="$5" -c max_connections=200 </dev/null >/dev/null 2>&1 3<&- &
server=$!
(cat >/dev/null; kill -QUIT $server) <&3 2>/dev/null &
wait $server
status=$?
kill $! 2>/dev/null
[ $status = 137 ] || rm -rf "$4"
exit $status`;

async function ended(server: ChildProcess | undefined): Promise<void> {
  if (server?.exitCode !== null) return;
  server.ref();
  await once(server, 'exit');
}

async function answers(url: string, server: ChildProcess): Promise<boolean> {
  while (server.exitCode === null) {
    const client = new pg.Client(url);
    client.on('error', () => undefined);
    try {
      await client.connect();
      await client.end();
      return true;
    } catch {
      await setTimeout(50);
    }
  }
  return false;
}

function findPrograms(): string {
  const versions = existsSync(PROGRAMS) ? readdirSync(PROGRAMS).sort((a, b) => Number(b) - Number(a)) : [];
  const found = versions
    .map((version) => join(PROGRAMS, version, 'bin'))
    .find((bin) => existsSync(join(bin, 'initdb')));
  if (!found) throw new Error(INSTALL);
  return found;
}

interface User {
  uid: number;
  gid: number;
}

/** PostgreSQL refuses to be run by root. */
function serverUser(): User | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const id = (option: string) => Number(execFileSync('id', [option, 'postgres'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}
