/** What the tests of this folder share. */
import { resolve } from 'node:path';
import getPort from 'get-port';

export const HOME = resolve(import.meta.dirname, '../../.civicline');

export function postSession(url: string, token: string, request: unknown): Promise<Response> {
  return fetch(`${url}/session`, {
    method: 'POST',
    // The server ends an idle connection after two seconds, and a request that begins just then fails.
    headers: { 'Content-Type': 'application/json', Authorization: token, Connection: 'close' },
    body: JSON.stringify(request),
  });
}

/** Two ports on which nobody listens now. */
export async function freePorts(): Promise<[number, number]> {
  return [await getPort({ host: '127.0.0.1' }), await getPort({ host: '127.0.0.1' })];
}
