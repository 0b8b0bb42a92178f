/**
 * One call as plain data, what can happen to it, and what is to be done about it. The rules are in `machine.ts`.
 * Personal data (calling number, attributes, note) is kept apart from it, see `store.ts`.
 */
import type { Binding, CallState, Device, Language, NotVerifiedReason } from '@civicline/protocol';
import type { DisclosedAttribute } from '../identification.ts';

export type CallSource =
  | { kind: 'asterisk'; asteriskId: string; channelId: string }
  | { kind: 'exchange'; exchange: string; forwardNumber: string | null };

export type Verification =
  | {
      kind: 'verified';
      disclosedAt: number;
      binding: Binding;
      numberAgrees: boolean | null;
      /** The code came in a second time, from another caller. */
      contested: boolean;
    }
  /** `mayRetry`: another exchange may ask for the code once more; Asterisk's callers have had their tries. */
  | { kind: 'not-verified'; reason: NotVerifiedReason; mayRetry: boolean };

/** What a queue says about a call that waits in it; fixed when the call enters the queue. */
export interface QueueRules {
  queueId: string;
  maxWaitMs: number;
  /** How long an agent's phone rings, and how long a transfer is offered to one agent. */
  ringMs: number;
  wrapUpMs: number;
}

/** Whether the queue can take a call now. */
export type Admission = { kind: 'admitted'; rules: QueueRules } | { kind: 'closed' } | { kind: 'full' };

/** The channel towards the agent. */
export interface AgentLeg {
  channelId: string;
  device: Device;
  answered: boolean;
}

/** All times are UTC milliseconds; `null` means not (yet). */
export interface Call {
  id: string;
  state: CallState;
  organisationId: string;
  source: CallSource;
  /** E.164: one of the organisation's numbers. */
  calledNumber: string;
  /** What the caller hears. */
  language: Language;
  arrivedAt: number;
  /** How many codes were refused. */
  refusals: number;
  /** Why the last of them was. */
  refusedFor: NotVerifiedReason | null;
  /** The caller is in the dialplan, keying the code again. */
  rekeying: boolean;
  /** When an arrival without an answer about its code is given up. */
  arrivingUntil: number;
  verification: Verification | null;
  requestId: string | null;
  purposeId: string | null;
  /** Until when attributes are held; null when there are none. */
  attributesUntil: number | null;
  rules: QueueRules | null;
  queuedAt: number | null;
  waitUntil: number | null;
  /** A transfer to one agent: only that agent may answer, until then. */
  offer: { agentId: string; until: number } | null;
  transferredBy: string | null;
  agentId: string | null;
  /** How many agent legs were tried; part of the leg's channel id and of the bridge's. */
  attempts: number;
  leg: AgentLeg | null;
  ringUntil: number | null;
  bridged: boolean;
  connectedAt: number | null;
  held: boolean;
  muted: boolean;
  /** The phone of the conversation is not registered any more; when the call is taken from it. */
  phoneGoneUntil: number | null;
  /** Set while the voice comes back to the same agent; null outside that. */
  interruption: Interruption | null;
  /** The agent from whom the caller was cut off. */
  cutOffFrom: string | null;
  wrapUpUntil: number | null;
  endedAt: number | null;
}

/** The agent's leg went away in the conversation; the caller hears music, and the call is still this agent's. */
export interface Interruption {
  since: number;
  /** When the caller goes to the head of the queue instead. */
  until: number;
  device: Device;
  /** The agent's phone was seen to be gone, so that one that is registered again is another, or the same anew. */
  phoneGone: boolean;
}

/** Why an agent's leg did not come up, or went down. `lost`: it was up, and nobody hung it up. */
export type LegCause = 'busy' | 'declined' | 'no-answer' | 'not-registered' | 'failed' | 'hung-up' | 'lost';

/** Dialplan lines of context `civicline-fallback`. */
export type FallbackLine = 'closed' | 'full' | 'timeout' | 'error';

/** Prompts of the sound folder `civicline`. */
export type Prompt = 'verified' | 'please-wait' | 'transferring';

/** What Asterisk has of a call, as listed by recovery and sweep. */
export interface Found {
  /** `elsewhere`: the channel lives, but outside our Stasis application. */
  caller: 'absent' | 'in-stasis' | 'elsewhere';
  leg: 'absent' | 'ringing' | 'up';
  /** `whole`: both caller and agent are in it. */
  bridge: 'absent' | 'partial' | 'whole';
}

export type TransferTarget = { kind: 'queue'; rules: QueueRules } | { kind: 'agent'; agentId: string };

