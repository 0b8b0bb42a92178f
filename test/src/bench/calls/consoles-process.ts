/**
 * The consoles of agents who sit elsewhere: a process of its own, started by `consoles.ts`. Each is a Socket.IO client
 * that takes in every event. It runs at the lowest priority, since those agents' machines would not take this one's time.
 */
import { constants, setPriority } from 'node:os';
import process from 'node:process';
import { type ConsoleSocket, openReadyConsole } from './agents.ts';

export type Order =
  | { kind: 'open'; gatewayUrl: string; consoles: { agentId: string; cookie: string }[] }
  /** From now on, each call that rings is answered by the next of these agents. */
  | { kind: 'answer'; agentIds: string[] };

export type Word = { kind: 'opened' } | { kind: 'refused'; code: string };

const consoles = new Map<string, ConsoleSocket>();
const answered = new Set<string>();
/** Agents who answer what rings; null: nobody does. */
let free: string[] | null = null;

setPriority(constants.priority.PRIORITY_LOW);
process.on('message', (order: Order) => void carryOut(order));
process.on('disconnect', () => process.exit(0));

async function carryOut(order: Order): Promise<void> {
  if (order.kind === 'answer') {
    free = order.agentIds;
    return;
  }
  for (const { agentId, cookie } of order.consoles) consoles.set(agentId, await open(order.gatewayUrl, cookie));
  say({ kind: 'opened' });
}

async function open(gatewayUrl: string, cookie: string): Promise<ConsoleSocket> {
  const socket = await openReadyConsole(gatewayUrl, cookie);
  socket.on('call-changed', ({ call }) => {
    if (call.state === 'queued') answer(call.id);
  });
  return socket;
}

/** Whichever console hears of a call first, it is answered at that of the next free agent. */
function answer(callId: string): void {
  if (!free || answered.has(callId)) return;
  const console = consoles.get(free.shift() ?? '');
  if (!console) return;
  answered.add(callId);
  console.emit('answer', { callId }, (reply) => {
    if (!reply.ok) say({ kind: 'refused', code: reply.code });
  });
}

function say(word: Word): void {
  process.send?.(word);
}
