/**
 * Starts Asterisk in a directory of its own, as a child that cannot outlive this process.
 *
 *   starting ── ARI answers ──► running ── stop() ──► ended
 *      └─ it ends, or 30 s ──► error     └─ kill(), a crash, the end of this process ──► ended
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { type EventEmitter, once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { mkdir, readFile, rm, symlink } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { lastLines } from './command.ts';
import { type Settings, writeConfiguration } from './configuration.ts';
import { findOnPath } from './find-on-path.ts';
import type { AsteriskInstallation } from './installation.ts';

export interface StartOptions {
  installation: AsteriskInstallation;
  /** Absolute; made when missing. Two running Asterisks never share one. */
  directory: string;
  ports: {
    /** TCP, for ARI and the browsers' WebSockets. */
    http: number;
    /** UDP. */
    sip: number;
    /** UDP, first and last of the range for sound; a call takes four. */
    rtpStart: number;
    rtpEnd: number;
  };
  ariPassword: string;
  /** Prefixes the ids of its channels; default `civicline`. */
  name?: string;
  /**
   * The address of this machine to which browsers send their sound, during a call and encrypted. Default: any, because
   * browsers do not send it to 127.0.0.1, where everything else is.
   */
  mediaAddress?: string;
  /** Addresses or networks whose SIP calls come in as the trunk's; default 127.0.0.1. */
  trunkAddresses?: string[];
  /** Country code, such as `31`, of a trunk that delivers national numbers; default none: it delivers E.164. */
  trunkCountry?: string;
  /** Agents' endpoints that ring when the gateway stays away, such as `PJSIP/phone-agent-a`; default none. */
  fallbackEndpoints?: string[];
  /** Default two hours. */
  longestCallSeconds?: number;
  /** How long a caller has for the first digit once the prompt has been spoken; default 5. */
  firstDigitSeconds?: number;
}

export interface RunningAsterisk {
  /** Without /ari at its end. */
  ariUrl: string;
  ariUser: string;
  ariPassword: string;
  sipPort: number;
  /** What the page's softphone connects to. */
  softphoneUrl: string;
  version: string;
  process: ChildProcess;
  /** Settles when the process has ended, for whatever reason. */
  exited: Promise<void>;
  /** Ends its calls and then the process; settles when it is gone. May be called again. */
  stop(): Promise<void>;
  /** kill -9: for tests of what a crash leaves behind. */
  kill(): Promise<void>;
}

const ARI_USER = 'civicline';
const HERE = '127.0.0.1';
const READY_WITHIN_MS = 30_000;
const STOP_WITHIN_MS = 10_000;

/**
 * Starts Asterisk and waits until ARI answers. Throws `ASTERISK_START_FAILED` with the end of its log when it does not,
 * and `ASTERISK_TOOL_MISSING` naming the package to install.
 */
