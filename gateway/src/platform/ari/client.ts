/**
 * The connection with one Asterisk: REST and events over one WebSocket, kept up for as long as the gateway runs.
 *
 *                    opened, event filter set, version read
 *   ┌──► connecting ────────────────────────────────────► connected
 *   │        │ refused, unreachable, no answer               │    │ ApplicationReplaced: another gateway took the
 *   │        ▼                                               │    │ application over; a reconnection would take it
 *   └───── waiting ◄─────────────────────────────────────────┘    │ back, and so on for ever
 *    back-off        socket closed, or two pings unanswered       ▼
 *                                                              replaced
 *   close() leads from every state to `closed`. `replaced` and `closed` are final.
 *
 * Events that come before `connected` was told are held back and follow it in their order. What happens while not
 * connected is lost, since Asterisk does not keep it: on `connected`, compare with its channels and bridges.
 */
import { backOff } from '@civicline/protocol/run';
import { createListeners } from '../run/index.ts';
import { AriError } from './errors.ts';
import { type AriEvent, EVENT_TYPES, type RESTResponse } from './generated/events.ts';
import { type AriOperations, OPERATIONS } from './generated/operations.ts';
import { bindOperations, type RequestContent } from './operation.ts';
import { createPendingRequests } from './pending.ts';
import { type AriSocket, openSocket } from './socket.ts';

export interface AriOptions {
  /** Names this Asterisk in logs and metrics. */
  id: string;
  /** Base URL of Asterisk's HTTP server, such as `http://127.0.0.1:8088`. */
  url: string;
  user: string;
  password: string;
  /** Stasis application, such as `civicline`. */
  application: string;
  log: AriLog;
  /** Which event types Asterisk sends, set on every connection. Absent: all. */
  eventFilter?: EventFilter;
  /** How long a request waits for its answer, 10 s unless told. */
  requestTimeoutMs?: number;
  /** 5 s unless told; two pings without any sign of life end the connection. */
  pingIntervalMs?: number;
}

/** `disallowed` wins; an empty `allowed` allows all. */
export interface EventFilter {
  allowed?: { type: AriEvent['type'] }[];
  disallowed?: { type: AriEvent['type'] }[];
}

