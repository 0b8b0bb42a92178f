/** Senders and feedback behind HTTP, for tests: one database, a clock to turn. */
import { randomBytes } from 'node:crypto';
import { createHttp, createLog, createMetrics, drain, finishHttp, listen } from '../../../../platform/http/index.ts';
import { expectDescribed } from '../../../../platform/http/testing/index.ts';
import { createSealer, type Database } from '../../../../platform/storage/index.ts';
import { createSenderAdministration, createSenders, SCOPES, type TokenIssuer } from '../../senders/index.ts';
import { createFeedback } from '../index.ts';

export type Room = Awaited<ReturnType<typeof openRoom>>;

export interface RoomOptions {
  database: Database;
  tokenIssuer?: TokenIssuer;
  webhookNetworks?: string[];
  /** Another room's, to share its keys. */
  dataKey?: Buffer;
  clock?: { now: number };
}

export async function openRoom(options: RoomOptions) {
  const { database, tokenIssuer = null, webhookNetworks = ['127.0.0.0/8'], dataKey = randomBytes(32) } = options;
  const clock = options.clock ?? { now: Date.now() };
  const now = () => clock.now;
  const lines: string[] = [];
  const log = createLog('trace', { write: (line) => void lines.push(line) });
  const metrics = createMetrics(false);
  const sealer = createSealer([dataKey]);
  const feedback = await createFeedback({ config: { webhookNetworks }, database, sealer, metrics, log, now });
  const senders = await createSenders({
    config: { tokenIssuer },
    database,
    sealer,
    warnOfQuota: feedback.warnOfQuota,
    now,
  });
  const administration = await createSenderAdministration({ database, sealer, now });
  const http = createHttp({ log, metrics, trustedProxies: ['loopback'] });
  senders.mount(http);
  feedback.mount(http, senders);
  finishHttp(http, log);
  const { server, port } = await listen(http, '127.0.0.1', 0);
  const url = `http://127.0.0.1:${port}`;

  const operations = [...senders.operations, ...feedback.operations];

  return {
    url,
    database,
    dataKey,
    clock,
    lines,
    metrics,
    senders,
    feedback,
    administration,
    /** A sender that may do everything, and its key. */
    async addSender(name: string, limits: { perMinute: number | null; perDay: number | null } = UNLIMITED) {
      const { sender, apiKey } = await administration.add({
        name,
        zone: 'Europe/Brussels',
        scopes: [...SCOPES],
        clientId: null,
        limits,
        expiresAt: null,
      });
      return { id: sender.id, key: apiKey ?? '' };
    },
    /** Every answer is held against the OpenAPI document. */
    async ask(key: string, path: string, body?: object, method = body ? 'POST' : 'GET', idempotencyKey?: string) {
      const response = await fetch(`${url}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${key}`,
          ...(body ? { 'content-type': 'application/json' } : {}),
          ...(idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }),
        },
        ...(body ? { body: JSON.stringify(body) } : {}),
      });
      await expectDescribed(operations, method, response);
      return response;
    },
    async close() {
      await feedback.stop();
      await drain(server, 100);
    },
  };
}

const UNLIMITED = { perMinute: null, perDay: null };
