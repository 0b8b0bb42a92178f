/** An IRMA server's stand-in for unit tests: answers what a test tells it to, right or wrong. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface StandInServer {
  url: string;
  /** Method and path of every request so far. */
  requests: string[];
  /** How many connections it was sent them on. */
  connections: number;
  /** What it answers from now on. */
  answer: (request: IncomingMessage, response: ServerResponse) => void;
  stop(): Promise<void>;
}

export async function startStandInServer(): Promise<StandInServer> {
  const server = createServer((request, response) => {
    standIn.requests.push(`${request.method} ${request.url}`);
    standIn.answer(request, response);
  });
  const standIn: StandInServer = {
    url: '',
    requests: [],
    connections: 0,
    answer: (_request, response) => response.end(),
    stop: async () => {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
  server.on('connection', () => standIn.connections++);
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  standIn.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return standIn;
}
