/**
 * The reverse proxy of the production form: the real Caddy with the real production/Caddyfile. The rules stay as they
 * are; only where it listens, where the upstreams are and who signs the certificate are changed, in the adapted JSON.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { connect } from 'node:tls';
import { promisify } from 'node:util';

const CADDY = '/usr/bin/caddy';
const CADDYFILE = resolve(import.meta.dirname, '../../../production/Caddyfile');
export const DOMAIN = 'bellen.example.nl';

export interface RunningProxy {
  https: number;
  http: number;
  /** The authority that signed its certificate. */
  ca: Buffer;
  /** What it wrote. */
  log(): Promise<string>;
  stop(): Promise<void>;
}

interface Adapted {
  admin?: unknown;
  apps: {
    http: { http_port?: number; https_port?: number; servers: Record<string, { listen: string[] }> };
    [app: string]: unknown;
  };
}

/** The Caddyfile as Caddy itself reads it, in JSON. */
export async function adaptCaddyfile(environment: Record<string, string>): Promise<Adapted> {
  if (!existsSync(CADDY)) throw new Error('Caddy is not installed. Install it: sudo apt-get install caddy');
  const args = ['adapt', '--adapter', 'caddyfile', '--config', CADDYFILE];
  const { stdout } = await promisify(execFile)(CADDY, args, { env: environment });
  return JSON.parse(stdout) as Adapted;
}

/** Every address that a reverse proxy in the configuration leads to, such as `gateway:3000`. */
export function upstreamsOf(config: unknown): string[] {
  return [...new Set([...JSON.stringify(config).matchAll(/"dial":"([^"]+)"/g)].map(([, address = '']) => address))];
}

/** Starts it on free ports of 127.0.0.1; `upstreams`: where to find each name that the Caddyfile has. */
export async function startProxy(upstreams: Record<string, string>): Promise<RunningProxy> {
  const home = await mkdtemp(join(tmpdir(), 'civicline-proxy-'));
  const environment = { CIVICLINE_DOMAIN: DOMAIN, HOME: home, XDG_DATA_HOME: home, XDG_CONFIG_HOME: home };
  const [http, https] = await twoFreePorts();
  const config = onThisMachine(await adaptCaddyfile(environment), { http, https, upstreams });
  await writeFile(join(home, 'caddy.json'), JSON.stringify(config));

  const logFile = await open(join(home, 'log'), 'w');
  const env = { ...environment, PATH: process.env.PATH };
  const caddy = spawn(CADDY, ['run', '--config', join(home, 'caddy.json')], {
    env,
    stdio: ['ignore', logFile.fd, logFile.fd],
  });
  await logFile.close();
  const log = () => readFile(join(home, 'log'), 'utf8');
  const stop = async () => {
    await ended(caddy);
    await rm(home, { recursive: true, force: true });
  };
  try {
    const ca = await answering(caddy, https, join(home, 'caddy/pki/authorities/local/root.crt'));
    return { https, http, ca, log, stop };
  } catch (error) {
    const written = await log();
    await stop();
    throw new Error(`${(error as Error).message}\n${written}`);
  }
}

function onThisMachine(
  config: Adapted,
  { http, https, upstreams }: { http: number; https: number; upstreams: Record<string, string> },
): Adapted {
  const { apps } = JSON.parse(JSON.stringify(config), (key, value) => {
    return key === 'dial' ? (upstreams[value as string] ?? value) : value;
  }) as Adapted;
  // What listens on 443 makes Caddy listen on 80, too, on the same address; both are told here.
  for (const server of Object.values(apps.http.servers)) {
    server.listen = server.listen.map((address) => address.replace(/^:443$/, `127.0.0.1:${https}`));
  }
  return {
    ...config,
    admin: { disabled: true, config: { persist: false } },
    apps: {
      ...apps,
      http: { ...apps.http, http_port: http, https_port: https },
      // An authority of its own, that this machine is not told to trust.
      tls: { automation: { policies: [{ issuers: [{ module: 'internal' }] }] } },
      pki: { certificate_authorities: { local: { install_trust: false } } },
    },
  };
}

/** Resolves with the authority's certificate once TLS is spoken. */
async function answering(caddy: ChildProcess, port: number, root: string): Promise<Buffer> {
  const deadline = Date.now() + 30_000;
  while (Date.now() < deadline && caddy.exitCode === null) {
    const ca = await readFile(root).catch(() => null);
    if (ca !== null && (await speaksTls(port, ca))) return ca;
    await pause(50);
  }
  throw new Error('Caddy does not start:');
}

function speaksTls(port: number, ca: Buffer): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, servername: DOMAIN, ca });
    const settle = (spoken: boolean) => {
      socket.destroy();
      resolve(spoken);
    };
    socket.once('secureConnect', () => settle(true));
    socket.once('error', () => settle(false));
  });
}

async function ended(caddy: ChildProcess): Promise<void> {
  if (caddy.exitCode !== null || caddy.signalCode !== null) return;
  const exit = once(caddy, 'exit');
  // Not SIGTERM: that would wait for the streams that a test left open.
  caddy.kill('SIGKILL');
  await exit;
}

/** Both held until both are found, or they might be the same. */
async function twoFreePorts(): Promise<[number, number]> {
  const servers = [createServer(), createServer()] as const;
  await Promise.all(servers.map((server) => once(server.listen(0, '127.0.0.1'), 'listening')));
  const [http, https] = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return [http ?? 0, https ?? 0];
}
