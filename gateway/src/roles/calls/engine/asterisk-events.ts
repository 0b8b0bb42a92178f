/** From what Asterisk tells to what happened to a call. */
import parsePhoneNumber from 'libphonenumber-js';
import type { Ari, AriEvent, Channel, EventFilter } from '../../../platform/ari/index.ts';
import { legCause } from './asterisk-commands.ts';
import { callIdOfLeg } from './call.ts';
import type { LiveCalls } from './live-calls.ts';

/** All that the gateway wants to hear; Asterisk's other events would only cost time. */
export const EVENT_FILTER: EventFilter = {
  allowed: [
    { type: 'StasisStart' },
    { type: 'StasisEnd' },
    { type: 'ChannelDestroyed' },
    { type: 'ContactStatusChange' },
    { type: 'PeerStatusChange' },
    { type: 'EndpointStateChange' },
  ],
};

export interface Caller {
  asteriskId: string;
  channelId: string;
  /** As Asterisk has it, with or without plus sign. */
  calledNumber: string;
  /** E.164, or null when withheld or no number. */
  callingNumber: string | null;
  /** The same, also of a caller who withholds it: wrong codes are counted under it, and nobody is shown it. */
  countedNumber: string | null;
  /** null: to be read from the channel. */
  code: string | null;
}

export interface AsteriskEventHandlers {
  callerArrived(caller: Caller): void;
  /** Something about this PJSIP endpoint has changed. */
  endpointChanged(asteriskId: string, resource: string): void;
}

export function handleAsteriskEvent(
  ari: Ari,
  live: LiveCalls,
  event: AriEvent,
  { callerArrived, endpointChanged }: AsteriskEventHandlers,
): void {
  const at = Date.now();
  switch (event.type) {
    case 'StasisStart':
      started(ari, live, event.channel, event.args, callerArrived);
      break;
    case 'StasisEnd':
      channelWent(ari, live, event.channel, null, at);
      break;
    case 'ChannelDestroyed':
      channelWent(ari, live, event.channel, event.cause, at);
      break;
    case 'ContactStatusChange':
    case 'PeerStatusChange':
    case 'EndpointStateChange':
      endpointChanged(ari.id, event.endpoint.resource);
      break;
  }
}

function started(
  ari: Ari,
  live: LiveCalls,
  channel: Channel,
  [role, calledNumber = '', code = '', presentation = '']: string[],
  callerArrived: AsteriskEventHandlers['callerArrived'],
): void {
  const known = live.ofCaller(ari.id, channel.id);
  if (role === 'agent') legStarted(ari, live, channel.id);
  else if (role !== 'caller') letGo(ari, channel.id);
  else if (known) live.post(known.call.id, { type: 'code-entered', code, at: Date.now() });
  else {
    const numbers = numbersOf(channel, calledNumber, presentation);
    callerArrived({ asteriskId: ari.id, channelId: channel.id, calledNumber, ...numbers, code });
  }
}

function legStarted(ari: Ari, live: LiveCalls, channelId: string): void {
  const callId = callIdOfLeg(channelId);
  if (callId === null || !live.get(callId)) letGo(ari, channelId);
  else live.post(callId, { type: 'leg-up', channelId, at: Date.now() });
}

/** `cause`: of the hang-up (Q.850); null when the channel left Stasis only. */
function channelWent(ari: Ari, live: LiveCalls, channel: Channel, cause: number | null, at: number): void {
  const caller = live.ofCaller(ari.id, channel.id);
  const callId = callIdOfLeg(channel.id);
  if (caller) live.post(caller.call.id, { type: cause === null ? 'caller-left' : 'caller-gone', at });
  else if (callId !== null && cause !== null) {
    // That it left Stasis says nothing about why; an originated channel is told of to its end.
    live.post(callId, { type: 'leg-down', channelId: channel.id, cause: legCause(cause, channel.state === 'Up'), at });
  }
}

/** Nobody waits for this channel. */
function letGo(ari: Ari, channelId: string): void {
  // Where it fails, the sweep tries again.
  ari.channels.hangup({ channelId, reason: 'normal' }).catch(() => undefined);
}

/**
 * The number that calls, read in the notation of the country that is called. `presentation`: the dialplan's last argument
 * to Stasis, `withheld` or nothing. The network asserts a withheld number to us all the same (RFC 3325).
 */
export function numbersOf(
  channel: Channel,
  calledNumber: string,
  presentation: string,
): Pick<Caller, 'callingNumber' | 'countedNumber'> {
  const country = parsePhoneNumber(calledNumber.replace(/^(?!\+)/, '+'))?.country;
  const options = { extract: false, ...(country ? { defaultCountry: country } : {}) };
  const countedNumber = parsePhoneNumber(channel.caller.number, options)?.number ?? null;
  return { callingNumber: presentation === 'withheld' ? null : countedNumber, countedNumber };
}
