/**
 * The life of one call, as a pure function `(call, event) → (call, commands)`.
 *
 *                code refused, may try again
 *                ┌────┐
 *                ▼    │  code good or given up          claim                leg rings
 *   arrives ──► arriving ───────────────► queued ─────────────► claimed ────────────► connecting
 *                │                        ▲ │ ▲                    │                      │ │
 *                │                        │ │ └──── leg failed ◄───┴──────────────────────┘ │ leg up
 *                │                        │ │                                               │ and bridged
 *                │               transfer │ │ claim of a call at another exchange           ▼
 *                │                        └─│───────────────────────────────────────── connected ─┐
 *                │                          └─────────────────────────────────────────────► │     │ agent's leg lost
 *                │ queue closed, full;                                  either side gone,   │
 *                │ waited too long                                      agent hangs up      ▼     ▼ (below)
 *                ├──► fallback                                                         wrapping-up
 *                │                                                                          │ finished, time over
 *                └──► abandoned   caller gone in any state before connected                 ▼
 *                                                                                         closed
 *
 *                          the agent's page is back: its telephone rings
 *   connected ──► interrupted ──────────────────────────────────────────► claimed ──► connecting ──► connected
 *      │ a desk phone   │ not back in time                                   │ it does not answer
 *      └────────────────┴──► queued, at its head, marked; the agent not ◄────┘
 *                            reachable             (either side hangs up meanwhile ──► wrapping-up)
 *
 * - Events may come repeated, late or never: one that does not fit the state changes nothing, except that what it
 *   would leave behind (an agent leg nobody waits for) is released.
 * - Whatever a call holds in Asterisk (`leg`, `bridged`) or in the database (`attributesUntil`) stands in the call, and
 *   every way out of a state releases it.
 * - A call has at most one timer, derived from its data: {@link nextDeadline}.
 */

import { codeEntered, codeUnread, contested, redeemed, rejected } from './arrival.ts';
import type { Call, CallEvent } from './call.ts';
import { hasEnded } from './call.ts';
import {
  bridged,
  bridgeFailed,
  callerGone,
  claim,
  duringConversation,
  hangUp,
  legDown,
  legRinging,
  legUp,
  transfer,
} from './conversation.ts';
import { lost, notResumed, phoneBack, phoneGone, takeBack } from './interruption.ts';
import { reconcile } from './reconcile.ts';
import { end, fallBack, type Step, unchanged } from './steps.ts';

export { arrive } from './arrival.ts';
export { mayClaim } from './conversation.ts';
export { STATES, type Step } from './steps.ts';

/** What the event makes of the call, and what is to be done. Never throws for an event at the wrong moment. */
export function step(call: Call, event: CallEvent): Step {
  if (hasEnded(call)) return leftovers(call, event);
  switch (event.type) {
    case 'code-entered':
      return codeEntered(call, event);
    case 'code-unread':
      return codeUnread(call);
    case 'redeemed':
      return redeemed(call, event);
    case 'contested':
      return contested(call);
    case 'rejected':
      return rejected(call, event);
    case 'claim':
      return claim(call, event);
    case 'leg-ringing':
      return legRinging(call, event.channelId);
    case 'leg-up':
      return legUp(call, event.channelId);
    case 'leg-down':
      return event.channelId === call.leg?.channelId ? legDown(call, event.at, event.cause) : unchanged(call);
    case 'phone-gone':
      return phoneGone(call, event.at);
    case 'phone-back':
      return phoneBack(call, event.at);
    case 'take-back':
      return takeBack(call, event);
    case 'bridged':
      return bridged(call, event.at);
    case 'bridge-failed':
      return bridgeFailed(call, event.at);
    case 'caller-left':
      return call.state === 'arriving' && call.rekeying ? unchanged(call) : callerGone(call, event.at);
    case 'caller-gone':
      return callerGone(call, event.at);
    case 'hold':
    case 'resume':
    case 'mute':
    case 'unmute':
      return duringConversation(call, event.type, event.agentId);
    case 'hang-up':
      return hangUp(call, event);
    case 'transfer':
      return transfer(call, event);
    case 'finish-wrap-up':
      return call.state === 'wrapping-up' && call.agentId === event.agentId
        ? end(call, 'closed', event.at)
        : unchanged(call);
    case 'deadline':
      return deadline(call, event.at);
    case 'reconciled':
      return reconcile(call, event.found, event.at);
  }
}

/** When a `deadline` event is due, in UTC milliseconds; null when nothing is waited for. */
export function nextDeadline(call: Call): number | null {
  const moments = [...waits(call), call.attributesUntil].filter((moment) => moment !== null);
  return hasEnded(call) || moments.length === 0 ? null : Math.min(...moments);
}

function waits(call: Call): (number | null)[] {
  switch (call.state) {
    case 'arriving':
      return [call.arrivingUntil];
    case 'queued':
      return [call.waitUntil, call.offer?.until ?? null];
    case 'claimed':
    case 'connecting':
      return [call.ringUntil];
    case 'connected':
      return [call.phoneGoneUntil];
    case 'interrupted':
      return [call.interruption?.until ?? null];
    case 'wrapping-up':
      return [call.wrapUpUntil];
    default:
      return [];
  }
}

/** After the end nothing changes any more; what comes late is released, a code that was still taken too. */
function leftovers(call: Call, event: CallEvent): Step {
  if (event.type === 'redeemed') {
    return { call, commands: [{ type: 'report', requestId: event.requestId, state: 'ended' }] };
  }
  if (event.type === 'leg-up' || event.type === 'leg-ringing') {
    return { call, commands: [{ type: 'hang-up-leg', channelId: event.channelId }] };
  }
  return unchanged(call);
}

function deadline(call: Call, at: number): Step {
  if (call.attributesUntil !== null && at >= call.attributesUntil) {
    return { call: { ...call, attributesUntil: null }, commands: [{ type: 'erase-attributes' }] };
  }
  if (!waits(call).some((moment) => moment !== null && at >= moment)) return unchanged(call);
  switch (call.state) {
    case 'arriving':
      return fallBack(call, 'error', at);
    case 'queued':
      return call.waitUntil !== null && at >= call.waitUntil
        ? fallBack(call, 'timeout', at)
        : unchanged({ ...call, offer: null });
    case 'claimed':
    case 'connecting':
      return legDown(call, at, 'no-answer');
    case 'connected':
      return lost(call, at);
    case 'interrupted':
      return notResumed(call, at);
    default:
      return end(call, 'closed', at);
  }
}
