/** Kannel 1.4.5 (Debian `kannel`), a gateway that others made, connected to the simulator: as test peer and as yardstick. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import getPort from 'get-port';

export interface Kannel {
  /** What a GET hands a message over with. */
  sendUrl(fields: Record<string, string>): URL;
  /** Its two processes. */
  pids: number[];
  /** Hands a message over by `/cgi-bin/sendsms`; resolves with the HTTP status. */
  send(fields: Record<string, string>): Promise<number>;
  stop(): Promise<void>;
}

export interface KannelOptions {
  smppPort: number;
  /** submit_sm without an answer; Kannel's own default is 10. */
  window?: number;
  /** Called with what people write: `?from=&to=&text=` is added. */
  inboundUrl?: string;
}

const BEARERBOX = '/usr/sbin/bearerbox';
const SMSBOX = '/usr/sbin/smsbox';
const LOOK_AGAIN_MS = 100;
const PATIENCE_MS = 20_000;
const KILL_AFTER_MS = 5000;

/** Resolves when both of its boxes are up. Rejects with the command that installs it, or with what it said. */
export async function startKannel(options: KannelOptions): Promise<Kannel> {
  if (!existsSync(BEARERBOX)) throw new Error('Kannel is not installed. Install it: sudo apt-get install kannel');
  const folder = mkdtempSync(join(tmpdir(), 'civicline-kannel-'));
  const [adminPort, smsboxPort, sendPort] = [
    await getPort({ host: '127.0.0.1' }),
    await getPort({ host: '127.0.0.1' }),
    await getPort({ host: '127.0.0.1' }),
  ];
  const password = randomBytes(12).toString('hex');
  const file = join(folder, 'kannel.conf');
  writeFileSync(file, configuration({ ...options, adminPort, smsboxPort, sendPort, password }), { mode: 0o600 });
  const boxes: Box[] = [];
  const stop = async () => {
    for (const box of boxes.reverse()) await box.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  const address = `http://127.0.0.1:${sendPort}/cgi-bin/sendsms`;
  try {
    boxes.push(startBox(BEARERBOX, file));
    const status = `http://127.0.0.1:${adminPort}/status?password=${password}`;
    await until(boxes, async () => /\(online/.test(await (await fetch(status)).text()));
    boxes.push(startBox(SMSBOX, file));
    await until(boxes, async () => (await fetch(address)).status < 500);
  } catch (error) {
    await stop();
    throw error;
  }
  const sendUrl = (fields: Record<string, string>) =>
    new URL(`${address}?${new URLSearchParams({ username: 'civicline', password, ...fields })}`);
  return {
    sendUrl,
    pids: boxes.map(({ pid }) => pid),
    async send(fields) {
      const response = await fetch(sendUrl(fields));
      await response.arrayBuffer();
      return response.status;
    },
    stop,
  };
}

interface Ports {
  adminPort: number;
  smsboxPort: number;
  sendPort: number;
  password: string;
}

function configuration(options: KannelOptions & Ports): string {
  const { smppPort, window = 10, inboundUrl, adminPort, smsboxPort, sendPort, password } = options;
  const groups: Record<string, string | number>[] = [
    {
      group: 'core',
      'admin-port': adminPort,
      'admin-interface': '127.0.0.1',
      'admin-password': password,
      'smsbox-port': smsboxPort,
      'smsbox-interface': '127.0.0.1',
      'box-allow-ip': '127.0.0.1',
      'sms-resend-freq': 1,
      'log-level': 2,
    },
    {
      group: 'smsc',
      smsc: 'smpp',
      'smsc-id': 'simulator',
      host: '127.0.0.1',
      port: smppPort,
      'transceiver-mode': 'true',
      'smsc-username': 'kannel',
      'smsc-password': 'secret',
      'system-type': '""',
      'interface-version': 34,
      'max-pending-submits': window,
      'reconnect-delay': 1,
    },
    {
      group: 'smsbox',
      'bearerbox-host': '127.0.0.1',
      'sendsms-port': sendPort,
      'sendsms-interface': '127.0.0.1',
      'log-level': 2,
    },
    { group: 'sendsms-user', username: 'civicline', password, concatenation: 'true', 'max-messages': 10 },
    {
      group: 'sms-service',
      keyword: 'default',
      concatenation: 'true',
      'max-messages': 0,
      ...(inboundUrl
        ? { 'get-url': `"${inboundUrl}?from=%p&to=%P&text=%b&charset=%C"` }
        : { text: '"No messages are received here"' }),
    },
  ];
  return groups
    .map((group) =>
      Object.entries(group)
        .map(([name, value]) => `${name} = ${value}`)
        .join('\n'),
    )
    .join('\n\n')
    .concat('\n');
}

interface Box {
  pid: number;
  ended(): string | null;
  stop(): Promise<void>;
}

const MAXIMUM_SAID = 20_000;

function startBox(program: string, file: string): Box {
  const child: ChildProcess = spawn(program, [file], { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  let running = true;
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => {
      running = false;
      resolve();
    });
  });
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (text) => {
      said = (said + text).slice(-MAXIMUM_SAID);
    });
  }
  return {
    pid: child.pid ?? 0,
    ended: () => (running ? null : `${program} has ended:\n${said}`),
    async stop() {
      child.kill('SIGTERM');
      const kill = setTimeout(() => child.kill('SIGKILL'), KILL_AFTER_MS);
      await exited;
      clearTimeout(kill);
    },
  };
}

/** What other processes do can only be looked at again and again. */
async function until(boxes: readonly Box[], holds: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + PATIENCE_MS; Date.now() < end; ) {
    if (await holds().catch(() => false)) return;
    for (const box of boxes) {
      const ended = box.ended();
      if (ended) throw new Error(ended);
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
  }
  throw new Error('Kannel does not come up.');
}
