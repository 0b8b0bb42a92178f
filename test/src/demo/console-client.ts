/**
 * The agent console without a screen: keeps what the gateway says by the rules of `@civicline/protocol`, and asks it.
 *
 *   connecting ──snapshot──► in step ──gap in the sequence──► resync ──snapshot──► in step
 *        ▲                      └── connection lost ──┐
 *        └────────────────────────────────────────────┘
 */
import { EventEmitter } from 'node:events';
import {
  type CallView,
  CONSOLE_SOCKET_PATH,
  type ConsoleToServer,
  type RemovalReason,
  type Reply,
  type ServerToConsole,
  type Snapshot,
} from '@civicline/protocol';
import { io, type Socket } from 'socket.io-client';

/** What a console can ask that takes input. */
type Question = Exclude<keyof ConsoleToServer, 'resync' | 'softphone-credentials'>;
type Input<Name extends Question> = Parameters<ConsoleToServer[Name]>[0];

interface ConsoleEvents {
  /** Something changed; look at `state`. */
  changed: [];
  /** A call left this console, as it was last. */
  removed: [{ call: CallView; reason: RemovalReason }];
  connected: [];
  disconnected: [];
  'signed-out': [];
}

export interface ConsoleClient {
  readonly events: EventEmitter<ConsoleEvents>;
  /** What the gateway said last; the same object is kept up to date. */
  readonly state: Snapshot;
  /** Whether `state` is true now. */
  readonly connected: boolean;
  /** Rejects with a {@link ConsoleError} when the gateway says no. */
  ask<Name extends Question>(name: Name, input: Input<Name>): Promise<void>;
  close(): void;
}

/** The gateway said no; `code` is its stable code. */
export class ConsoleError extends Error {
  readonly code: string;

  constructor(code: string, title: string) {
    super(`${title} (${code})`);
    this.name = 'ConsoleError';
    this.code = code;
  }
}

const ANSWER_MS = 10_000;

/** Opens a console with the cookie of a signed-in agent; resolves with its first snapshot. */
export async function openConsole(gatewayUrl: string, cookie: string): Promise<ConsoleClient> {
  const socket: Socket<ServerToConsole, ConsoleToServer> = io(gatewayUrl, {
    path: CONSOLE_SOCKET_PATH,
    transports: ['websocket'],
    extraHeaders: { cookie },
    reconnectionDelay: 200,
    reconnectionDelayMax: 2000,
  });
  const events: ConsoleClient['events'] = new EventEmitter();
  let state: Snapshot | undefined;
  let connected = false;

  /** Whether the event is the next one; a gap is answered with a new snapshot, a repetition with nothing. */
  const isNext = (sequence: number): boolean => {
    if (!state || sequence <= state.sequence) return false;
    if (sequence > state.sequence + 1) {
      socket.emit('resync', () => {});
      return false;
    }
    state.sequence = sequence;
    return true;
  };
  /** Takes in an event that comes in its turn. */
  const take = <Event extends { sequence: number }>(change: (known: Snapshot, event: Event) => void) => {
    return (event: Event) => {
      if (!state || !isNext(event.sequence)) return;
      change(state, event);
      events.emit('changed');
    };
  };

  socket.on(
    'call-changed',
    take((known, { call }) => put(known.calls, call)),
  );
  socket.on(
    'queue-changed',
    take((known, { queue }) => put(known.queues, queue)),
  );
  socket.on(
    'colleague-changed',
    take((known, { colleague }) => put(known.colleagues, colleague)),
  );
  socket.on(
    'self-changed',
    take((known, { self }) => Object.assign(known, { self })),
  );
  socket.on(
    'telephony-changed',
    take((known, { available }) => Object.assign(known, { telephonyAvailable: available })),
  );
  socket.on('call-removed', ({ sequence, callId, reason }) => {
    if (!state || !isNext(sequence)) return;
    const index = state.calls.findIndex(({ id }) => id === callId);
    const [call] = index < 0 ? [] : state.calls.splice(index, 1);
    if (call) events.emit('removed', { call, reason });
    events.emit('changed');
  });
  socket.on('signed-out', () => events.emit('signed-out'));
  socket.on('disconnect', () => {
    connected = false;
    events.emit('disconnected');
  });

  const first = new Promise<void>((resolve, reject) => {
    socket.on('snapshot', (snapshot) => {
      const left = (state?.calls ?? []).filter(({ id }) => !snapshot.calls.some((call) => call.id === id));
      state = Object.assign(state ?? {}, snapshot);
      if (!connected) events.emit('connected');
      connected = true;
      for (const call of left) events.emit('removed', { call, reason: 'closed' });
      events.emit('changed');
      resolve();
    });
    socket.on('connect_error', (error) => {
      // Without a cookie that counts, trying again is of no use.
      if (error.message === 'NOT_SIGNED_IN') {
        socket.close();
        events.emit('signed-out');
      }
      reject(error);
    });
  });
  await first.catch((error: Error) => {
    socket.close();
    throw new Error(`The console could not be opened: ${error.message}`);
  });

  return {
    events,
    state: state as unknown as Snapshot,
    get connected() {
      return connected;
    },
    async ask(name, input) {
      const emit = socket.timeout(ANSWER_MS).emitWithAck.bind(socket.timeout(ANSWER_MS)) as (
        event: string,
        sent: unknown,
      ) => Promise<Reply>;
      const reply = await emit(name, input);
      if (!reply.ok) throw new ConsoleError(reply.code, reply.title);
    },
    close: () => void socket.close(),
  };
}

function put<Item extends { id: string }>(items: Item[], item: Item): void {
  const index = items.findIndex(({ id }) => id === item.id);
  if (index < 0) items.push(item);
  else items[index] = item;
}