export async function startAsterisk(options: StartOptions): Promise<RunningAsterisk> {
  const { installation, directory, ports, ariPassword } = options;
  await assertPortsFree(ports);
  await layOut(options);
  const logFile = join(directory, 'asterisk.log');
  const child = spawnAsterisk(installation, directory, logFile);
  const exited = once(child, 'exit').then(() => {});
  const ariUrl = `http://${HERE}:${ports.http}`;
  try {
    await Promise.race([untilReady(child, ariUrl, ariPassword), exited.then(() => endedEarly(child))]);
  } catch (cause) {
    child.kill('SIGKILL');
    await exited;
    const log = lastLines(await readFile(logFile, 'utf8'), 15);
    throw Object.assign(
      new Error(`ASTERISK_START_FAILED: ${(cause as Error).message}. The end of ${logFile}:\n${log}`),
      { code: 'ASTERISK_START_FAILED' },
    );
  }
  return {
    ariUrl,
    ariUser: ARI_USER,
    ariPassword,
    sipPort: ports.sip,
    softphoneUrl: `ws://${HERE}:${ports.http}/ws`,
    version: installation.version,
    process: child,
    exited,
    stop: () => stop(child, exited),
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

/** Asterisk itself would start without the port and only say so in its log. */
async function assertPortsFree({ http, sip }: StartOptions['ports']): Promise<void> {
  const tcp = createServer().listen(http, HERE);
  await listening(tcp, `TCP port ${http}`);
  await promisify(tcp.close.bind(tcp))();
  const udp = createSocket('udp4').bind(sip, HERE);
  await listening(udp, `UDP port ${sip}`);
  udp.close();
}

async function listening(socket: EventEmitter, what: string): Promise<void> {
  await once(socket, 'listening').catch((error: Error) => {
    throw Object.assign(new Error(`ASTERISK_PORT_TAKEN: ${what} of ${HERE} is in use (${error.message})`), {
      code: 'ASTERISK_PORT_TAKEN',
    });
  });
}

/** Everything that Asterisk finds in its directory: configuration, its own data, our prompts and music. */
async function layOut(options: StartOptions): Promise<void> {
  const { installation, directory } = options;
  await mkdir(directory, { recursive: true, mode: 0o700 });
  for (const name of ['data', 'var', 'spool', 'run', 'log']) await mkdir(join(directory, name), { recursive: true });
  await link(join(installation.data, 'documentation'), join(directory, 'data', 'documentation'));
  await link(join(installation.data, 'rest-api'), join(directory, 'data', 'rest-api'));
  await link(installation.sounds, join(directory, 'data', 'sounds'));
  await link(installation.music, join(directory, 'data', 'moh'));
  await writeConfiguration(settingsOf(options));
}

async function link(target: string, path: string): Promise<void> {
  await rm(path, { recursive: true, force: true });
  await symlink(target, path);
}

function settingsOf(options: StartOptions): Settings {
  const { installation, directory, ports, ariPassword, mediaAddress } = options;
  return {
    NAME: options.name ?? 'civicline',
    DIRECTORY: directory,
    MODULES_LINE: installation.modules ? `astmoddir => ${installation.modules}` : '',
    HTTP_ADDRESS: HERE,
    HTTP_PORT: String(ports.http),
    ARI_PASSWORD: ariPassword,
    ARI_PERMITTED: '127.0.0.1/32',
    SIP_ADDRESS: HERE,
    SIP_PORT: String(ports.sip),
    SIP_PERMITTED: ['127.0.0.0/8', ...(options.trunkAddresses ?? [])].join(','),
    TRUNK_ADDRESSES: (options.trunkAddresses ?? [HERE]).join(','),
    EXTERNAL_ADDRESS: HERE,
    LOCAL_NETWORKS: '127.0.0.0/8',
    MEDIA_ADDRESS: mediaAddress ?? '0.0.0.0',
    ICE_PERMITTED: mediaAddress ? `${mediaAddress}/32` : '0.0.0.0/0',
    RTP_START: String(ports.rtpStart),
    RTP_END: String(ports.rtpEnd),
    TRUNK_COUNTRY: options.trunkCountry ?? '',
    FALLBACK_DIAL: (options.fallbackEndpoints ?? []).join('&'),
    LONGEST_CALL_SECONDS: String(options.longestCallSeconds ?? 7200),
    FIRST_DIGIT_SECONDS: String(options.firstDigitSeconds ?? 5),
  };
}

function spawnAsterisk(installation: AsteriskInstallation, directory: string, logFile: string): ChildProcess {
  // The kernel ends Asterisk with this process, even after kill -9; and being a session of its own, Asterisk does not
  // get a terminal's Ctrl-C, so that things can be stopped in order.
  const setpriv = findOnPath('setpriv');
  if (!setpriv) {
    throw Object.assign(new Error('setpriv was not found; install it with: sudo apt-get install util-linux'), {
      code: 'ASTERISK_TOOL_MISSING',
    });
  }
  const log = openSync(logFile, 'a', 0o600);
  const child = spawn(
    setpriv,
    ['--pdeathsig', 'KILL', ...installation.command, '-C', join(directory, 'etc', 'asterisk.conf'), '-f'],
    { cwd: directory, stdio: ['ignore', log, log], detached: true },
  );
  closeSync(log);
  return child;
}

function endedEarly(child: ChildProcess): never {
  throw new Error(`Asterisk ended with ${child.signalCode ?? `status ${child.exitCode}`}`);
}

async function untilReady(child: ChildProcess, ariUrl: string, password: string): Promise<void> {
  const authorization = `Basic ${Buffer.from(`${ARI_USER}:${password}`).toString('base64')}`;
  const deadline = Date.now() + READY_WITHIN_MS;
  let last = 'no answer';
  while (Date.now() < deadline && child.exitCode === null && child.signalCode === null) {
    const answer = await fetch(`${ariUrl}/ari/asterisk/info?only=status`, {
      headers: { authorization },
      signal: AbortSignal.timeout(2000),
    }).catch(() => null);
    await answer?.body?.cancel();
    if (answer?.ok) return;
    if (answer) last = `status ${answer.status}`;
    await sleep(50);
  }
  throw new Error(`ARI did not answer at ${ariUrl} within ${READY_WITHIN_MS / 1000} s (${last})`);
}

async function stop(child: ChildProcess, exited: Promise<void>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  const timeout = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
  await exited;
  clearTimeout(timeout);
}
