import { type ChildProcess, spawn } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { CommandFailed, runCommand } from './command.ts';
import { DEMO_SCHEME } from './demo-scheme.ts';
import { YiviError } from './errors.ts';
import type { YiviInstallation } from './prepare.ts';

const HOST = '127.0.0.1';
const START_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 3_000;

export interface YiviOptions {
  installation: YiviInstallation;
  /** Where this server keeps its key, its requestor's token and its files; started again there it is the same server. */
  directory: string;
  /** `requestor` is for the gateway alone; `client` is what the Yivi app and the browser speak to. */
  ports: { requestor: number; client: number };
}

export interface RunningYivi {
  requestorUrl: string;
  clientUrl: string;
  /** The key of the requestor `civicline`, which may disclose, sign and, in the demo scheme only, issue. A secret. */
  requestorToken: string;
  version: string;
  process: ChildProcess;
  /** Ends it in an orderly way; resolves when the process is gone. */
  stop(): Promise<void>;
  /** Ends it with SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>;
}

/**
 * Runs the Yivi server on the loopback interface and waits until it answers on both of its ports.
 * Nothing that it says is kept: it writes the requests of sessions down, with the callers' codes, in spite of --quiet.
 * @throws YiviError YIVI_PORT_IN_USE or YIVI_START_FAILED
 */
export async function startYivi(options: YiviOptions): Promise<RunningYivi> {
  const { installation, directory, ports } = options;
  for (const port of Object.values(ports)) await expectFree(port);
  const requestorToken = await configure(options);
  const env = environmentIn(directory);
  const args = ['irma', 'server', '--config', join(directory, 'server.json')];
  // The kernel ends it with this process, even after kill -9; a terminal's Ctrl-C does not reach it.
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', installation.binary, ...args], {
    env,
    cwd: directory,
    stdio: 'ignore',
    detached: true,
  });
  const ended = new Promise<void>((resolve) => {
    child.once('error', () => resolve());
    child.once('exit', () => resolve());
  });

  const running: RunningYivi = {
    requestorUrl: `http://${HOST}:${ports.requestor}`,
    clientUrl: `http://${HOST}:${ports.client}`,
    requestorToken,
    version: installation.version,
    process: child,
    stop: async () => {
      child.kill('SIGTERM');
      // It waits for open event streams; those end with the process.
      if (!(await within(ended, STOP_TIMEOUT_MS))) child.kill('SIGKILL');
      await ended;
    },
    kill: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
  if (await answers([running.requestorUrl, running.clientUrl], ended)) return running;
  await running.kill();
  const reason = await explain(installation.binary, [...args.slice(0, 2), 'check', ...args.slice(2)], env);
  throw new YiviError('YIVI_START_FAILED', `The Yivi server did not start: ${reason}`);
}

/** Writes what the server reads at its start. Key and token outlive restarts, so that the gateway can go on. */
async function configure({ installation, directory, ports }: YiviOptions): Promise<string> {
  // A copy that the server makes of the installation's schemes; it may be half made, or of other keys.
  await rm(join(directory, 'schemes'), { recursive: true, force: true });
  for (const folder of ['schemes', 'home']) await mkdir(join(directory, folder), { recursive: true, mode: 0o700 });
  const token = await keptSecret(join(directory, 'requestor-token'), () => randomBytes(32).toString('base64url'));
  await keptSecret(join(directory, 'jwt-key.pem'), newJwtKey);
  const configuration = {
    schemes_path: join(directory, 'schemes'),
    schemes_assets_path: installation.schemes,
    schemes_update: 0,
    listen_addr: HOST,
    port: ports.requestor,
    client_listen_addr: HOST,
    client_port: ports.client,
    url: `http://${HOST}:${ports.client}`,
    sse: true,
    jwt_privkey_file: join(directory, 'jwt-key.pem'),
    no_auth: false,
    requestors: {
      civicline: {
        auth_method: 'token',
        key: token,
        disclose_perms: ['*'],
        sign_perms: ['*'],
        issue_perms: [`${DEMO_SCHEME}.*`],
      },
    },
  };
  await writeFile(join(directory, 'server.json'), JSON.stringify(configuration, null, 2), { mode: 0o600 });
  return token;
}

async function keptSecret(file: string, make: () => string): Promise<string> {
  if (!existsSync(file)) await writeFile(file, make(), { mode: 0o600 });
  return await readFile(file, 'utf8');
}

function newJwtKey(): string {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/** Nothing of the user's own IRMA settings (IRMASERVER_…, ~/.irmaserver, ~/.cache) reaches the server. */
function environmentIn(directory: string): NodeJS.ProcessEnv {
  const home = join(directory, 'home');
  return { PATH: process.env.PATH, HOME: home, XDG_CACHE_HOME: join(home, '.cache') };
}

function expectFree(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', () => reject(new YiviError('YIVI_PORT_IN_USE', `Port ${port} is in use by another program.`)));
    probe.listen(port, HOST, () => probe.close(() => resolve()));
  });
}

async function answers(urls: string[], ended: Promise<void>): Promise<boolean> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (Date.now() < deadline) {
    const healthy = await Promise.all(urls.map(isHealthy));
    if (healthy.every(Boolean)) return true;
    if (await within(ended, 50)) return false;
  }
  return false;
}

async function isHealthy(url: string): Promise<boolean> {
  try {
    // Kept open, the connection would be the next request's, just when the server ends it: after two idle seconds.
    const headers = { Connection: 'close' };
    const response = await fetch(`${url}/health`, { headers, signal: AbortSignal.timeout(2_000) });
    await response.body?.cancel();
    // The client port has no health page in some versions; that it answers at all is what counts there.
    return response.status < 500;
  } catch {
    return false;
  }
}

async function within(ended: Promise<void>, milliseconds: number): Promise<boolean> {
  const timer = new AbortController();
  const late = delay(milliseconds, false, { signal: timer.signal }).catch(() => false);
  const result = await Promise.race([ended.then(() => true), late]);
  timer.abort();
  return result;
}

/** Why the server ended is not kept either; its own configuration check says it. */
async function explain(binary: string, args: string[], env: NodeJS.ProcessEnv): Promise<string> {
  try {
    await runCommand(binary, args, { env });
    return 'it did not answer in time, though its configuration is right.';
  } catch (error) {
    return error instanceof CommandFailed ? error.message : String(error);
  }
}
