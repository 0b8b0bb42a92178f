/** A real Asterisk in a temporary directory for the tests of this folder, and a bare ARI application beside it. */
import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import getPort from 'get-port';
import { WebSocket } from 'ws';
import { type AsteriskInstallation, prepareAsterisk } from './installation.ts';
import type { RunningAsterisk, StartOptions } from './run.ts';

export const HOME = resolve(import.meta.dirname, '../../.civicline');
/** How long bringing Asterisk may take when it is not there yet. */
export const INSTALLING_MS = 600_000;

export function installed(): Promise<AsteriskInstallation> {
  return prepareAsterisk({ home: HOME, log: (line) => console.error(line) });
}

/** Options for an Asterisk of its own: temporary directory, free ports, new password. */
export async function startOptions(changes: Partial<StartOptions> = {}): Promise<StartOptions> {
  const rtpStart = 30_000 + 100 * Math.floor(Math.random() * 300);
  return {
    installation: await installed(),
    directory: await mkdtemp(join(tmpdir(), 'civicline-asterisk-')),
    ports: { http: await getPort({ host: '127.0.0.1' }), sip: await freeUdpPort(), rtpStart, rtpEnd: rtpStart + 99 },
    ariPassword: randomBytes(16).toString('hex'),
    ...changes,
  };
}

async function freeUdpPort(): Promise<number> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  await once(socket, 'close');
  return port;
}

export type Ari = <T>(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown) => Promise<T>;

function authorizationOf({ ariUser, ariPassword }: RunningAsterisk): string {
  return `Basic ${Buffer.from(`${ariUser}:${ariPassword}`).toString('base64')}`;
}

/** One ARI request; throws when it is refused. */
export function ariOf(asterisk: RunningAsterisk): Ari {
  return async <T>(method: string, path: string, body?: unknown) => {
    const response = await fetch(`${asterisk.ariUrl}/ari/${path}`, {
      method,
      headers: { authorization: authorizationOf(asterisk), 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`ARI answered ${response.status} to ${method} ${path}: ${text}`);
    return (text === '' ? undefined : JSON.parse(text)) as T;
  };
}

export interface StasisStart {
  args: string[];
  channel: { id: string; name: string; language: string };
}

export interface Application {
  /** The next channel that enters, also one that did before this was asked. */
  nextStart(): Promise<StasisStart>;
  /** Goes away as a gateway that dies. */
  close(): Promise<void>;
}

/** Listens as the application `civicline`. */
export async function openApplication(asterisk: RunningAsterisk): Promise<Application> {
  const socket = new WebSocket(`${asterisk.ariUrl.replace('http', 'ws')}/ari/events?app=civicline`, {
    headers: { authorization: authorizationOf(asterisk) },
  });
  const arrived: StasisStart[] = [];
  const waiting: ((start: StasisStart) => void)[] = [];
  socket.on('message', (data) => {
    const event = JSON.parse(String(data)) as StasisStart & { type: string };
    if (event.type !== 'StasisStart') return;
    const next = waiting.shift();
    if (next) next(event);
    else arrived.push(event);
  });
  await once(socket, 'open');
  return {
    nextStart() {
      const start = arrived.shift();
      return start ? Promise.resolve(start) : new Promise((hear) => waiting.push(hear));
    },
    async close() {
      socket.close();
      await once(socket, 'close');
    },
  };
}

export async function removeDirectory(directory: string): Promise<void> {
  await rm(directory, { recursive: true, force: true });
}
