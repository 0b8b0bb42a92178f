/**
 * What the console knows, as a pure function of what the gateway said.
 *
 *               connected                     snapshot
 *   connecting ───────────► connecting ──────────────────► online ◄──────────────┐
 *        ▲                                                  │   │ gap            │ snapshot
 *        │ signed-out (from everywhere: all data go)        │   └──► online, resyncNeeded
 *                                                           ▼ disconnected
 *                                                        offline ── snapshot ──► online
 *
 * Offline keeps the data on the screen; the next snapshot replaces all of them. Events count up by one from their
 * snapshot: a repeated one is ignored, a gap makes the data wait for a fresh snapshot.
 */
import type { CallView, RemovalReason, ServerToConsole, Snapshot } from '@civicline/protocol';

export type Connection = 'connecting' | 'online' | 'offline';

export interface ConsoleData extends Omit<Snapshot, 'now'> {
  /** Gateway's clock minus this computer's, in milliseconds. */
  clockOffset: number;
}

export interface ConsoleState {
  connection: Connection;
  /** null until the first snapshot and after signing out. */
  data: ConsoleData | null;
  /** An event was missed: nothing is taken in until the next snapshot. */
  resyncNeeded: boolean;
  /** The call that left last without this agent's doing, for a notice; null once it was read, or another call comes. */
  lastRemoval: { callId: string; reason: RemovalReason } | null;
}

/** The gateway's events under their own names, and those of the connection. */
export type ConsoleEvent =
  | { type: 'connected' }
  | { type: 'disconnected' }
  | { type: 'signed-out' }
  /** The notice that this call left has been on the screen long enough. */
  | { type: 'removal-read'; callId: string }
  /** `receivedAt`: this computer's clock, UTC milliseconds. */
  | { type: 'snapshot'; snapshot: Snapshot; receivedAt: number }
  | NumberedEvent;

type NumberedName = Exclude<keyof ServerToConsole, 'snapshot' | 'signed-out'>;
type NumberedEvent = { [Name in NumberedName]: { type: Name } & Parameters<ServerToConsole[Name]>[0] }[NumberedName];

export const NUMBERED_EVENTS = [
  'call-changed',
  'call-removed',
  'self-changed',
  'queue-changed',
  'colleague-changed',
  'telephony-changed',
] as const satisfies readonly NumberedName[];

export const initialState: ConsoleState = {
  connection: 'connecting',
  data: null,
  resyncNeeded: false,
  lastRemoval: null,
};

export function reduce(state: ConsoleState, event: ConsoleEvent): ConsoleState {
  switch (event.type) {
    case 'connected':
      return state;
    case 'disconnected':
      return { ...state, connection: state.data ? 'offline' : 'connecting', resyncNeeded: false };
    case 'signed-out':
      return initialState;
    case 'removal-read':
      return state.lastRemoval?.callId === event.callId ? { ...state, lastRemoval: null } : state;
    case 'snapshot':
      return { connection: 'online', data: fromSnapshot(event), resyncNeeded: false, lastRemoval: null };
    default:
      return reduceNumbered(state, event);
  }
}

function fromSnapshot({ snapshot, receivedAt }: { snapshot: Snapshot; receivedAt: number }): ConsoleData {
  const { now, ...data } = snapshot;
  return { ...data, clockOffset: Date.parse(now) - receivedAt };
}

function reduceNumbered(state: ConsoleState, event: NumberedEvent): ConsoleState {
  const { data } = state;
  if (data === null || state.resyncNeeded || event.sequence <= data.sequence) return state;
  if (event.sequence > data.sequence + 1) return { ...state, resyncNeeded: true };
  return { ...state, data: { ...apply(data, event), sequence: event.sequence }, lastRemoval: removal(state, event) };
}

function apply(data: ConsoleData, event: NumberedEvent): ConsoleData {
  switch (event.type) {
    case 'call-changed':
      return { ...data, calls: put(data.calls, event.call) };
    case 'call-removed':
      return { ...data, calls: data.calls.filter(({ id }) => id !== event.callId) };
    case 'self-changed':
      return { ...data, self: event.self };
    case 'queue-changed':
      return {
        ...data,
        queues: replace(data.queues, event.queue),
        transferQueues: replace(data.transferQueues, event.queue),
      };
    case 'colleague-changed':
      return { ...data, colleagues: put(data.colleagues, event.colleague) };
    case 'telephony-changed':
      return { ...data, telephonyAvailable: event.available };
  }
}

/** Replaces the item with the same id in its place, or adds it at the end. */
function put<T extends { id: string }>(items: readonly T[], item: T): T[] {
  return items.some(({ id }) => id === item.id) ? replace(items, item) : [...items, item];
}

/** Replaces the item with the same id in its place; another one is not of this list. */
function replace<T extends { id: string }>(items: readonly T[], item: T): T[] {
  return items.map((other) => (other.id === item.id ? item : other));
}

function removal({ data, lastRemoval }: ConsoleState, event: NumberedEvent): ConsoleState['lastRemoval'] {
  const known = (id: string) => data?.calls.some((call) => call.id === id) ?? false;
  if (event.type === 'call-changed') return known(event.call.id) ? lastRemoval : null;
  if (event.type !== 'call-removed' || !known(event.callId)) return lastRemoval;
  return event.reason === 'closed' ? null : { callId: event.callId, reason: event.reason };
}

/**
 * Calls that wait for an answer: those meant for this agent first, then callers who were cut off, then the longest waiting
 * first.
 */
export function ringingCalls(data: ConsoleData): CallView[] {
  const rank = (call: CallView) => (call.offeredTo === data.self.id ? 0 : call.cutOffFrom ? 1 : 2);
  return data.calls
    .filter(({ state }) => state === 'queued')
    .sort((a, b) => rank(a) - rank(b) || waitingSince(a) - waitingSince(b) || (a.id < b.id ? -1 : 1));
}

/** This agent's calls, the one with a voice on it before those in wrap-up. */
export function ownCalls(data: ConsoleData): CallView[] {
  const inWrapUp = (call: CallView) => (call.state === 'wrapping-up' ? 1 : 0);
  return data.calls
    .filter((call) => call.agentId === data.self.id && OWN_STATES.has(call.state))
    .sort((a, b) => inWrapUp(a) - inWrapUp(b) || waitingSince(a) - waitingSince(b));
}

const OWN_STATES: ReadonlySet<string> = new Set(['claimed', 'connecting', 'connected', 'interrupted', 'wrapping-up']);

/** The call on which this agent is, or is about to be, speaking. */
export function activeCall(data: ConsoleData): CallView | null {
  return ownCalls(data).find(({ state }) => state !== 'wrapping-up') ?? null;
}

/** Since when the caller waits in the queue, UTC milliseconds of the gateway's clock. */
function waitingSince(call: CallView): number {
  return Date.parse(call.queuedAt);
}
