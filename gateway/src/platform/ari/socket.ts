/** One WebSocket to Asterisk, from opening to its end: frames in and out, and pings that notice a dead peer. */
import { WebSocket } from 'ws';
import { AriError } from './errors.ts';

export interface SocketOptions {
  /** Base URL of Asterisk's HTTP server, such as `http://127.0.0.1:8088`; ARI is below it. */
  url: string;
  user: string;
  password: string;
  application: string;
  /** How often to ask whether Asterisk is there; two askings without a sign of life end the connection. */
  pingIntervalMs: number;
}

export interface SocketEvents {
  opened(): void;
  /** One text frame, unparsed. */
  frame(text: string): void;
  /** The end, once per socket, with the reason when it never opened. */
  closed(error?: AriError): void;
}

export interface AriSocket {
  /** @param failed called instead of sending when the socket is on its way out */
  send(text: string, failed: () => void): void;
  /** Ends politely, and by force when Asterisk does not answer within a second. `closed` follows. */
  close(): void;
  /** Ends at once. `closed` follows. */
  terminate(): void;
}

const OPENING_LIMIT_MS = 5_000;
const CLOSING_LIMIT_MS = 1_000;
const MISSES_ALLOWED = 2;

export function openSocket(options: SocketOptions, events: SocketEvents): AriSocket {
  const socket = new WebSocket(eventsUrl(options), {
    // In the header and never in the URL: with `?api_key=` a read-only user may write (GHSA-wcvv-g26m-wx5c).
    headers: { authorization: basicCredentials(options) },
    handshakeTimeout: OPENING_LIMIT_MS,
    perMessageDeflate: false,
    // One message per turn of the event loop, so that whoever awaits an answer goes on before the next event comes.
    allowSynchronousEvents: false,
  });
  let failure: AriError | undefined;
  let pings: NodeJS.Timeout | undefined;
  let force: NodeJS.Timeout | undefined;
  let misses = 0;

  function ping(): void {
    misses += 1;
    if (misses > MISSES_ALLOWED) socket.terminate();
    else socket.ping();
  }

  socket.on('open', () => {
    pings = setInterval(ping, options.pingIntervalMs);
    events.opened();
  });
  socket.on('pong', () => {
    misses = 0;
  });
  socket.on('message', (data) => {
    misses = 0;
    events.frame(data.toString());
  });
  socket.on('unexpected-response', (_request, response) => {
    failure = refusedOpening(response.statusCode ?? 0);
    socket.terminate();
  });
  socket.on('error', (error: NodeJS.ErrnoException) => {
    failure ??= new AriError('ARI_UNREACHABLE', `Asterisk cannot be reached (${error.code ?? 'no WebSocket'})`);
  });
  socket.on('close', () => {
    clearInterval(pings);
    clearTimeout(force);
    events.closed(pings ? undefined : failure);
  });

  return {
    send(text, failed) {
      socket.send(text, (error) => {
        if (error) failed();
      });
    },
    close() {
      force ??= setTimeout(() => socket.terminate(), CLOSING_LIMIT_MS);
      socket.close(1000);
    },
    terminate: () => socket.terminate(),
  };
}

function eventsUrl({ url, application }: SocketOptions): URL {
  const events = new URL(`${url.replace(/^http/, 'ws').replace(/\/$/, '')}/ari/events`);
  events.searchParams.set('app', application);
  return events;
}

function basicCredentials({ user, password }: SocketOptions): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

function refusedOpening(status: number): AriError {
  const refused = status === 401 || status === 403;
  const message = refused ? 'Asterisk refuses the ARI user' : 'Asterisk does not open the ARI WebSocket';
  return new AriError(refused ? 'ARI_REFUSED' : 'ARI_UNREACHABLE', `${message} (${status})`, { status });
}
