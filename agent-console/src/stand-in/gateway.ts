/**
 * A stand-in for the gateway, for the browser tests and for working on the console alone: serves the built console,
 * signs anybody in and speaks the console's protocol about calls that a test makes up. It keeps no rules of calls; what
 * the real gateway does is tested in `test/`.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  type CallView,
  CONSOLE_SOCKET_PATH,
  type ConsoleToServer,
  type RemovalReason,
  type ServerToConsole,
  type Snapshot,
} from '@civicline/protocol';
import { Server } from 'socket.io';
import { exampleSnapshot } from './examples.ts';
import { sendBuiltFile, sendJson } from './http.ts';
import { AGENTS, AUDIT, PEOPLE } from './people.ts';
import { type Registrar, startRegistrar } from './registrar.ts';

const SECURITY = [
  "default-src 'none'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "media-src 'self' blob:",
].join('; ');

type Numbered = { [K in keyof ServerToConsole]: Parameters<ServerToConsole[K]> }[Exclude<
  keyof ServerToConsole,
  'snapshot' | 'signed-out'
>][0];
type Unnumbered<T> = T extends { sequence: number } ? Omit<T, 'sequence'> : never;

export interface StandInGateway {
  url: string;
  /** Everything the console asked for, in order. */
  requests: { name: string; input: unknown }[];
  registrar: Registrar;
  /** What the next snapshot will say. */
  snapshot(): Snapshot;
  /** Changes the snapshot and tells nobody. */
  amend(part: Partial<Snapshot>): void;
  /** Adds or changes a call and tells every console. */
  putCall(call: CallView): void;
  removeCall(callId: string, reason: RemovalReason): void;
  /** Sends any numbered event. */
  tell(name: Exclude<keyof ServerToConsole, 'snapshot' | 'signed-out'>, event: Unnumbered<Numbered>): void;
  /** Counts an event that is never sent, as if it got lost. */
  loseEvent(): void;
  /** Refuses the next request with this code. */
  refuseNext(code: string): void;
  /** From now on each request waits, as on a slow network, until the returned function lets the oldest go on. */
  holdRequests(): () => void;
  /** Ends every socket and every session. */
  signEverybodyOut(): void;
  /** Cuts all connections and takes no new ones. */
  goDown(): Promise<void>;
  comeBack(): Promise<void>;
  close(): Promise<void>;
}

