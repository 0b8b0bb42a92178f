/**
 * A stand-in for SMIS in unit tests: speaks the contract of @civicline/protocol from memory, opens what was sealed, and
 * fails on request. The real one is tested with in ../with-smis.test.ts.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  type ChannelName,
  type MessageInput,
  type MessageState,
  type MessageView,
  messageInputSchema,
  type SmisEvent,
} from '@civicline/protocol';
import { generateSealingKeys, openPart, type SealingKeys } from '@civicline/protocol/sealing';
import { v7 as uuid } from 'uuid';

export const KEY = 'key-of-the-sender';

interface Stored {
  view: MessageView;
  input: MessageInput;
}

/** Decides about a request before SMIS does: an answer of its own, or one lost before or after SMIS acted. */
export type Trouble = (request: { method: string; path: string; body: string }) => Fault | undefined;
export type Fault = 'lost-before' | 'lost-after' | { status: number; headers?: Record<string, string>; body?: string };

export interface StandInSmis {
  url: string;
  messages: Map<string, Stored>;
  /** Method, path and Idempotency-Key of every request. */
  requests: { method: string; path: string; idempotencyKey: string | undefined }[];
  trouble: Trouble;
  /** What the channel would read. */
  opened(id: string, channel: ChannelName): Promise<unknown>;
  /** Records a transition and its event. */
  happen(id: string, kind: string, state: MessageState, more?: Record<string, unknown>): void;
  /** The channels get other keys; parts sealed for the former are refused. */
  changeKeys(): Promise<void>;
  close(): Promise<void>;
}

