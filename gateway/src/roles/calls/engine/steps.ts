/** What one event leads to, and the pieces from which such steps are made. The machine itself is in `machine.ts`. */
import type { CallState } from '@civicline/protocol';
import { createStateTable } from '@civicline/protocol/run';
import type { Call, CallCommand, FallbackLine } from './call.ts';

export interface Step {
  call: Call;
  commands: CallCommand[];
}

export const STATES = createStateTable<CallState>('a call', {
  arriving: ['queued', 'abandoned', 'fallback'],
  queued: ['claimed', 'connected', 'abandoned', 'fallback'],
  claimed: ['connecting', 'queued', 'abandoned', 'wrapping-up', 'closed'],
  connecting: ['connected', 'queued', 'abandoned', 'wrapping-up', 'closed'],
  connected: ['queued', 'interrupted', 'wrapping-up', 'closed'],
  interrupted: ['claimed', 'queued', 'wrapping-up', 'closed'],
  'wrapping-up': ['closed'],
  closed: [],
  abandoned: [],
  fallback: [],
});

export function unchanged(call: Call): Step {
  return { call, commands: [] };
}

export function after(commands: CallCommand[], next: Step): Step {
  return { call: next.call, commands: [...commands, ...next.commands] };
}

/** The call in another state; a programming error when the table does not allow it. */
export function move(call: Call, state: CallState, changes: Partial<Call>): Call {
  return { ...call, ...changes, state: STATES.move(call.state, state) };
}

/** A command for the caller's channel; a call at another exchange has none. */
export function onChannel(call: Call, command: CallCommand): CallCommand[] {
  return call.source.kind === 'asterisk' ? [command] : [];
}

export function report(call: Call, state: 'queued' | 'connected' | 'ended'): CallCommand[] {
  return call.requestId === null ? [] : [{ type: 'report', requestId: call.requestId, state }];
}

export function fallBack(call: Call, line: FallbackLine, at: number): Step {
  return after(onChannel(call, { type: 'fall-back', line }), end(call, 'fallback', at));
}

export function endConversation(call: Call, at: number, freed: CallCommand[]): Step {
  const wrapUpMs = call.rules?.wrapUpMs ?? 0;
  if (wrapUpMs === 0) return after(freed, end({ ...call, leg: null, bridged: false }, 'closed', at));
  return {
    call: move(call, 'wrapping-up', {
      leg: null,
      bridged: false,
      ringUntil: null,
      held: false,
      muted: false,
      phoneGoneUntil: null,
      interruption: null,
      wrapUpUntil: at + wrapUpMs,
    }),
    commands: [...freed, ...report(call, 'ended')],
  };
}

export function end(call: Call, state: 'closed' | 'abandoned' | 'fallback', at: number): Step {
  const erased: CallCommand[] = call.attributesUntil === null ? [] : [{ type: 'erase-attributes' }];
  // In wrap-up the citizen's page knows already.
  const told = call.state === 'wrapping-up' ? [] : report(call, 'ended');
  return {
    call: move(call, state, {
      leg: null,
      ringUntil: null,
      bridged: false,
      held: false,
      muted: false,
      phoneGoneUntil: null,
      interruption: null,
      offer: null,
      attributesUntil: null,
      wrapUpUntil: null,
      rekeying: false,
      endedAt: at,
    }),
    commands: [...released(call), ...erased, ...told],
  };
}

/** What gives back the agent's side. */
export function released(call: Call): CallCommand[] {
  return [
    ...(call.leg === null ? [] : [{ type: 'hang-up-leg', channelId: call.leg.channelId } as const]),
    ...(call.bridged ? [{ type: 'destroy-bridge' } as const] : []),
  ];
}

/**
 * What gives back the agent's side while the caller goes on waiting. Asterisk says that a bridge is destroyed while
 * the caller is still leaving it, and a prompt would be lost.
 */
export function separated(call: Call): CallCommand[] {
  return [...(call.bridged ? [{ type: 'leave-bridge' } as const] : []), ...released(call)];
}

/** For how long the caller of a conversation waited before it, all waits together, in milliseconds. */
export function waited({ queuedAt, connectedAt }: Call): number {
  return queuedAt === null || connectedAt === null ? 0 : Math.max(0, connectedAt - queuedAt);
}

export const noAgent = {
  agentId: null,
  leg: null,
  ringUntil: null,
  bridged: false,
  held: false,
  muted: false,
  phoneGoneUntil: null,
  interruption: null,
} satisfies Partial<Call>;
