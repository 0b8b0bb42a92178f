/** What the tests of this folder share. */
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { resolve } from 'node:path';

export const HOME = resolve(import.meta.dirname, '../../.civicline');

export function postSession(url: string, token: string, request: unknown): Promise<Response> {
  return fetch(`${url}/session`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Authorization: token },
    body: JSON.stringify(request),
  });
}

/** Two ports on which nobody listens now. */
export async function freePorts(): Promise<[number, number]> {
  const servers = [createServer(), createServer()];
  for (const server of servers) await once(server.listen(0, '127.0.0.1'), 'listening');
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  for (const server of servers) await once(server.close(), 'close');
  return ports as [number, number];
}