export async function standInSmis(channels: readonly ChannelName[] = ['sms', 'email']): Promise<StandInSmis> {
  const messages = new Map<string, Stored>();
  const answered = new Map<string, { body: string; answer: { status: number; text: string } }>();
  const events: SmisEvent[] = [];
  const requests: StandInSmis['requests'] = [];
  let keys = await freshKeys();

  async function freshKeys(): Promise<Map<ChannelName, SealingKeys>> {
    const made = new Map<ChannelName, SealingKeys>();
    for (const channel of channels) made.set(channel, await generateSealingKeys());
    return made;
  }

  function accept(value: unknown): { status: number; body: object } {
    const parsed = messageInputSchema.safeParse(value);
    if (!parsed.success) return problem(400, 'INPUT_INVALID');
    const input = parsed.data;
    for (const [channel, part] of Object.entries(input.parts)) {
      if (keys.get(channel as ChannelName)?.keyId !== part.keyId) return problem(400, 'SEALED_PART_UNKNOWN_KEY');
    }
    const at = new Date().toISOString();
    const { reference, category, urgency, expiresAt = at } = input;
    const told = { ...(reference !== undefined && { reference }), category, urgency, expiresAt };
    const view: MessageView = { id: uuid(), state: 'accepted', ...told, createdAt: at, updatedAt: at, attempts: [] };
    messages.set(view.id, { view, input });
    return { status: 201, body: view };
  }

  /** As SMIS: what is sealed may have been sealed anew. */
  function once(key: string | undefined, request: string, work: () => { status: number; text: string }) {
    if (key === undefined) return text(problem(400, 'IDEMPOTENCY_KEY_MISSING'));
    const body = request.replaceAll(/"sealed":"[\w-]*"/g, (sealed) => String(sealed.length));
    const before = answered.get(key);
    if (before) return before.body === body ? before.answer : text(problem(422, 'IDEMPOTENCY_KEY_REUSED'));
    const answer = work();
    if (answer.status < 300) answered.set(key, { body, answer });
    return answer;
  }

  function answerTo(request: IncomingMessage, url: URL, body: string): { status: number; text: string; type?: string } {
    if (request.headers.authorization !== `Bearer ${KEY}`) return text(problem(401, 'ACCESS_REFUSED'));
    const key = request.headers['idempotency-key'] as string | undefined;
    const route = `${request.method} ${url.pathname}`;
    if (route === 'GET /v1/channels') {
      const list = [...keys].map(([name, { keyId, publicKey }]) => ({ name, keys: [{ id: keyId, publicKey }] }));
      return text({ status: 200, body: { channels: list } });
    }
    if (route === 'POST /v1/messages') return once(key, body, () => text(accept(JSON.parse(body))));
    if (route === 'POST /v1/messages/batch') {
      const answer = once(key, body, () => {
        const answers = body
          .split('\n')
          .filter(Boolean)
          .map((line) => accept(JSON.parse(line)));
        return { status: 200, text: answers.map((one) => `${JSON.stringify(inBatch(one))}\n`).join('') };
      });
      return { ...answer, type: 'application/x-ndjson' };
    }
    if (route === 'GET /v1/messages') {
      const found = [...messages.values()].filter(({ view }) => view.reference === url.searchParams.get('reference'));
      const from = Number(url.searchParams.get('after') ?? 0);
      const next = found.length > from + 2 ? String(from + 2) : null;
      return text({ status: 200, body: { messages: found.slice(from, from + 2).map(({ view }) => view), next } });
    }
    if (route === 'GET /v1/events') {
      const from = Number(url.searchParams.get('after') ?? 0);
      const page = events.slice(from, from + Math.min(3, Number(url.searchParams.get('limit'))));
      return text({ status: 200, body: { events: page, next: String(from + page.length) } });
    }
    const [, id = '', action] = /^\/v1\/messages\/([^/]+)(\/cancel)?$/.exec(url.pathname) ?? [];
    const stored = messages.get(id);
    if (!stored) return text(problem(404, 'MESSAGE_UNKNOWN'));
    if (action && stored.view.state !== 'accepted') return text(problem(409, 'MESSAGE_UNDER_WAY'));
    if (action) happen(id, 'cancelled', 'cancelled');
    return text({ status: 200, body: stored.view });
  }

  function happen(id: string, kind: string, state: MessageState, more: Record<string, unknown> = {}): void {
    const stored = messages.get(id);
    if (!stored) throw new Error('no such message');
    const time = new Date().toISOString();
    const { reference } = stored.view;
    stored.view = { ...stored.view, state, updatedAt: time };
    if (typeof more.reason === 'string') stored.view.reason = more.reason;
    const data = { ...(reference !== undefined && { reference }), state, ...more };
    const type = `be.smis.v1.message.${kind}`;
    const source = 'https://stand-in.example';
    events.push({
      specversion: '1.0',
      id: uuid(),
      source,
      type,
      time,
      subject: id,
      datacontenttype: 'application/json',
      data,
    });
  }

  const smis: StandInSmis = {
    url: '',
    messages,
    requests,
    trouble: () => undefined,
    async opened(id, channel) {
      const part = messages.get(id)?.input.parts[channel];
      if (!part) throw new Error(`no part for ${channel}`);
      return openPart(channel, [...keys.values()], part);
    },
    happen,
    async changeKeys() {
      keys = await freshKeys();
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bodyOf(request);
    const url = new URL(request.url ?? '/', 'http://smis');
    const method = request.method ?? '';
    const idempotencyKey = request.headers['idempotency-key'] as string | undefined;
    requests.push({ method, path: url.pathname, idempotencyKey });
    const fault = smis.trouble({ method, path: url.pathname, body });
    if (fault === 'lost-before') return void request.socket.destroy();
    if (typeof fault === 'object') return void response.writeHead(fault.status, fault.headers).end(fault.body);
    const answer = answerTo(request, url, body);
    if (fault === 'lost-after') return void request.socket.destroy();
    response.writeHead(answer.status, { 'content-type': answer.type ?? 'application/json' }).end(answer.text);
  }

  const server = createServer((request, response) => void serve(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  smis.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return smis;
}

function text({ status, body }: { status: number; body: object }): { status: number; text: string } {
  return { status, text: JSON.stringify(body) };
}

function problem(status: number, code: string): { status: number; body: object } {
  return { status, body: { type: 'about:blank', title: 'refused', status, code } };
}

function inBatch({ status, body }: { status: number; body: object }): object {
  return status === 201 ? { id: (body as MessageView).id } : { problem: body };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
