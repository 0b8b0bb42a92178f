/**
 * A call compared with what Asterisk has of it: after a restart of either side, and now and then as a check. The
 * difference goes through the same machine as every other event.
 */
import { ARRIVING_MS, type Call, type CallCommand, type Found, legChannelId } from './call.ts';
import { bridged, callerGone, legDown, legUp } from './conversation.ts';
import { type Step, unchanged } from './steps.ts';

/** Whether Asterisk has of the call exactly what its state says. */
export function isAsExpected(call: Call, found: Found): boolean {
  if (call.source.kind === 'exchange') return true;
  const { caller, leg, bridge } = found;
  switch (call.state) {
    case 'arriving':
      return caller === (call.rekeying ? 'elsewhere' : 'in-stasis');
    case 'queued':
    case 'interrupted':
      return caller === 'in-stasis';
    case 'claimed':
    case 'connecting':
      return caller === 'in-stasis' && leg !== 'absent' && (leg === 'ringing') === !call.leg?.answered;
    case 'connected':
      return caller === 'in-stasis' && leg === 'up' && bridge === (call.held ? 'partial' : 'whole');
    default:
      return caller === 'absent' && leg === 'absent' && bridge === 'absent';
  }
}

/** The missing transition, or the commands that restore what should be there. */
export function reconcile(call: Call, found: Found, at: number): Step {
  if (call.source.kind === 'exchange') return unchanged(call);
  if (call.state === 'wrapping-up') return { call, commands: remains(call, found) };
  if (found.caller === 'absent') return isBehind(call, found) ? catchUp(call, at) : callerGone(call, at);
  if (call.state === 'arriving') return arriving(call, found, at);
  if (found.caller === 'elsewhere') return callerGone(call, at);
  switch (call.state) {
    case 'queued':
    case 'interrupted':
      return { call, commands: [{ type: 'wait', prompts: [] }] };
    case 'claimed':
    case 'connecting':
      return connecting(call, found, at);
    default:
      return connected(call, found, at);
  }
}

/** There is a bridge, so the two had been put together, although the gateway ended before it wrote so. */
function isBehind(call: Call, { bridge }: Found): boolean {
  return (call.state === 'claimed' || call.state === 'connecting') && call.leg !== null && bridge !== 'absent';
}

/** One transition towards the conversation that there was; to be compared again. */
function catchUp(call: Call, at: number): Step {
  const { call: answered } = legUp(call, call.leg?.channelId ?? '');
  return call.state === 'claimed' ? unchanged(answered) : bridged(answered, at);
}

/** Outside Stasis, an arriving caller is keying the code, or waits in the dialplan for the gateway to come back. */
function arriving(call: Call, found: Found, at: number): Step {
  if (found.caller === 'elsewhere') return unchanged({ ...call, rekeying: true, arrivingUntil: at + ARRIVING_MS });
  return { call: { ...call, rekeying: false }, commands: [{ type: 'redeem', code: null }] };
}

function connecting(call: Call, found: Found, at: number): Step {
  if (found.leg === 'absent' || call.leg === null) return legDown(call, at, null);
  if (found.leg === 'ringing') return unchanged(call);
  const { channelId } = call.leg;
  // They may talk already, if the gateway ended before it wrote so: being put together again does not disturb them.
  return call.leg.answered ? { call, commands: [{ type: 'bridge', channelId }] } : legUp(call, channelId);
}

function connected(call: Call, found: Found, at: number): Step {
  if (found.leg !== 'up' || call.leg === null) return legDown(call, at, null);
  const { channelId } = call.leg;
  // A held caller has left the bridge, and is not put into the conversation again for as long as there is one.
  const isComplete = call.held ? found.bridge !== 'absent' : found.bridge === 'whole';
  return {
    call,
    commands: [
      ...(isComplete ? [] : [{ type: 'bridge', channelId } as const]),
      // No listing shows what is muted, or hears music.
      { type: call.muted ? 'mute' : 'unmute', channelId },
      ...(call.held ? [{ type: 'hold' } as const] : []),
    ],
  };
}

/** In wrap-up the call has given up its leg; its id can still be derived. */
function remains(call: Call, found: Found): CallCommand[] {
  return [
    ...(found.leg === 'absent'
      ? []
      : [{ type: 'hang-up-leg', channelId: legChannelId(call.id, call.attempts) } as const]),
    ...(found.bridge === 'absent' ? [] : [{ type: 'destroy-bridge' } as const]),
    ...(found.caller === 'in-stasis' ? [{ type: 'hang-up-caller' } as const] : []),
  ];
}
