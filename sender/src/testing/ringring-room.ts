/** A side-car with a service that speaks RingRing's API, a stand-in for SMIS behind it, and a receiver of its statuses. */
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { checkConfig, createLog, type RunningSideCar, runSideCar } from '../side-car/index.ts';
import { KEY, standInSmis } from './stand-in-smis.ts';

export const API_KEY = 'ringring-api-key';

// biome-ignore lint/suspicious/noExplicitAny: what the vendor's clients read field by field
export type Json = any;

export type RingRingRoom = Awaited<ReturnType<typeof ringRingRoom>>;

export async function ringRingRoom() {
  const smis = await standInSmis();
  const folder = await mkdtemp(join(tmpdir(), 'civicline-side-car-'));
  const hooks = await receiver();
  let now = Date.parse('2026-06-01T08:00:00Z');
  let logged = '';
  let sideCar = await start();

  function start(): Promise<RunningSideCar> {
    const strategy = [{ channel: 'sms', waitSeconds: 60 }, { channel: 'email' }];
    const tracker = { name: 'tracker', key: KEY, apiKey: API_KEY, category: 'informative', strategy };
    const other = { name: 'other', key: KEY, apiKey: 'key-of-another-service' };
    const where = { url: smis.url, listen: '127.0.0.1:0', folder };
    const config = checkConfig({ ...where, services: [tracker, other] }, 'test');
    const log = createLog({ write: (line) => (logged += line) }, () => now);
    return runSideCar({ config, log, now: () => now });
  }

  // A connection each: while a property's values are made, one that is kept runs into the server's idle limit.
  const post = (path: string, body: string | Uint8Array<ArrayBuffer>, type = 'application/json; charset=UTF-8') =>
    fetch(`${sideCar.url}/sms${path}`, {
      method: 'POST',
      headers: { 'content-type': type, connection: 'close' },
      body,
    });
  const call = async (path: string, body: object): Promise<Json> => (await post(path, JSON.stringify(body))).json();
  const statusOf = (MessageId: string, path = '/v1/StatusMessage') => call(path, { ApiKey: API_KEY, MessageId });

  return {
    smis,
    hooks,
    post,
    call,
    statusOf,
    get: (path: string) => fetch(`${sideCar.url}/sms${path}`),
    send: (more: object = {}, path = '/v1/Message') =>
      call(path, { ApiKey: API_KEY, To: '32470000001', Message: 'Uw afspraak is morgen', ...more }),
    atSmis: (id: string) => until(() => [...smis.messages.values()].find(({ view }) => view.reference === id)),
    reaches: (id: string, code: string) =>
      until(async () => ((await statusOf(id)).StatusCode === code ? true : undefined)),
    logged: () => logged,
    pass(ms: number): void {
      now += ms;
    },
    /** Starts the side-car anew, `ms` later. */
    async restartAfter(ms: number): Promise<void> {
      await sideCar.stop();
      now += ms;
      sideCar = await start();
    },
    /** Whatever happened, the log tells nothing about persons and of no fault. */
    async close(): Promise<void> {
      await sideCar.stop();
      await smis.close();
      hooks.server.close();
      await rm(folder, { recursive: true });
      expect(logged).not.to.match(/(?<!\d)0470|470 ?00 ?00 ?01|afspraak|ringring-api-key|INTERNAL|TypeError/);
    },
  };
}

/** Polls until there is something. */
export async function until<Value>(look: () => Value | undefined | Promise<Value | undefined>): Promise<Value> {
  while (true) {
    const found = await look();
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

interface Receiver {
  url: string;
  requests: { method: string; url: string; type: string; body: string }[];
  /** Statuses of the next answers; then 200. */
  answers: number[];
  server: Server;
}

async function receiver(): Promise<Receiver> {
  const requests: Receiver['requests'] = [];
  const answers: number[] = [];
  const server = createServer(async (request: IncomingMessage, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString();
    const { method = '', url = '', headers } = request;
    requests.push({ method, url, type: headers['content-type'] ?? '', body });
    response.writeHead(answers.shift() ?? 200).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/status`, requests, answers, server };
}
