/**
 * The stand-in's side of the wire: Basic authentication, one WebSocket per application, REST requests answered on it.
 * As with Asterisk, a second socket for an application silences the first (ApplicationReplaced, and it stays open).
 */
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { AriEvent } from '../../generated/events.ts';
import type { RESTRequest } from '../../generated/models.ts';
import { bridgeHandlers } from './bridge-handlers.ts';
import { channelHandlers } from './channel-handlers.ts';
import { createExchange, type EventContent, type Exchange, timestamp } from './exchange.ts';
import { type Handlers, Refusal, type StandInRequest } from './handlers.ts';
import { otherHandlers } from './other-handlers.ts';
import { findRoute } from './routes.ts';

const HANDLERS: Handlers = { ...channelHandlers, ...bridgeHandlers, ...otherHandlers };
const ENTITY_ID = '02:00:00:00:00:01';

/** What goes wrong on the wire; a test replaces them at any time. */
export interface Faults {
  /** What becomes of an event on its way out. */
  event: (event: AriEvent) => 'pass' | 'lose' | 'twice' | { delayMs: number };
  /**
   * What becomes of a request: `lose` = neither carried out nor answered; `lose-answer` = carried out only;
   * a status = refused with it.
   */
  request: (operation: string, request: StandInRequest) => 'pass' | 'lose' | 'lose-answer' | { status: number };
  /** Asterisk sends what a request caused sometimes before and sometimes after its answer. */
  eventsBeforeAnswers: boolean;
  /** Refuses new connections with 503, as while Asterisk starts. */
  refuseConnections: boolean;
}

export interface Server {
  readonly url: string;
  readonly exchange: Exchange;
  readonly faults: Faults;
  /** Every operation asked for, in order. */
  readonly requests: { operation: string; request: StandInRequest }[];
  /** Does something to the exchange as if it happened outside; its events go out in order. */
  happen<T>(what: (exchange: Exchange) => T): T;
  /** Resolves as soon as this is so; looked at again after every request and everything that happened. */
  until(condition: (exchange: Exchange) => boolean): Promise<void>;
  /** One raw frame to every connected application. */
  sendRaw(text: string): void;
  /** Cuts all connections without a word; the exchange stays as it is. */
  dropConnections(): void;
  /** Connections stay open and nothing comes or goes, as when a cable is cut. Ends with `dropConnections`. */
  freeze(): void;
  /** Everything gone at once, as by kill -9. */
  stop(): Promise<void>;
  /** Again on the same port, with an empty exchange. */
  start(): Promise<void>;
}

