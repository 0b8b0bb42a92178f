/** For tests: a real PostgreSQL server of one's own, in a temporary folder, reached by a Unix socket. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
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
  /** Ends it and removes its folder. */
  remove(): Promise<void>;
}

const PROGRAMS = '/usr/lib/postgresql';
const INSTALL = 'PostgreSQL is not installed; run: sudo apt-get install postgresql';

/** Ends with this process, whatever way that ends. Throws the command to run where PostgreSQL is not installed. */
export async function startCluster(): Promise<Cluster> {
  const programs = findPrograms();
  const user = serverUser();
  const folder = mkdtempSync(join(tmpdir(), 'civicline-postgresql-'));
  if (user) chownSync(folder, user.uid, user.gid);
  const data = join(folder, 'data');
  const initialise = ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'];
  execFileSync(join(programs, 'initdb'), initialise, { ...user, cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
  const url = `postgres://postgres@${encodeURIComponent(folder)}/postgres`;
  let server: ChildProcess | undefined;

  async function tryToStart(): Promise<boolean> {
    server = spawn('sh', ['-c', WATCHED, 'sh', join(programs, 'postgres'), data, folder], {
      ...user,
      cwd: folder,
      stdio: ['pipe', 'ignore', 'ignore'],
      // What interrupts the tests does not reach the shell, which cleans up.
      detached: true,
    });
    server.unref();
    (server.stdin as Socket).unref();
    return answers(url, server);
  }

  /** Again and again: what a killed server had started goes a moment later than itself. */
  async function start(): Promise<void> {
    for (let attempt = 0; attempt < 100; attempt++) if (await tryToStart()) return;
    throw new Error('PostgreSQL does not start.');
  }

  await start();
  return {
    url,
    start,
    async kill() {
      const [pid] = readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n');
      process.kill(Number(pid), 'SIGKILL');
      await ended(server);
    },
    async remove() {
      server?.stdin?.end();
      await ended(server);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/**
 * The server under a shell that ends it when its own input ends, thus also after kill -9 of the tests; and removes its
 * folder, unless it was the server that was killed (137), which may be started again. Its log is not wanted: tests make errors on purpose.
 */
const WATCHED = `
exec 3<&0
"$1" -D "$2" -k "$3" -c listen_addresses= -c fsync=off -c max_connections=200 </dev/null >/dev/null 2>&1 3<&- &
server=$!
(cat >/dev/null; kill -QUIT $server) <&3 2>/dev/null &
wait $server
status=$?
kill $! 2>/dev/null
[ $status = 137 ] || rm -rf "$3"
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

/** PostgreSQL refuses to be run by root. */
function serverUser(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const id = (option: string) => Number(execFileSync('id', [option, 'postgres'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}
