/** A stand-in for what stands behind the proxy: it answers with what it was asked, and remembers it. */
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';

export interface Asked {
  /** Which stand-in was asked. */
  by: string;
  method: string;
  /** As it arrived: not decoded, not tidied. */
  url: string;
  headers: IncomingHttpHeaders;
  body: string;
}

export interface StandIn {
  address: string;
  asked: Asked[];
  stop(): Promise<void>;
}

/** What the gateway sends with everything, in short. */
export const OWN_HEADERS = {
  'content-security-policy': "default-src 'none'",
  'strict-transport-security': 'max-age=31536000; includeSubDomains',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

/**
 * Listens on a free port of 127.0.0.1. `refusal`: the status with which it refuses a request, if it does. What accepts an event stream gets one event, and the stream stays open. A
 * WebSocket is told first what was asked, then hears its own messages again.
 */
export async function startStandIn(
  name: string,
  refusal: (request: IncomingMessage) => number | null = () => null,
): Promise<StandIn> {
  const asked: Asked[] = [];
  const note = (request: IncomingMessage, body: string): string => {
    const { method = '', url = '', headers } = request;
    const one = { by: name, method, url, headers, body };
    asked.push(one);
    return JSON.stringify(one);
  };

  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const body = Buffer.concat(await request.toArray()).toString();
    const told = note(request, body);
    const refused = refusal(request);
    if (refused !== null) {
      response.writeHead(refused).end();
      return;
    }
    if (request.headers.accept === 'text/event-stream') {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: first\n\n');
      return;
    }
    response.writeHead(200, { ...OWN_HEADERS, 'content-type': 'application/json' }).end(told);
  };
  const server = createServer((request, response) => void answer(request, response));

  const sockets = new WebSocketServer({ server });
  sockets.on('connection', (socket, request) => {
    socket.send(note(request, ''));
    socket.on('message', (data) => socket.send(data.toString()));
  });

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets.clients) socket.terminate();
        server.closeAllConnections();
      }),
  };
}