/** The part of a pino logger that is used. */
export interface AriLog {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export type AriState = 'connecting' | 'connected' | 'waiting' | 'replaced' | 'closed';

export interface AriListeners {
  /** In Asterisk's order. Types that this version does not know arrive too: end a `switch` over `type` with a default. */
  event(event: AriEvent): unknown;
  /** Requests are possible from here on. Also after every reconnection. `version` as Asterisk states it, such as `22.10.1+dfsg`. */
  connected(asterisk: { version: string; entityId: string }): unknown;
  /** The connection was lost or taken over; not emitted by `close()`. Pending requests have been rejected. */
  disconnected(): unknown;
  /** Another gateway took the application over; this one steps down for good. `disconnected` follows. */
  replaced(): unknown;
  /** An attempt to connect failed; the next one follows by itself. */
  'connect-failed'(error: AriError): unknown;
}

/** Grows for as long as the client lives; for metrics. */
export interface AriCounters {
  reconnections: number;
  /** Events of a type that the generated types do not know; they are passed on. */
  unknownEvents: number;
  /** Frames that are no JSON object with a `type`; they are dropped. */
  malformedFrames: number;
  /** Answers to requests that had timed out. */
  lateAnswers: number;
}

/** Every operation rejects with an {@link AriError}; `ARI_DISCONNECTED` at once while not connected. */
export interface Ari extends AriOperations {
  readonly id: string;
  readonly application: string;
  readonly state: AriState;
  readonly counters: Readonly<AriCounters>;
  /** Adds a listener; the answer takes it away again. What a listener throws is logged and stops nothing. */
  on<K extends keyof AriListeners>(name: K, listener: AriListeners[K]): () => void;
  /** Rejects pending requests and ends the connection; resolves when socket and timers are gone. */
  close(): Promise<void>;
}

const KNOWN_EVENTS: ReadonlySet<string> = new Set(EVENT_TYPES);
/** Between attempts to connect. */
const RECONNECT = { firstMs: 200, longestMs: 5_000 };

/** Connects, and stays connected until `close()` or until another gateway takes the application over. */
export function connectAri(options: AriOptions): Ari {
  const { id, application, log } = options;
  const pingIntervalMs = options.pingIntervalMs ?? 5_000;
  const pending = createPendingRequests(options.requestTimeoutMs ?? 10_000);
  const counters: AriCounters = { reconnections: 0, unknownEvents: 0, malformedFrames: 0, lateAnswers: 0 };
  const listeners = createListeners<AriListeners>((error) =>
    log.error({ ari: id, error }, 'a listener of ARI events failed'),
  );
  const handshake = bindOperations<AriOperations>(OPERATIONS, send);

  let state: AriState = 'connecting';
  let socket: AriSocket | null = null;
  let retry: NodeJS.Timeout | undefined;
  /** Attempts that failed in a row, with the loss of the connection before them. */
  let failures = 0;
  let lastFailure: string | undefined;
  let held: AriEvent[] = [];
  let ended: Promise<void> | undefined;
  let whenClosed: (() => void) | undefined;

  function connect(): void {
    state = 'connecting';
    const opening = openSocket({ ...options, pingIntervalMs }, { opened: () => void prepare(opening), frame, closed });
    socket = opening;
  }

  /** Needs answers over the socket, and so proves that this Asterisk does REST over WebSocket (22.4 and later). */
  async function prepare(opened: AriSocket): Promise<void> {
    try {
      // Without a filter too: Asterisk keeps the one of an earlier connection as long as the application has calls.
      await handshake.applications.filter({ applicationName: application, filter: withAnswers(options.eventFilter) });
      const { system } = await handshake.asterisk.getInfo({ only: ['system'] });
      if (opened === socket && state === 'connecting') enter(system?.version ?? '', system?.entity_id ?? '');
    } catch (error) {
      reportFailure(error as AriError);
      opened.terminate();
    }
  }

  function enter(version: string, entityId: string): void {
    state = 'connected';
    failures = 0;
    lastFailure = undefined;
    log.info({ ari: id, version }, 'connected with Asterisk');
    listeners.emit('connected', { version, entityId });
    const early = held;
    held = [];
    // A listener may have closed the client meanwhile.
    for (const event of early) if (state === 'connected') listeners.emit('event', event);
  }

  function closed(error?: AriError): void {
    const wasConnected = state === 'connected';
    socket = null;
    held = [];
    pending.giveUpAll();
    if (state === 'closed' || state === 'replaced') {
      whenClosed?.();
      return;
    }
    wait();
    if (error) reportFailure(error);
    if (!wasConnected) return;
    log.warn({ ari: id }, 'lost the connection with Asterisk');
    listeners.emit('disconnected');
  }

  function wait(): void {
    state = 'waiting';
    counters.reconnections += 1;
    failures += 1;
    retry = setTimeout(connect, backOff(failures, RECONNECT));
  }

  /** An Asterisk that stays away says so once, not every five seconds. */
  function reportFailure(error: AriError): void {
    if (state === 'closed') return;
    const level = error.message === lastFailure ? 'debug' : 'warn';
    lastFailure = error.message;
    log[level]({ ari: id, code: error.code, reason: error.message }, 'cannot connect with Asterisk yet');
    listeners.emit('connect-failed', error);
  }

  function stepDown(): void {
    const wasConnected = state === 'connected';
    state = 'replaced';
    log.error({ ari: id, application }, 'another gateway took this application over; this one steps down');
    pending.giveUpAll();
    socket?.close();
    listeners.emit('replaced');
    if (wasConnected) listeners.emit('disconnected');
  }

  function frame(text: string): void {
    if (state !== 'connecting' && state !== 'connected') return;
    const message = parseFrame(text);
    if (!message) countMalformed(text.length);
    else if (message.type === 'RESTResponse') settle(message as RESTResponse);
    else if (message.type === 'ApplicationReplaced') stepDown();
    else pass(message as AriEvent);
  }

  function pass(event: AriEvent): void {
    if (!KNOWN_EVENTS.has(event.type)) counters.unknownEvents += 1;
    if (state === 'connecting') held.push(event);
    else listeners.emit('event', event);
  }

  function settle(response: RESTResponse): void {
    if (!pending.settle(response)) counters.lateAnswers += 1;
  }

  function countMalformed(length: number): void {
    counters.malformedFrames += 1;
    log.warn({ ari: id, length }, 'dropped a frame that is not an ARI message');
  }

  function send(operation: string, content: RequestContent): Promise<unknown> {
    const request = pending.add(operation);
    const text = JSON.stringify({ type: 'RESTRequest', request_id: request.id, ...content });
    if (socket) socket.send(text, () => pending.giveUp(request.id));
    else pending.giveUp(request.id);
    return request.result;
  }

  async function invoke(operation: string, content: RequestContent): Promise<unknown> {
    if (state === 'connected') return send(operation, content);
    throw new AriError('ARI_DISCONNECTED', `${operation}: not connected with Asterisk`);
  }

  function close(): Promise<void> {
    clearTimeout(retry);
    state = 'closed';
    pending.giveUpAll();
    ended ??= new Promise((resolve) => {
      if (!socket) return resolve();
      whenClosed = resolve;
      socket.close();
    });
    return ended;
  }

  connect();
  const connection = {
    id,
    application,
    counters,
    on: listeners.on,
    close,
    get state() {
      return state;
    },
  };
  return Object.assign(connection, bindOperations<AriOperations>(OPERATIONS, invoke));
}

/** Asterisk counts its answers to requests among the events that it filters. */
function withAnswers({ allowed = [], disallowed = [] }: EventFilter = {}): { allowed: object[]; disallowed: object[] } {
  return { allowed: allowed.length === 0 ? [] : [...allowed, { type: 'RESTResponse' }], disallowed };
}

/** null for anything but a JSON object with a `type`. */
function parseFrame(text: string): { type: string } | null {
  try {
    const message: unknown = JSON.parse(text);
    const { type } = (message ?? {}) as { type?: unknown };
    return typeof type === 'string' ? (message as { type: string }) : null;
  } catch {
    return null;
  }
}