/** Listens on 127.0.0.1, on `port` or on a free one. `dist`: the folder of the built console. */
export async function startStandInGateway({
  dist,
  port = 0,
}: {
  dist: string;
  port?: number;
}): Promise<StandInGateway> {
  let snapshot = exampleSnapshot();
  let refusal: string | null = null;
  let held: (() => void)[] | null = null;
  let sessions = new Set<string>();
  const requests: StandInGateway['requests'] = [];
  const registrar = startRegistrar();
  let { server, io } = create();
  await listen(port);
  const { port: listening } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${listening}`;

  function create() {
    const http = createServer((request, response) => void answer(request, response));
    const sockets = new Server<ConsoleToServer, ServerToConsole>(http, {
      path: CONSOLE_SOCKET_PATH,
      destroyUpgrade: false,
    });
    http.on('upgrade', (request, socket, head) => {
      if (request.url === '/softphone') registrar.accept(request, socket, head);
    });
    sockets.use((socket, next) => next(personOf(socket.request) ? undefined : new Error('NOT_SIGNED_IN')));
    sockets.on('connection', (socket) => {
      socket.emit('snapshot', { ...snapshot, now: new Date().toISOString() });
      socket.onAny((name: string, ...input: unknown[]) => {
        const reply = input.pop() as (answer: object) => void;
        requests.push({ name, input: input[0] });
        const goOn = () => {
          if (refusal !== null) {
            reply({ ok: false, code: refusal, title: 'Refused by the stand-in.' });
            refusal = null;
            return;
          }
          if (name === 'resync') socket.emit('snapshot', { ...snapshot, now: new Date().toISOString() });
          const more = name === 'softphone-credentials' ? { credentials: registrar.credentials(url) } : {};
          reply({ ok: true, ...more });
          act(name, input[0] as Wish);
        };
        if (held) held.push(goOn);
        else goOn();
      });
    });
    return { server: http, io: sockets };
  }

  /** The least that makes the console's buttons do something. */
  function act(name: string, input: Wish): void {
    const call = snapshot.calls.find(({ id }) => id === input?.callId);
    const change = (part: Partial<CallView>) => call && putCall({ ...call, ...part });
    if (name === 'answer') change({ state: 'claimed', agentId: snapshot.self.id });
    if (name === 'hold') change({ held: true });
    if (name === 'resume') change({ held: false });
    if (name === 'mute') change({ muted: true });
    if (name === 'unmute') change({ muted: false });
    if (name === 'save-note') change({ note: input.note ?? '' });
    if (name === 'hang-up')
      change({ state: 'wrapping-up', wrapUpEndsAt: new Date(Date.now() + 120_000).toISOString() });
    if (name === 'transfer' && call) removeCall(call.id, 'transferred');
    if (name === 'finish-wrap-up' && call) removeCall(call.id, 'closed');
    if (name === 'set-presence') {
      tellSelf({ presence: input.presence ?? 'ready', presenceReason: input.reason ?? '' });
    }
    if (name === 'set-device') tellSelf({ device: input.device ?? 'browser' });
  }

  function tellSelf(part: Partial<Snapshot['self']>): void {
    tell('self-changed', { self: { ...snapshot.self, ...part } });
  }

  function tell(name: Exclude<keyof ServerToConsole, 'snapshot' | 'signed-out'>, event: Unnumbered<Numbered>): void {
    if ('self' in event) snapshot = { ...snapshot, self: event.self };
    if ('available' in event) snapshot = { ...snapshot, telephonyAvailable: event.available };
    snapshot = { ...snapshot, sequence: snapshot.sequence + 1 };
    (io as unknown as { emit(name: string, event: object): void }).emit(name, {
      ...event,
      sequence: snapshot.sequence,
    });
  }

  function putCall(call: CallView): void {
    snapshot = { ...snapshot, calls: [...snapshot.calls.filter(({ id }) => id !== call.id), call] };
    tell('call-changed', { call });
  }

  function removeCall(callId: string, reason: RemovalReason): void {
    snapshot = { ...snapshot, calls: snapshot.calls.filter(({ id }) => id !== callId) };
    tell('call-removed', { callId, reason });
  }

  function personOf(request: IncomingMessage) {
    const cookie = /stand-in=([\w-]+)/.exec(request.headers.cookie ?? '')?.[1];
    return cookie !== undefined && sessions.has(cookie) ? PEOPLE[cookie] : undefined;
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const address = new URL(request.url ?? '/', url);
    const person = personOf(request);
    response.setHeader('Referrer-Policy', 'no-referrer');
    response.setHeader('Content-Security-Policy', `${SECURITY}; connect-src 'self' ${url.replace('http', 'ws')}`);
    switch (address.pathname) {
      case '/v1/session':
        return person ? sendJson(response, 200, person) : sendJson(response, 401, { code: 'NOT_SIGNED_IN' });
      case '/v1/audit': {
        if (!person) return sendJson(response, 401, { code: 'NOT_SIGNED_IN' });
        const before = Number(address.searchParams.get('before') ?? Number.POSITIVE_INFINITY);
        const [agent, call] = ['agent', 'call'].map((name) => address.searchParams.get(name));
        const from = Date.parse(address.searchParams.get('from') ?? '') || 0;
        const until = Date.parse(address.searchParams.get('until') ?? '') || Number.POSITIVE_INFINITY;
        const entries = AUDIT.toReversed()
          .filter(({ id }) => id < before)
          .filter(
            ({ agents, callId }) => (!agent || agents.some(({ id }) => id === agent)) && (!call || callId === call),
          )
          .filter(({ at }) => Date.parse(at) >= from && Date.parse(at) < until)
          .slice(0, 50);
        return sendJson(response, 200, {
          entries,
          next: entries.length === 50 ? entries.at(-1)?.id : null,
          people: AGENTS,
        });
      }
      case '/v1/agents/me/sip-phone':
        return sendJson(response, person ? 200 : 401, {
          user: 'phone-agent-a',
          password: 'made-up-for-the-stand-in',
          servers: [{ domain: '127.0.0.1:5060', sipUri: 'sip:phone-agent-a@127.0.0.1:5060' }],
        });
      case '/sign-in': {
        const who = address.searchParams.get('as') ?? 'agent';
        sessions.add(who);
        response.setHeader('Set-Cookie', `stand-in=${who}; Path=/; HttpOnly; SameSite=Lax`);
        response.writeHead(303, { Location: address.searchParams.get('return') ?? '/console/' }).end();
        return;
      }
      case '/sign-out':
        if (request.headers.origin !== url) return sendJson(response, 403, { code: 'FOREIGN_ORIGIN' });
        sessions = new Set();
        response.writeHead(303, { Location: '/console/' }).end();
        return;
      default:
        return sendBuiltFile(response, dist, address.pathname);
    }
  }

  function listen(at: number): Promise<void> {
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(at, '127.0.0.1', () => resolve());
    });
  }

  async function goDown(): Promise<void> {
    const closed = io.close();
    // Kept-alive connections would hold the server open.
    server.closeAllConnections();
    await closed;
  }

  return {
    url,
    requests,
    registrar,
    snapshot: () => snapshot,
    amend(part) {
      snapshot = { ...snapshot, ...part };
    },
    putCall,
    removeCall,
    tell,
    loseEvent() {
      snapshot = { ...snapshot, sequence: snapshot.sequence + 1 };
    },
    refuseNext(code) {
      refusal = code;
    },
    holdRequests() {
      const waiting: (() => void)[] = [];
      held = waiting;
      return () => waiting.shift()?.();
    },
    signEverybodyOut() {
      sessions = new Set();
      io.emit('signed-out');
      io.disconnectSockets(true);
    },
    goDown,
    async comeBack() {
      ({ server, io } = create());
      await listen(listening);
    },
    async close() {
      registrar.close();
      await goDown();
    },
  };
}

interface Wish {
  callId?: string;
  note?: string;
  presence?: Snapshot['self']['presence'];
  reason?: string;
  device?: Snapshot['self']['device'];
}
