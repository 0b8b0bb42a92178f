/** A receiver of webhooks, for tests: a real HTTP server that does what it is told. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Call {
  headers: Record<string, string>;
  body: string;
  event: { id: string; type: string; subject?: string; data: Record<string, unknown> };
}

export type Behaviour = (call: Call, response: ServerResponse, request: IncomingMessage) => void;

export const answer =
  (status: number, headers: Record<string, string> = {}): Behaviour =>
  (_call, response) =>
    void response.writeHead(status, headers).end();

export type Receiver = Awaited<ReturnType<typeof openReceiver>>;

export async function openReceiver(behaviour: Behaviour = answer(204)) {
  const calls: Call[] = [];
  const waiting: { enough: () => boolean; resolve: () => void }[] = [];
  const receiver = { behaviour };
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const part of request) body += part;
    const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
    const call: Call = { headers, body, event: JSON.parse(body) };
    receiver.behaviour(call, response, request);
    calls.push(call);
    for (const wait of waiting) if (wait.enough()) wait.resolve();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return Object.assign(receiver, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/events`,
    calls,
    /** Resolves when it has been called often enough. */
    until: (enough: () => boolean) =>
      new Promise<void>((resolve) => {
        if (enough()) resolve();
        else waiting.push({ enough, resolve });
      }),
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  });
}
