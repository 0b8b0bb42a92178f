/** The socket to the gateway: what it says goes into the store, what the agent wants goes out as acknowledged requests. */
import {
  CONSOLE_SOCKET_PATH,
  type ConsoleToServer,
  type Reply,
  type ServerToConsole,
  type SoftphoneCredentials,
} from '@civicline/protocol';
import { io, type Socket } from 'socket.io-client';
import { type ConsoleEvent, NUMBERED_EVENTS } from './console-state.ts';
import type { ConsoleStore } from './store.ts';

const REPLY_WITHIN_MS = 10_000;
const REFUSED_RETRY_MS = 2_000;

type RequestName = Exclude<keyof ConsoleToServer, 'resync' | 'softphone-credentials'>;

/** Asks the gateway for something; never throws. What it changes arrives as events. */
export type SendRequest = <Name extends RequestName>(
  name: Name,
  input: Parameters<ConsoleToServer[Name]>[0],
) => Promise<Reply>;

export interface Connection {
  request: SendRequest;
  softphoneCredentials(): Promise<Reply<{ credentials: SoftphoneCredentials }>>;
  close(): void;
}

type ConsoleSocket = Socket<ServerToConsole, ConsoleToServer>;

export interface ConnectionOptions {
  store: ConsoleStore;
  /** Whether the gateway still knows this browser; asked when it cannot be connected to. */
  checkSession(): Promise<'signed-in' | 'signed-out' | 'unreachable'>;
  /** The session is over; the connection has closed itself. */
  onSignedOut(): void;
}

/** Connects, and connects again until it is closed or the session is over. */
export function openConnection({ store, checkSession, onSignedOut }: ConnectionOptions): Connection {
  const socket: ConsoleSocket = io({
    path: CONSOLE_SOCKET_PATH,
    transports: ['websocket'],
    reconnectionDelay: 300,
    reconnectionDelayMax: 5_000,
  });
  let closed = false;
  listen(socket, store);
  socket.on('signed-out', signedOut);
  socket.on('connect_error', async () => {
    store.dispatch({ type: 'disconnected' });
    if ((await checkSession()) === 'signed-out') return signedOut();
    // Refused by the gateway, which the client takes for an answer; with a session it is a passing state.
    if (!socket.active) setTimeout(() => !closed && socket.connect(), REFUSED_RETRY_MS);
  });
  socket.on('disconnect', (reason) => {
    store.dispatch({ type: 'disconnected' });
    if (reason === 'io server disconnect' && !closed) socket.connect();
  });
  const unsubscribe = store.subscribe((after, before) => {
    if (after.resyncNeeded && !before.resyncNeeded) void resync();
  });
  const stopWatching = watchNetwork(socket);

  return {
    request: (name, input) => send(socket, name, input),
    softphoneCredentials: () => send(socket, 'softphone-credentials') as ReturnType<Connection['softphoneCredentials']>,
    close,
  };

  /** Asks for a snapshot; without an answer a new connection brings one. */
  async function resync(): Promise<void> {
    const reply = await send(socket, 'resync');
    if (!reply.ok && !closed) socket.disconnect().connect();
  }

  function close(): void {
    closed = true;
    unsubscribe();
    stopWatching();
    socket.close();
  }

  function signedOut(): void {
    if (closed) return;
    close();
    store.dispatch({ type: 'signed-out' });
    onSignedOut();
  }
}

function listen(socket: ConsoleSocket, store: ConsoleStore): void {
  socket.on('connect', () => store.dispatch({ type: 'connected' }));
  socket.on('snapshot', (snapshot) => store.dispatch({ type: 'snapshot', snapshot, receivedAt: Date.now() }));
  for (const type of NUMBERED_EVENTS) {
    socket.on(type, (event: object) => store.dispatch({ type, ...event } as ConsoleEvent));
  }
}

async function send(socket: ConsoleSocket, name: string, input?: object): Promise<Reply> {
  // The client would keep a request for later; a late *answer* or *hang up* would surprise everybody.
  if (!socket.connected) return { ok: false, code: 'CONSOLE_OFFLINE', title: 'The console is not connected.' };
  const untyped = socket.timeout(REPLY_WITHIN_MS) as unknown as {
    emitWithAck(name: string, ...input: object[]): Promise<Reply>;
  };
  try {
    return await (input === undefined ? untyped.emitWithAck(name) : untyped.emitWithAck(name, input));
  } catch {
    return { ok: false, code: 'CONSOLE_NO_REPLY', title: 'The gateway did not reply in time.' };
  }
}

/** The browser often knows sooner than the heartbeat that the network is gone, or back. */
function watchNetwork(socket: ConsoleSocket): () => void {
  const lost = () => socket.io.engine?.close();
  const back = () => socket.connect();
  window.addEventListener('offline', lost);
  window.addEventListener('online', back);
  return () => {
    window.removeEventListener('offline', lost);
    window.removeEventListener('online', back);
  };
}
