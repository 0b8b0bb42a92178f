/** The least possible ARI application of our own: sees every event, and can send any request. */
import { once } from 'node:events';
import type { RunningAsterisk } from '@civicline/asterisk';
import { WebSocket } from 'ws';

/** The part of ARI's events that this benchmark looks at. */
export interface AriEvent {
  type: string;
  args?: string[];
  digit?: string;
  channel?: { id: string; caller: { number: string } };
}

type Asterisk = Pick<RunningAsterisk, 'ariUrl' | 'ariUser' | 'ariPassword'>;

export async function ariRequest(asterisk: Asterisk, method: string, path: string): Promise<unknown> {
  const response = await fetch(`${asterisk.ariUrl}/ari/${path}`, {
    method,
    headers: { authorization: authorizationOf(asterisk) },
  });
  if (!response.ok) throw new Error(`ARI answered ${response.status} to ${method} ${path}.`);
  return response.status === 204 ? undefined : response.json();
}

/** Connects as that application; returns how to end it. */
export async function listenToAri(
  asterisk: Asterisk,
  application: string,
  onEvent: (event: AriEvent) => void,
): Promise<() => void> {
  const url = `${asterisk.ariUrl.replace('http', 'ws')}/ari/events?app=${application}`;
  const socket = new WebSocket(url, { headers: { authorization: authorizationOf(asterisk) } });
  socket.on('message', (data) => onEvent(JSON.parse(String(data)) as AriEvent));
  await once(socket, 'open');
  return () => socket.close();
}

function authorizationOf({ ariUser, ariPassword }: Asterisk): string {
  return `Basic ${Buffer.from(`${ariUser}:${ariPassword}`).toString('base64')}`;
}
