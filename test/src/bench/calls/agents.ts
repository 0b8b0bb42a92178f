/** What makes agents reachable: a registered SIP phone each, and the word that they are ready. */
import { CONSOLE_SOCKET_PATH, type ConsoleToServer, type ServerToConsole } from '@civicline/protocol';
import { io, type Socket } from 'socket.io-client';
import { type AgentPhone, openUserAgent, startAgentPhone } from '../../phone/index.ts';
import type { Room } from './room.ts';

export type ConsoleSocket = Socket<ServerToConsole, ConsoleToServer>;

export interface Phones {
  /** As without power: nothing is taken back. */
  kill(): void;
}

/** As desk phones do; the one of the tests, 60 s, would mostly measure registrations. */
const EXPIRES_SECONDS = 600;

/** Registers the SIP phones of the agents with these cookies; they answer at once, without sound. */
export async function registerPhones(room: Room, cookies: Iterable<string>): Promise<Phones> {
  const server = { address: '127.0.0.1', port: room.system.ports.sip };
  const userAgent = await openUserAgent();
  const phones: AgentPhone[] = [];
  const kill = () => {
    for (const phone of phones) phone.kill();
    userAgent.close();
  };
  try {
    for (const cookie of cookies) {
      const response = await fetch(`${room.system.gatewayUrl}/v1/agents/me/sip-phone`, { headers: { cookie } });
      const { user, password } = (await response.json()) as { user: string; password: string };
      const credentials = { user, password };
      phones.push(
        await startAgentPhone({ server, credentials, userAgent, expiresSeconds: EXPIRES_SECONDS, sound: 'off' }),
      );
    }
  } catch (error) {
    kill();
    throw error;
  }
  return { kill };
}

/** Opens a console whose agent is ready; resolves when both are so. */
export async function openReadyConsole(gatewayUrl: string, cookie: string): Promise<ConsoleSocket> {
  const socket: ConsoleSocket = io(gatewayUrl, {
    path: CONSOLE_SOCKET_PATH,
    transports: ['websocket'],
    extraHeaders: { cookie },
    forceNew: true,
  });
  await new Promise<void>((resolve) => socket.once('snapshot', () => resolve()));
  const reply = await socket.emitWithAck('set-presence', { presence: 'ready', reason: '' });
  if (!reply.ok) throw new Error(`The agent could not become ready: ${reply.code}.`);
  return socket;
}
