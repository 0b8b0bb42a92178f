/** A console without a screen: keeps the state as the page does, and remembers every event. */
import {
  type CallView,
  CONSOLE_SOCKET_PATH,
  type ConsoleToServer,
  type Reply,
  type ServerToConsole,
  type Snapshot,
} from '@civicline/protocol';
import { io, type Socket } from 'socket.io-client';

export interface TestConsole {
  readonly socket: Socket<ServerToConsole, ConsoleToServer>;
  /** The truth as this console knows it. */
  readonly state: Snapshot;
  /** Every event, in order. */
  readonly events: { name: string; event: Record<string, unknown> }[];
  call(callId: string): CallView | undefined;
  ask(name: keyof ConsoleToServer, input?: unknown): Promise<Reply<Record<string, unknown>>>;
  close(): void;
}

/** Resolves with the first snapshot. Rejects with the server's reason when it refuses. */
export function openConsole(url: string, agentId: string, headers: Record<string, string> = {}): Promise<TestConsole> {
  const socket: TestConsole['socket'] = io(url, {
    path: CONSOLE_SOCKET_PATH,
    transports: ['websocket'],
    extraHeaders: { cookie: `agent=${agentId}`, ...headers },
    forceNew: true,
    timeout: 60_000,
    reconnectionDelay: 50,
    reconnectionDelayMax: 100,
  });
  const events: TestConsole['events'] = [];
  let state: Snapshot | undefined;

  socket.onAny((name: string, event: Record<string, unknown> & { sequence?: number }) => {
    events.push({ name, event });
    if (name === 'snapshot') state = structuredClone(event) as unknown as Snapshot;
    else if (state && event?.sequence !== undefined) {
      if (event.sequence !== state.sequence + 1) throw new Error(`${name}: a gap in the sequence`);
      state = apply({ ...state, sequence: event.sequence }, name, event);
    }
  });

  return new Promise((resolve, reject) => {
    socket.once('connect_error', (error) => {
      socket.close();
      reject(error);
    });
    socket.once('snapshot', () => {
      socket.off('connect_error');
      resolve({
        socket,
        get state() {
          if (!state) throw new Error('there was no snapshot');
          return state;
        },
        events,
        call: (callId) => state?.calls.find(({ id }) => id === callId),
        ask: (name, input) =>
          new Promise((answered) => {
            const sent = input === undefined ? [answered] : [input, answered];
            (socket.emit as (name: string, ...sent: unknown[]) => void)(name, ...sent);
          }),
        close: () => void socket.close(),
      });
    });
  });
}

function apply(state: Snapshot, name: string, event: Record<string, unknown>): Snapshot {
  switch (name) {
    case 'call-changed': {
      const call = event.call as CallView;
      return { ...state, calls: [...state.calls.filter(({ id }) => id !== call.id), call] };
    }
    case 'call-removed':
      return { ...state, calls: state.calls.filter(({ id }) => id !== event.callId) };
    case 'self-changed':
      return { ...state, self: event.self as Snapshot['self'] };
    case 'queue-changed': {
      const queue = event.queue as Snapshot['queues'][number];
      const put = (known: typeof queue) => (known.id === queue.id ? queue : known);
      return { ...state, queues: state.queues.map(put), transferQueues: state.transferQueues.map(put) };
    }
    case 'colleague-changed': {
      const colleague = event.colleague as Snapshot['colleagues'][number];
      return { ...state, colleagues: state.colleagues.map((known) => (known.id === colleague.id ? colleague : known)) };
    }
    case 'telephony-changed':
      return { ...state, telephonyAvailable: event.available as boolean };
    default:
      return state;
  }
}
