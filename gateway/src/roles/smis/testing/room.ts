/** SMIS behind HTTP with stand-in channels, for tests: databases of any engine, a clock to turn. */
import { randomBytes } from 'node:crypto';
import type { ChannelName, MessageInput, MessageView, SmisEvent } from '@civicline/protocol';
import { createHttp, createLog, createMetrics, drain, finishHttp, listen } from '../../../platform/http/index.ts';
import { createSealer, type Database } from '../../../platform/storage/index.ts';
import { createSenderAdministration, createSmis, SMIS_DEFAULTS, type Smis, type SmisSettings } from '../index.ts';
import { SCOPES, type Scope } from '../senders/index.ts';
import { createStandInChannel, type Script, type StandInChannel } from './stand-in-channel.ts';

/** A Wednesday noon: all windows are open. */
export const NOON = Date.UTC(2026, 2, 4, 11);
export const NDJSON = 'application/x-ndjson';

export type Room = Awaited<ReturnType<typeof openRoom>>;

export interface RoomOptions {
  /** Databases that stay open when the room closes. */
  open: (role: string) => Promise<Database>;
  config?: Partial<SmisSettings>;
  channels?: ChannelName[];
  script?: Script;
  /** Instead of own ones. */
  standIns?: StandInChannel[];
  clock?: { now: number };
  dataKey?: Buffer;
}

export async function openRoom(options: RoomOptions) {
  const { open, channels: names = ['sms', 'email'], clock = { now: NOON }, dataKey = randomBytes(32) } = options;
  const now = () => clock.now;
  const lines: string[] = [];
  const log = createLog('info', { write: (line) => void lines.push(line) });
  const metrics = createMetrics(false);
  const sealer = createSealer([dataKey]);
  const channels = new Map<ChannelName, StandInChannel>();
  for (const channel of options.standIns ?? []) channels.set(channel.name, channel);
  for (const name of options.standIns ? [] : names) {
    const database = await open(`stand_in_${name}`);
    const script = options.script ? { script: options.script } : {};
    channels.set(name, await createStandInChannel({ name, database, now, ...script }));
  }
  const config: SmisSettings = { ...SMIS_DEFAULTS, ...options.config };
  const database = await open('smis');
  const smis: Smis = await createSmis({
    config,
    open: async () => ({ ...database, close: async () => undefined }),
    sealer,
    channels: [...channels.values()],
    metrics,
    log,
    now,
  });
  const administration = await createSenderAdministration({ database, sealer, now });
  const http = createHttp({ log, metrics, trustedProxies: ['loopback'] });
  smis.mount(http);
  finishHttp(http, log);
  const { server, port } = await listen(http, '127.0.0.1', 0);
  const url = `http://127.0.0.1:${port}`;

  return {
    url,
    smis,
    database,
    clock,
    lines,
    metrics,
    dataKey,
    channel: (name: ChannelName): StandInChannel => {
      const channel = channels.get(name);
      if (!channel) throw new Error(`The room has no channel ${name}.`);
      return channel;
    },
    async addSender(
      name: string,
      perMinute: number | null = null,
      scopes: readonly Scope[] = SCOPES,
    ): Promise<TestSender> {
      const { sender, apiKey } = await administration.add({
        name,
        zone: 'Europe/Brussels',
        scopes: [...scopes],
        clientId: null,
        limits: { perMinute, perDay: null },
        expiresAt: null,
      });
      return createTestSender(url, sender.id, apiKey ?? '');
    },
    async close() {
      await smis.stop();
      await drain(server, 100);
    },
  };
}

export type TestSender = ReturnType<typeof createTestSender>;

export function createTestSender(url: string, id: string, key: string) {
  const ask = (path: string, init: RequestInit = {}) =>
    fetch(`${url}${path}`, { ...init, headers: { authorization: `Bearer ${key}`, ...init.headers } });
  const answer = async <Body>(response: Promise<Response>): Promise<Body> => (await (await response).json()) as Body;

  async function events(): Promise<SmisEvent[]> {
    const all: SmisEvent[] = [];
    for (let after = ''; ; ) {
      const query = `limit=1000${after === '' ? '' : `&after=${after}`}`;
      const page = await answer<{ events: SmisEvent[]; next: string }>(ask(`/v1/events?${query}`));
      all.push(...page.events);
      if (page.events.length === 0) return all;
      after = page.next;
    }
  }

  return {
    id,
    key,
    ask,
    events,
    send: (message: unknown, idempotencyKey: string = crypto.randomUUID()) =>
      ask('/v1/messages', {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': idempotencyKey },
        body: JSON.stringify(message),
      }),
    sendBatch: (
      body: BodyInit,
      options: { key?: string; type?: string; accept?: string; duplex?: 'half' } = {},
    ): Promise<Response> => {
      const { key: idempotencyKey = crypto.randomUUID(), type = NDJSON, accept = '*/*' } = options;
      const headers = { 'content-type': type, 'idempotency-key': idempotencyKey, accept };
      return ask('/v1/messages/batch', { method: 'POST', headers, body, duplex: 'half' } as RequestInit);
    },
    get: (messageId: string) => answer<MessageView>(ask(`/v1/messages/${messageId}`)),
    cancel: (messageId: string) => ask(`/v1/messages/${messageId}/cancel`, { method: 'POST' }),
    /** What the sender was told of one message, in its order. */
    told: async (messageId: string): Promise<string[]> =>
      (await events())
        .filter(({ subject }) => subject === messageId)
        .map(({ type, data }) => {
          const kind = type.replace('be.smis.v1.message.', '');
          return data.channel === undefined ? kind : `${kind} ${data.channel}`;
        }),
  };
}

export function aMessage(more: Partial<MessageInput> = {}): MessageInput {
  return { category: 'individual', parts: { sms: aPart('sms') }, ...more };
}

export function aPart(channel: ChannelName) {
  return { keyId: `${channel}-1`, sealed: 'A'.repeat(240) };
}

/** Asks until the answer is as wished. */
export async function until<Value>(ask: () => Promise<Value>, isSo: (value: Value) => boolean): Promise<Value> {
  for (let tries = 0; ; tries++) {
    const value = await ask();
    if (isSo(value)) return value;
    if (tries === 3_000) throw new Error(`It did not come to pass: ${JSON.stringify(value).slice(0, 1_000)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
