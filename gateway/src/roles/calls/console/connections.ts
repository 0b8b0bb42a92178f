/** The open consoles, by agent. Each connection counts its own events, so that a lost one shows as a gap. */
import type { ConsoleToServer, ServerToConsole } from '@civicline/protocol';
import type { Socket } from 'socket.io';

export interface ConsoleData {
  sessionId: string;
  agentId: string;
  organisationId: string;
  /** When the sign-in ends by time, in UTC milliseconds. */
  signedInUntil: number;
}

export type ConsoleSocket = Socket<ConsoleToServer, ServerToConsole, Record<never, never>, ConsoleData>;

/** Events that carry a sequence number, with what is left to say. */
type Sequenced = {
  [Name in keyof ServerToConsole]: Parameters<ServerToConsole[Name]> extends [infer Event extends { sequence: number }]
    ? Omit<Event, 'sequence'>
    : never;
};

export interface Connections {
  add(socket: ConsoleSocket): void;
  remove(socket: ConsoleSocket): void;
  /** From its snapshot on, a console hears of everything. */
  sendSnapshot(socket: ConsoleSocket, snapshot: Sequenced['snapshot']): void;
  /** To every console of these agents; the event is put into words once for all of them. */
  send<Name extends keyof ServerToConsole>(agentIds: Iterable<string>, name: Name, event: Sequenced[Name]): void;
  isOpen(agentId: string): boolean;
  countOf(agentId: string): number;
  agentIds(): Iterable<string>;
  /** How many consoles are open. */
  count(): number;
}

interface Connection {
  socket: ConsoleSocket;
  sequence: number;
  hasSnapshot: boolean;
}

/** A console that takes in nothing is cut off; it comes back to a fresh snapshot. */
const LONGEST_BACKLOG = 1_000;

export function createConnections(): Connections {
  const byAgent = new Map<string, Map<ConsoleSocket, Connection>>();

  function tell(connection: Connection, text: EventText): void {
    if (!connection.hasSnapshot) return;
    const { socket } = connection;
    if (backlog(socket) > LONGEST_BACKLOG) {
      socket.disconnect(true);
      return;
    }
    connection.sequence += 1;
    socket.conn.send(text(connection.sequence));
  }

  return {
    add(socket) {
      const own = byAgent.get(socket.data.agentId) ?? new Map();
      byAgent.set(socket.data.agentId, own.set(socket, { socket, sequence: 0, hasSnapshot: false }));
    },
    remove(socket) {
      const own = byAgent.get(socket.data.agentId);
      own?.delete(socket);
      if (own?.size === 0) byAgent.delete(socket.data.agentId);
    },
    sendSnapshot(socket, snapshot) {
      const connection = byAgent.get(socket.data.agentId)?.get(socket);
      if (!connection) return;
      connection.hasSnapshot = true;
      tell(connection, eventText('snapshot', snapshot));
    },
    send(agentIds, name, event) {
      const text = eventText(name, event);
      for (const agentId of agentIds) {
        for (const connection of byAgent.get(agentId)?.values() ?? []) tell(connection, text);
      }
    },
    isOpen: (agentId) => byAgent.has(agentId),
    countOf: (agentId) => byAgent.get(agentId)?.size ?? 0,
    agentIds: () => byAgent.keys(),
    count() {
      let count = 0;
      for (const own of byAgent.values()) count += own.size;
      return count;
    },
  };
}

type EventText = (sequence: number) => string;

/**
 * A Socket.IO event packet (protocol revision 5) with room for the sequence number. Socket.IO's own `emit` would look
 * through the object and write it as JSON again for each of hundreds of consoles.
 */
function eventText(name: keyof ServerToConsole, event: object): EventText {
  const rest = JSON.stringify(event).slice(1);
  return (sequence) => `2["${name}",{"sequence":${sequence},${rest}]`;
}

/** Packets that wait for the network; Engine.IO has the figure, but not in its types. */
function backlog({ conn }: ConsoleSocket): number {
  return (conn as unknown as { writeBuffer: unknown[] }).writeBuffer.length;
}