export async function startServer(user: string, password: string): Promise<Server> {
  const faults: Faults = {
    event: () => 'pass',
    request: () => 'pass',
    eventsBeforeAnswers: false,
    refuseConnections: false,
  };
  const requests: Server['requests'] = [];
  const authorization = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
  const sockets = new WebSocketServer({ noServer: true });
  const delayed = new Set<NodeJS.Timeout>();
  const waiting = new Set<{ condition: (exchange: Exchange) => boolean; resolve: () => void }>();
  let http = createServer();
  let applications = new Map<string, WebSocket>();
  let exchange = newExchange();
  let port = 0;
  /** Events of what is being carried out; null when they may go out at once. */
  let batch: (() => void)[] | null = null;

  function newExchange(): Exchange {
    return createExchange(publish, (application) => applications.has(application));
  }

  function publish(application: string, content: EventContent): void {
    const header = { asterisk_id: ENTITY_ID, application, timestamp: timestamp() };
    const event = { ...content, ...header } as AriEvent;
    if (isFiltered(exchange, event)) return;
    const send = () => sendEvent(application, event);
    if (batch) batch.push(send);
    else send();
  }

  function sendEvent(application: string, event: AriEvent): void {
    const fault = faults.event(event);
    const deliver = () => applications.get(application)?.send(JSON.stringify(event));
    if (typeof fault === 'object') delayed.add(setTimeout(deliver, fault.delayMs));
    else if (fault !== 'lose') deliver();
    if (fault === 'twice') deliver();
  }

  function collect<T>(what: () => T): { result: T; flush: () => void } {
    const own: (() => void)[] = [];
    const outer = batch;
    const flush = () => {
      for (const send of own) send();
    };
    batch = own;
    try {
      return { result: what(), flush };
    } finally {
      batch = outer;
    }
  }

  function serve(socket: WebSocket, application: string, frame: RESTRequest): void {
    const { operation, request } = understand(application, frame);
    if (!operation) {
      answer(socket, frame, 404, { message: 'Resource not found' });
      return;
    }
    requests.push({ operation, request });
    const fault = faults.request(operation, request);
    if (fault === 'lose') return;
    if (typeof fault === 'object') {
      answer(socket, frame, fault.status, { message: 'Scripted refusal' });
      return;
    }
    const { result, flush } = collect(() => carryOut(operation, request));
    if (faults.eventsBeforeAnswers) flush();
    if (fault !== 'lose-answer') answer(socket, frame, result.status, result.body);
    if (!faults.eventsBeforeAnswers) flush();
    look();
  }

  /** Lets those go on who wait for what is now so. */
  function look(): void {
    for (const waiter of [...waiting]) {
      if (!waiter.condition(exchange)) continue;
      waiting.delete(waiter);
      waiter.resolve();
    }
  }

  function carryOut(operation: string, request: StandInRequest): { status: number; body: unknown } {
    const handler = HANDLERS[operation];
    if (!handler) return { status: 501, body: { message: `The stand-in does not do ${operation}` } };
    try {
      const body = handler(exchange, request);
      return { status: body === undefined ? 204 : 200, body };
    } catch (error) {
      if (error instanceof Refusal) return { status: error.status, body: { message: error.message } };
      throw error;
    }
  }

  function accept(request: IncomingMessage, stream: Duplex, head: Buffer): void {
    const url = new URL(request.url ?? '', 'http://stand-in');
    const application = url.searchParams.get('app');
    if (faults.refuseConnections) refuse(stream, '503 Service Unavailable');
    else if (request.headers.authorization !== authorization) refuse(stream, '401 Unauthorized');
    else if (url.pathname !== '/ari/events' || !application) refuse(stream, '404 Not Found');
    else sockets.handleUpgrade(request, stream, head, (socket) => attach(socket, application));
  }

  function attach(socket: WebSocket, application: string): void {
    const previous = applications.get(application);
    if (previous) publish(application, { type: 'ApplicationReplaced' });
    applications.set(application, socket);
    socket.on('message', (data) => serve(socket, application, JSON.parse(data.toString()) as RESTRequest));
    socket.on('error', () => socket.terminate());
    socket.on('close', () => {
      if (applications.get(application) === socket) applications.delete(application);
    });
  }

  function dropConnections(): void {
    applications = new Map();
    for (const socket of sockets.clients) socket.terminate();
  }

  async function start(): Promise<void> {
    exchange = newExchange();
    http = createServer((_, response) => void response.writeHead(404).end());
    http.on('upgrade', accept);
    await new Promise<void>((resolve) => http.listen(port, '127.0.0.1', resolve));
    port = (http.address() as AddressInfo).port;
  }

  async function stop(): Promise<void> {
    for (const timer of delayed) clearTimeout(timer);
    for (const { ringTimer } of exchange.channels.values()) clearTimeout(ringTimer);
    delayed.clear();
    dropConnections();
    http.closeAllConnections();
    await new Promise<void>((resolve) => void http.close(() => resolve()));
  }

  await start();
  return {
    url: `http://127.0.0.1:${port}`,
    get exchange() {
      return exchange;
    },
    faults,
    requests,
    happen(what) {
      const { result, flush } = collect(() => what(exchange));
      flush();
      look();
      return result;
    },
    until(condition) {
      if (condition(exchange)) return Promise.resolve();
      return new Promise((resolve) => void waiting.add({ condition, resolve }));
    },
    sendRaw(text) {
      for (const socket of applications.values()) socket.send(text);
    },
    dropConnections,
    freeze() {
      for (const socket of sockets.clients) socket.pause();
    },
    stop,
    start,
  };
}

function refuse(stream: Duplex, status: string): void {
  stream.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

function isFiltered(exchange: Exchange, { application, type }: AriEvent): boolean {
  const filter = exchange.filters.get(application);
  if (!filter || type === 'ApplicationReplaced') return false;
  return filter.disallowed.has(type) || (filter.allowed.size > 0 && !filter.allowed.has(type));
}

function understand(application: string, frame: RESTRequest) {
  const [path = '', query = ''] = frame.uri.split('?');
  const route = findRoute(frame.method, path);
  const listed = (frame.query_strings ?? []).map(({ name, value }): [string, string] => [name, value]);
  const parameters = { ...Object.fromEntries([...new URLSearchParams(query), ...listed]), ...route?.pathParameters };
  const body = frame.message_body ? (JSON.parse(frame.message_body) as Record<string, unknown>) : {};
  return { operation: route?.operation, request: { application, parameters, body } };
}

function answer(socket: WebSocket, frame: RESTRequest, status: number, body: unknown): void {
  const content = body === undefined ? {} : { content_type: 'application/json', message_body: JSON.stringify(body) };
  const { request_id, transaction_id = '', uri } = frame;
  const head = { type: 'RESTResponse', transaction_id, request_id, status_code: status, reason_phrase: '', uri };
  socket.send(JSON.stringify({ ...head, ...content, asterisk_id: ENTITY_ID, timestamp: timestamp() }));
}