/** Every event carries the moment at which it happened; the machine has no clock. */
export type CallEvent = { at: number } & (
  | { type: 'code-entered'; code: string }
  /** Asterisk did not say what was keyed: it is asked again. */
  | { type: 'code-unread' }
  | {
      type: 'redeemed';
      requestId: string;
      purposeId: string;
      language: Language;
      disclosedAt: number;
      binding: Binding;
      numberAgrees: boolean | null;
      attributes: DisclosedAttribute[];
      admission: Admission;
    }
  /** Another caller keyed the code of this call. */
  | { type: 'contested' }
  | { type: 'rejected'; reason: NotVerifiedReason; mayRetry: boolean; admission: Admission }
  | { type: 'claim'; agentId: string; device: Device }
  | { type: 'leg-ringing'; channelId: string }
  | { type: 'leg-up'; channelId: string }
  | { type: 'leg-down'; channelId: string; cause: LegCause }
  /** The phone of this call is, or is no longer, registered at the call's Asterisk. */
  | { type: 'phone-gone' | 'phone-back' }
  /** The agent's page has the telephone and no conversation in it. `registered`: that telephone is known to Asterisk. */
  | { type: 'take-back'; agentId: string; registered: boolean }
  | { type: 'bridged' }
  | { type: 'bridge-failed' }
  /** The channel left Stasis: hung up, or on its way to key the code again. */
  | { type: 'caller-left' }
  /** The channel is gone, or the other exchange ended its call. */
  | { type: 'caller-gone' }
  | { type: 'hold' | 'resume' | 'mute' | 'unmute' | 'hang-up' | 'finish-wrap-up'; agentId: string }
  | { type: 'transfer'; agentId: string; target: TransferTarget }
  /** The moment of {@link nextDeadline} may have come; early, late and repeated ones do no harm. */
  | { type: 'deadline' }
  | { type: 'reconciled'; found: Found }
);

export type CallCommand =
  /** `code` null: read it from the channel. Answered by `redeemed`, `rejected` or `code-unread`. */
  | { type: 'redeem'; code: string | null }
  | { type: 'ask-code-again' }
  | { type: 'set-language' }
  /** Prompts one after another, then music until something else happens. */
  | { type: 'wait'; prompts: Prompt[] }
  | { type: 'fall-back'; line: FallbackLine }
  /** Answered by `leg-ringing` or `leg-down`, later by `leg-up` or `leg-down`. */
  | { type: 'originate'; channelId: string; agentId: string; device: Device; ringMs: number }
  /** Makes the bridge where it is missing and puts both in; answered by `bridged` or `bridge-failed`. */
  | { type: 'bridge'; channelId: string }
  /** Takes the caller out of the bridge, who then hears what is played. */
  | { type: 'leave-bridge' }
  | { type: 'destroy-bridge' }
  | { type: 'hang-up-leg'; channelId: string }
  | { type: 'hang-up-caller' }
  | { type: 'hold' }
  | { type: 'resume' }
  | { type: 'mute' | 'unmute'; channelId: string }
  | { type: 'keep-attributes'; attributes: DisclosedAttribute[] }
  | { type: 'erase-attributes' }
  | { type: 'agent-not-reachable'; agentId: string; cause: LegCause }
  | { type: 'report'; requestId: string; state: 'calling' | 'queued' | 'connected' | 'ended' };

/** How long an arrival may take, from the code (again) keyed to the answer about it; keying again included. */
export const ARRIVING_MS = 90_000;
/** Attributes are erased after wrap-up, and at the latest this long after the code was redeemed. */
export const ATTRIBUTES_MS = 4 * 3_600_000;
/** How much longer than the phone rings the machine waits for word of it. */
export const RING_GRACE_MS = 3_000;
/** A caller whose agent did not answer waits at least this much longer. */
export const REQUEUE_GRACE_MS = 60_000;
/**
 * A phone that is not registered any more may come back within this time without anybody hearing of it. Longer than
 * Asterisk takes to ask once more (`qualify_frequency`): one answer that got lost takes no call from anybody.
 */
export const PHONE_GONE_MS = 5_000;
/** How long the caller is kept with music for the same agent. */
export const RESUME_MS = 10_000;
/** How often a code may be keyed. */
export const MAX_TRIES = 3;

const ENDED: ReadonlySet<CallState> = new Set<CallState>(['closed', 'abandoned', 'fallback']);
const HELD_BY_AGENT: ReadonlySet<CallState> = new Set<CallState>([
  'claimed',
  'connecting',
  'connected',
  'interrupted',
  'wrapping-up',
]);

export function hasEnded(call: Call): boolean {
  return ENDED.has(call.state);
}

/** Whether the call occupies its agent, wrap-up included. */
export function occupiesAgent(call: Call): boolean {
  return HELD_BY_AGENT.has(call.state);
}

export function legChannelId(callId: string, attempt: number): string {
  return `agent-${callId}-${attempt}`;
}

/**
 * Each attempt has a bridge of its own: Asterisk says that a bridge is destroyed before it is, and whoever were put
 * into a new one of the same name would go down with the old one.
 */
export function bridgeIdOf({ id, attempts }: Pick<Call, 'id' | 'attempts'>): string {
  return `br-${id}-${attempts}`;
}

/** The call to which an agent leg's channel id belongs; null when it is no agent leg. */
export function callIdOfLeg(channelId: string): string | null {
  return /^agent-([0-9a-f-]{36})-\d+$/.exec(channelId)?.[1] ?? null;
}

/** The call to which a bridge id belongs; null when it is not one of ours. */
export function callIdOfBridge(bridgeId: string): string | null {
  return /^br-([0-9a-f-]{36})-\d+$/.exec(bridgeId)?.[1] ?? null;
}
