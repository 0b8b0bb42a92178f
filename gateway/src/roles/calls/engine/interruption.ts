/**
 * The agent's leg is gone while the caller is there, and nobody hung up: the tab crashed or was reloaded, the phone or its
 * network died. The caller hears music. A page gets some seconds to come back, and the call returns to it; a phone on a
 * desk does not come back that soon. Then the caller goes to the head of the queue, and the agent is not reachable.
 */
import {
  type Call,
  type CallCommand,
  legChannelId,
  PHONE_GONE_MS,
  REQUEUE_GRACE_MS,
  RESUME_MS,
  RING_GRACE_MS,
} from './call.ts';
import { after, move, noAgent, type Step, separated, unchanged, waited } from './steps.ts';

/** Takes a conversation from a phone that has lost it. */
export function lost(call: Call, at: number): Step {
  if (call.leg?.device === 'browser') return interrupt(call, at);
  return after(notReachable(call), cutOff(call, at));
}

function interrupt(call: Call, at: number): Step {
  const { phoneGoneUntil, held } = call;
  const interrupted = move(call, 'interrupted', {
    leg: null,
    bridged: false,
    phoneGoneUntil: null,
    interruption: { since: at, until: at + RESUME_MS, device: 'browser', phoneGone: phoneGoneUntil !== null },
  });
  // To a held caller the music plays already.
  return { call: interrupted, commands: [...separated(call), ...(held ? [] : [MUSIC])] };
}

const MUSIC: CallCommand = { type: 'wait', prompts: [] };

/** The time for coming back is over. */
export function notResumed(call: Call, at: number): Step {
  return after(notReachable(call), cutOff(call, at));
}

function notReachable({ agentId }: Call): CallCommand[] {
  return agentId === null ? [] : [{ type: 'agent-not-reachable', agentId, cause: 'lost' }];
}

/** To the head of the queue, with a mark. The conversation counts for no wait, the interruption does. */
export function cutOff(call: Call, at: number): Step {
  const since = call.interruption?.since ?? at;
  const waiting = move(call, 'queued', {
    ...noAgent,
    cutOffFrom: call.agentId,
    queuedAt: since - waited(call),
    waitUntil: at + Math.max(call.rules?.maxWaitMs ?? 0, REQUEUE_GRACE_MS),
    connectedAt: null,
  });
  const music = call.bridged ? [MUSIC] : [];
  return { call: waiting, commands: [...separated(call), ...music] };
}

export function phoneGone(call: Call, at: number): Step {
  const { interruption } = call;
  if (interruption?.phoneGone === false)
    return unchanged({ ...call, interruption: { ...interruption, phoneGone: true } });
  if (call.state !== 'connected' || call.leg === null || call.phoneGoneUntil !== null) return unchanged(call);
  return unchanged({ ...call, phoneGoneUntil: at + PHONE_GONE_MS });
}

export function phoneBack(call: Call, at: number): Step {
  if (call.state === 'interrupted') return call.interruption?.phoneGone ? ringAgain(call, at) : unchanged(call);
  return call.phoneGoneUntil === null ? unchanged(call) : unchanged({ ...call, phoneGoneUntil: null });
}

/** Another page of the agent, or the same one anew, has the telephone and misses the conversation. */
export function takeBack(call: Call, event: { agentId: string; registered: boolean; at: number }): Step {
  if (call.agentId !== event.agentId) return unchanged(call);
  const isInPage = call.leg?.device === 'browser' && call.source.kind === 'asterisk';
  const { call: interrupted, commands } =
    call.state === 'connected' && isInPage ? interrupt(call, event.at) : unchanged(call);
  if (interrupted.state !== 'interrupted') return unchanged(call);
  // Only the phone that is registered from now on counts.
  return after(commands, event.registered ? ringAgain(interrupted, event.at) : phoneGone(interrupted, event.at));
}

function ringAgain(call: Call, at: number): Step {
  const { agentId, interruption, rules } = call;
  if (agentId === null || interruption === null || rules === null) return unchanged(call);
  const { device } = interruption;
  const attempts = call.attempts + 1;
  const channelId = legChannelId(call.id, attempts);
  const ringMs = Math.min(rules.ringMs, RESUME_MS);
  return {
    call: move(call, 'claimed', {
      attempts,
      leg: { channelId, device, answered: false },
      ringUntil: at + ringMs + RING_GRACE_MS,
    }),
    commands: [{ type: 'originate', channelId, agentId, device, ringMs }],
  };
}

/** What a conversation that came back had been told before. */
export function restored({ interruption, leg, muted, held }: Call): CallCommand[] {
  if (interruption === null || leg === null) return [];
  return [
    ...(muted ? [{ type: 'mute', channelId: leg.channelId } as const] : []),
    ...(held ? [{ type: 'hold' } as const] : []),
  ];
}
