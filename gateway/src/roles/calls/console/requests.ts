/** What a console may ask, each with its schema; who asks is known from the connection. */
import {
  type ConsoleToServer,
  callIdInput,
  deviceInput,
  noteInput,
  presenceInput,
  type Reply,
  type SoftphoneCredentials,
  transferInput,
} from '@civicline/protocol';
import { z } from 'zod';
import { AppError, type Logger, problemOf } from '../../../platform/http/index.ts';
import type { Agents } from '../agents/index.ts';
import type { AgentOrders } from '../engine/index.ts';
import type { Allowance } from './allowance.ts';
import type { ConsoleSocket } from './connections.ts';

export interface RequestContext {
  orders: AgentOrders;
  agents: Agents;
  softphone: (agentId: string) => Promise<SoftphoneCredentials>;
  snapshot: (socket: ConsoleSocket) => void;
  allowance: Allowance;
  /** The person at the console did something. */
  seen: (sessionId: string) => Promise<void>;
  log: Logger;
}

type Handle = (socket: ConsoleSocket, input: unknown) => Promise<object | undefined> | Promise<void> | void;

/** The page asks for these without anybody at it. */
const BY_ITSELF = new Set<string>(['resync', 'softphone-credentials'] satisfies (keyof ConsoleToServer)[]);

export function answerRequests(socket: ConsoleSocket, context: RequestContext): void {
  for (const [name, handle] of Object.entries(requestsOf(context))) {
    const listener = (...sent: unknown[]) => void answer(socket, name, handle, sent, context);
    socket.on(name as keyof ConsoleToServer, listener as never);
  }
}

function requestsOf({ orders, agents, softphone, snapshot }: RequestContext): Record<keyof ConsoleToServer, Handle> {
  const onCall = (order: (agentId: string, callId: string) => Promise<void>) =>
    request(callIdInput, ({ agentId }, { callId }) => order(agentId, callId));
  return {
    resync: (socket) => snapshot(socket),
    answer: onCall(orders.answer),
    'hang-up': onCall(orders.hangUp),
    'take-back': onCall(orders.takeBack),
    hold: onCall(orders.hold),
    resume: onCall(orders.resume),
    mute: onCall(orders.mute),
    unmute: onCall(orders.unmute),
    transfer: request(transferInput, ({ agentId }, { callId, target }) => orders.transfer(agentId, callId, target)),
    'save-note': request(noteInput, ({ agentId }, { callId, note }) => orders.saveNote(agentId, callId, note)),
    'finish-wrap-up': request(noteInput, ({ agentId }, { callId, note }) => orders.finishWrapUp(agentId, callId, note)),
    'set-presence': request(presenceInput, ({ agentId }, { presence, reason }) =>
      agents.setPresence(agentId, presence, reason),
    ),
    'set-device': request(deviceInput, ({ agentId }, { device }) => agents.setDevice(agentId, device)),
    'softphone-credentials': async (socket) => ({ credentials: await softphone(socket.data.agentId) }),
  };
}

function request<Schema extends z.ZodType>(
  schema: Schema,
  handle: (who: { agentId: string }, input: z.output<Schema>) => Promise<void>,
): Handle {
  return (socket, input) => {
    const parsed = schema.safeParse(input);
    if (!parsed.success) throw new AppError(400, 'INPUT_INVALID', z.prettifyError(parsed.error));
    return handle(socket.data, parsed.data);
  };
}

async function answer(
  socket: ConsoleSocket,
  name: string,
  handle: Handle,
  sent: unknown[],
  { allowance, seen, log }: RequestContext,
): Promise<void> {
  const reply = sent.at(-1);
  const acknowledge = (answered: Reply<object>) => {
    if (typeof reply === 'function') reply(answered);
  };
  try {
    if (!allowance.take(socket.data.agentId, Date.now())) {
      throw new AppError(429, 'TOO_MANY_REQUESTS', 'This console asks too much. Wait a moment.');
    }
    acknowledge({ ok: true, ...(await handle(socket, sent[0])) });
  } catch (error) {
    const { code, title } = problemOf(error);
    if (!(error instanceof AppError)) log.error({ error, request: name }, 'a console request failed');
    acknowledge({ ok: false, code, title });
  }
  if (BY_ITSELF.has(name)) return;
  await seen(socket.data.sessionId).catch((error) => log.warn({ error }, 'when an agent was last seen was not kept'));
}
