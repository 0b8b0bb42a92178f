/** From the agent's answer to the end of the conversation. */
import {
  type Call,
  type CallCommand,
  type CallEvent,
  type LegCause,
  legChannelId,
  REQUEUE_GRACE_MS,
  RING_GRACE_MS,
} from './call.ts';
import { cutOff, lost, restored } from './interruption.ts';
import {
  after,
  end,
  endConversation,
  move,
  noAgent,
  onChannel,
  released,
  report,
  type Step,
  separated,
  unchanged,
  waited,
} from './steps.ts';

export function claim(call: Call, event: CallEvent & { type: 'claim' }): Step {
  if (call.state !== 'queued' || !mayClaim(call, event.agentId) || call.rules === null) return unchanged(call);
  const attempts = call.attempts + 1;
  const claimed = { agentId: event.agentId, offer: null, attempts };
  if (call.source.kind === 'exchange') {
    return {
      call: move(call, 'connected', { ...claimed, connectedAt: event.at }),
      commands: report(call, 'connected'),
    };
  }
  const channelId = legChannelId(call.id, attempts);
  const { ringMs } = call.rules;
  return {
    call: move(call, 'claimed', {
      ...claimed,
      leg: { channelId, device: event.device, answered: false },
      ringUntil: event.at + ringMs + RING_GRACE_MS,
    }),
    commands: [{ type: 'originate', channelId, agentId: event.agentId, device: event.device, ringMs }],
  };
}

/** Whether this agent may answer: anybody of the queue, unless it is offered to one. */
export function mayClaim(call: Call, agentId: string): boolean {
  return call.offer === null || call.offer.agentId === agentId;
}

export function legRinging(call: Call, channelId: string): Step {
  if (channelId !== call.leg?.channelId) return { call, commands: [{ type: 'hang-up-leg', channelId }] };
  return call.state === 'claimed' ? unchanged(move(call, 'connecting', {})) : unchanged(call);
}

export function legUp(call: Call, channelId: string): Step {
  if (channelId !== call.leg?.channelId) return { call, commands: [{ type: 'hang-up-leg', channelId }] };
  if (call.leg.answered) return unchanged(call);
  const up = call.state === 'claimed' ? move(call, 'connecting', {}) : call;
  return {
    call: { ...up, leg: { ...call.leg, answered: true }, bridged: true },
    commands: [{ type: 'bridge', channelId }],
  };
}

export function bridged(call: Call, at: number): Step {
  if (call.state !== 'connecting' || !call.bridged) return unchanged(call);
  const connectedAt = call.interruption ? call.connectedAt : at;
  return {
    call: move(call, 'connected', { connectedAt, ringUntil: null, interruption: null }),
    commands: [...restored(call), ...report(call, 'connected')],
  };
}

/** The two could not be put together: nobody's fault, so the caller keeps its place, or both are let go. */
export function bridgeFailed(call: Call, at: number): Step {
  if (!call.bridged) return unchanged(call);
  return call.state === 'connected' ? letBothGo(call, at) : legDown(call, at, null);
}

/**
 * The agent's side is gone: before the conversation the caller keeps its place, a lost conversation is to come back, and
 * one that was hung up is over. `cause` null: nobody's fault, or not known.
 */
export function legDown(call: Call, at: number, cause: LegCause | null): Step {
  if (call.state === 'connected' && cause === 'lost') return lost(call, at);
  if (call.state === 'connected')
    return endConversation({ ...call, leg: null }, at, [
      ...onChannel(call, { type: 'hang-up-caller' }),
      ...released({ ...call, leg: null }),
    ]);
  if (call.state !== 'claimed' && call.state !== 'connecting') return unchanged(call);
  const { agentId } = call;
  // Whoever picks up and puts down again was there.
  const unreachable: CallCommand[] =
    agentId === null || cause === null || cause === 'hung-up' ? [] : [{ type: 'agent-not-reachable', agentId, cause }];
  return after(unreachable, call.interruption ? cutOff(call, at) : requeue(call, at));
}

function requeue(call: Call, at: number): Step {
  const back = move(call, 'queued', {
    ...noAgent,
    waitUntil: Math.max(call.waitUntil ?? at, at + REQUEUE_GRACE_MS),
  });
  // The music has not stopped, unless the bridge was already being made.
  const music: CallCommand[] = call.bridged ? [{ type: 'wait', prompts: [] }] : [];
  return { call: back, commands: [...separated(call), ...music] };
}

export function callerGone(call: Call, at: number): Step {
  if (call.state === 'connected' || call.interruption) return endConversation(call, at, released(call));
  return call.state === 'wrapping-up' ? unchanged(call) : end(call, 'abandoned', at);
}

export function duringConversation(call: Call, wish: 'hold' | 'resume' | 'mute' | 'unmute', agentId: string): Step {
  if (call.state !== 'connected' || call.agentId !== agentId || call.leg === null) return unchanged(call);
  const { channelId } = call.leg;
  switch (wish) {
    case 'hold':
      return call.held ? unchanged(call) : { call: { ...call, held: true }, commands: [{ type: 'hold' }] };
    case 'resume':
      return call.held ? { call: { ...call, held: false }, commands: [{ type: 'resume' }] } : unchanged(call);
    case 'mute':
    case 'unmute': {
      const muted = wish === 'mute';
      return call.muted === muted
        ? unchanged(call)
        : { call: { ...call, muted }, commands: [{ type: wish, channelId }] };
    }
  }
}

export function hangUp(call: Call, event: { agentId: string; at: number }): Step {
  if (call.agentId !== event.agentId) return unchanged(call);
  if (call.state === 'connected' || call.interruption) return letBothGo(call, event.at);
  return legDown(call, event.at, null);
}

function letBothGo(call: Call, at: number): Step {
  return endConversation(call, at, [...released(call), ...onChannel(call, { type: 'hang-up-caller' })]);
}

export function transfer(call: Call, event: CallEvent & { type: 'transfer' }): Step {
  const { target } = event;
  if (call.state !== 'connected' || call.agentId !== event.agentId || call.rules === null) return unchanged(call);
  if (target.kind === 'agent' && target.agentId === event.agentId) return unchanged(call);
  const rules = target.kind === 'queue' ? target.rules : call.rules;
  const offer = target.kind === 'agent' ? { agentId: target.agentId, until: event.at + rules.ringMs } : null;
  const transferred = move(call, 'queued', {
    ...noAgent,
    rules,
    offer,
    transferredBy: event.agentId,
    cutOffFrom: null,
    queuedAt: event.at - waited(call),
    waitUntil: event.at + Math.max(rules.maxWaitMs, REQUEUE_GRACE_MS),
    connectedAt: null,
  });
  return {
    call: transferred,
    commands: [...separated(call), ...onChannel(call, { type: 'wait', prompts: ['transferring'] })],
  };
}
