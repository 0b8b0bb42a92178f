import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

export type Handler = (request: IncomingMessage, response: ServerResponse, path: string) => void | Promise<void>;

export interface Server {
  /** `http://127.0.0.1:PORT`, a web origin of its own. */
  origin: string;
  /** Drops every connection and refuses new ones, until told otherwise. */
  setReachable(reachable: boolean): void;
  close(): Promise<void>;
}

/** An HTTP server on a free port of the loopback address. */
export async function serve(handler: Handler): Promise<Server> {
  const sockets = new Set<Socket>();
  let reachable = true;
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://stand-in').pathname;
    Promise.resolve(handler(request, response, path)).catch(() => response.destroy());
  });
  server.on('connection', (socket) => {
    if (!reachable) return socket.destroy();
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  const dropAll = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    setReachable: (next) => {
      reachable = next;
      if (!next) dropAll();
    },
    close: () => {
      dropAll();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/** CORS as the real servers answer it. Returns true when the request was a preflight and is answered. */
export function answersPreflight(request: IncomingMessage, response: ServerResponse): boolean {
  response.setHeader('Access-Control-Allow-Origin', '*');
  if (request.method !== 'OPTIONS') return false;
  response.setHeader('Access-Control-Allow-Methods', 'GET, POST, DELETE');
  response.setHeader('Access-Control-Allow-Headers', 'Authorization, Content-Type');
  response.writeHead(204).end();
  return true;
}

export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
}

export function sendProblem(response: ServerResponse, status: number, code: string): void {
  const body = { type: 'about:blank', title: code, status, code };
  response.writeHead(status, { 'Content-Type': 'application/problem+json' }).end(JSON.stringify(body));
}

export async function readBody(request: IncomingMessage): Promise<unknown> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return parts.length === 0 ? null : JSON.parse(Buffer.concat(parts).toString());
}
