/**
 * A real Asterisk with the product's configuration for the tests of this folder, and the least possible ARI application
 * in the gateway's place: it sees every event and can send any request.
 */
import { randomBytes } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { agentEndpoint, prepareAsterisk, type RunningAsterisk, startAsterisk } from '@civicline/asterisk';
import { freePorts, RTP_PORTS } from '@civicline/launcher/ports';
import { WebSocket } from 'ws';
import type { Credentials } from './digest.ts';
import type { Peer } from './transaction.ts';

const APPLICATION = 'civicline';
const HOME = resolve(import.meta.dirname, '../../../.civicline');

/** The part of ARI's events that these tests look at. */
export interface StasisEvent {
  type: string;
  args?: string[];
  channel?: { id: string; name: string };
}

export interface TestAsterisk {
  readonly asterisk: RunningAsterisk;
  /** Where phones send their SIP. */
  readonly server: Peer;
  /** Emits `event` with each {@link StasisEvent}. */
  readonly events: EventEmitter<{ event: [StasisEvent] }>;
  /** The first event from now on that fits. */
  event(fits: (event: StasisEvent) => boolean): Promise<StasisEvent>;
  ari(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown): Promise<unknown>;
  /** Makes an endpoint for an agent's SIP phone, as the gateway does. */
  addPhone(agentId: string, password?: string): Promise<Credentials>;
  stop(): Promise<void>;
}

export async function startTestAsterisk(): Promise<TestAsterisk> {
  const installation = await prepareAsterisk({ home: HOME, log: (line) => console.error(line) });
  const directory = await mkdtemp(join(tmpdir(), 'civicline-phone-'));
  const ports = await freePorts();
  const asterisk = await startAsterisk({
    installation,
    directory,
    ports: {
      http: ports.asteriskHttp,
      sip: ports.sip,
      rtpStart: ports.rtpStart,
      rtpEnd: ports.rtpStart + RTP_PORTS - 1,
    },
    ariPassword: randomBytes(16).toString('hex'),
  });
  const authorization = `Basic ${Buffer.from(`${asterisk.ariUser}:${asterisk.ariPassword}`).toString('base64')}`;
  const socket = new WebSocket(`${asterisk.ariUrl.replace('http', 'ws')}/ari/events?app=${APPLICATION}`, {
    headers: { authorization },
  });
  const events: TestAsterisk['events'] = new EventEmitter();
  events.setMaxListeners(0);
  socket.on('message', (data) => events.emit('event', JSON.parse(String(data)) as StasisEvent));
  await once(socket, 'open');

  const ari: TestAsterisk['ari'] = async (method, path, body) => {
    const response = await fetch(`${asterisk.ariUrl}/ari/${path}`, {
      method,
      headers: { authorization, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`ARI answered ${response.status} to ${method} ${path}: ${await response.text()}`);
    return response.status === 204 ? undefined : response.json();
  };

  return {
    asterisk,
    server: { address: '127.0.0.1', port: asterisk.sipPort },
    events,
    event: (fits) =>
      new Promise((resolveEvent) => {
        const look = (event: StasisEvent) => {
          if (!fits(event)) return;
          events.off('event', look);
          resolveEvent(event);
        };
        events.on('event', look);
      }),
    ari,
    async addPhone(agentId, password = randomBytes(12).toString('hex')) {
      for (const { type, id, fields } of agentEndpoint({ agentId, kind: 'phone', password })) {
        await ari('PUT', `asterisk/config/dynamic/res_pjsip/${type}/${id}`, { fields });
      }
      return { user: `phone-${agentId}`, password };
    },
    async stop() {
      socket.close();
      await asterisk.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
