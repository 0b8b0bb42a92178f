/**
 * Agent console ⇄ gateway, over Socket.IO on path `/console/socket`, signed in by the session cookie.
 *
 * The first event on every connection is `snapshot`; each later event carries the next sequence number. A console that
 * sees a gap asks `resync` and gets a fresh snapshot, so a lost event costs nothing. Requests are acknowledged with a
 * {@link Reply}; what they changed arrives as events, for every tab of the agent alike.
 */
import { z } from 'zod';
import type { LocalizedText } from './languages.ts';

export const CONSOLE_SOCKET_PATH = '/console/socket';

/** Where a call stands; the machine itself is drawn in `gateway/src/roles/calls/engine/`. */
export type CallState =
  | 'arriving'
  | 'queued'
  | 'claimed'
  | 'connecting'
  | 'connected'
  /** The agent's telephone went away in the conversation; the caller hears music until it is back. */
  | 'interrupted'
  | 'wrapping-up'
  | 'closed'
  | 'abandoned'
  | 'fallback';

/**
 * `not-reachable` is set by the gateway: when the agent's phone did not answer or was lost in a call, until the agent
 * sets `ready` again; and, with the reason {@link NO_PHONE}, for as long as an agent who is ready has no phone registered.
 */
export const PRESENCES = ['ready', 'busy', 'break', 'not-reachable', 'offline'] as const;
export type Presence = (typeof PRESENCES)[number];

/** Reason of the presence `not-reachable` that ends by itself: none of the agent's phones is registered. */
export const NO_PHONE = 'no-phone';

export const DEVICES = ['browser', 'sip-phone'] as const;
/** What rings when the agent answers: the softphone in the page, or the agent's own SIP phone. */
export type Device = (typeof DEVICES)[number];

export const NOT_VERIFIED_REASONS = [
  'no-code',
  'code-incomplete',
  'code-unknown',
  'code-expired',
  'code-used',
  'disclosure-not-finished',
  'request-cancelled',
  'too-many-tries',
] as const;
export type NotVerifiedReason = (typeof NOT_VERIFIED_REASONS)[number];

/**
 * How the one who calls is known to be the one who disclosed: the Yivi app itself dialled the code, or the digits that the
 * app showed were typed over on the page, which then showed the code for another phone.
 */
export const BINDINGS = ['app-dialled', 'pairing-code'] as const;
export type Binding = (typeof BINDINGS)[number];

export type Verification =
  | {
      kind: 'verified';
      /** RFC 3339. */
      disclosedAt: string;
      binding: Binding;
      /** Whether the call comes from the mobile number that was disclosed; null: none was, or the number is withheld. */
      numberAgrees: boolean | null;
      /** Another caller keyed the same code during this call: one of the two is not the one who disclosed. */
      contested: boolean;
    }
  | { kind: 'not-verified'; reason: NotVerifiedReason };

export interface AttributeView {
  /** IRMA attribute id, such as `irma-demo.gemeente.personalData.bsn`. */
  id: string;
  label: LocalizedText;
  value: string;
}

export interface LinkView {
  label: LocalizedText;
  /** Expanded from an RFC 6570 template of the organisation; opened in a new tab. */
  url: string;
}

export interface CallView {
  id: string;
  state: CallState;
  verification: Verification;
  organisation: { id: string; name: LocalizedText };
  /** null when the caller was not verified: the purpose comes with the code. */
  purpose: { id: string; title: LocalizedText } | null;
  queueId: string;
  /** E.164, a hint and never an identity; null when withheld. */
  callingNumber: string | null;
  /** RFC 3339. */
  arrivedAt: string;
  /** Since when the caller waits, as if all waits were one; time in conversation does not count. RFC 3339. */
  queuedAt: string;
  connectedAt: string | null;
  attributes: AttributeView[];
  links: LinkView[];
  /** The agent who claimed it. */
  agentId: string | null;
  /** A transfer to one agent: only that agent may answer until it falls back to the queue. */
  offeredTo: string | null;
  transferredBy: { agentId: string; name: string } | null;
  /** The agent whose telephone went away in the conversation; the caller was put at the head of the queue. */
  cutOffFrom: { agentId: string; name: string } | null;
  /** What carries the agent's voice, or did until it was interrupted; null before an answer, and at another exchange. */
  device: Device | null;
  held: boolean;
  muted: boolean;
  /** `exchange`: the voice is on another exchange, which may have named a number to be put through to. */
  source: { kind: 'asterisk' } | { kind: 'exchange'; forwardNumber: string | null };
  note: string;
  /** When wrap-up ends by itself, RFC 3339; null outside wrap-up. */
  wrapUpEndsAt: string | null;
}

export interface QueueView {
  id: string;
  name: LocalizedText;
  open: boolean;
  waiting: number;
  agentsReady: number;
}

export interface ColleagueView {
  id: string;
  name: string;
  presence: Presence;
}

export interface SelfView {
  id: string;
  name: string;
  organisation: { id: string; name: LocalizedText };
  roles: string[];
  presence: Presence;
  presenceReason: string;
  /** The chosen device, and which ones are registered with Asterisk now. */
  device: Device;
  registered: Record<Device, boolean>;
}

export interface Snapshot {
  sequence: number;
  self: SelfView;
  queues: QueueView[];
  /** Ringing for this agent, and this agent's own calls. */
  calls: CallView[];
  /** Agents and queues of the organisation that a call can be transferred to. */
  colleagues: ColleagueView[];
  transferQueues: QueueView[];
  /** false while the gateway has no connection with Asterisk. */
  telephonyAvailable: boolean;
  /** The gateway's clock, RFC 3339: waiting times are counted from it, not from the browser's. */
  now: string;
}

/** Why a call left this console. */
export type RemovalReason = 'answered-elsewhere' | 'abandoned' | 'transferred' | 'closed' | 'fallback';

export interface ServerToConsole {
  snapshot: (snapshot: Snapshot) => void;
  'call-changed': (event: { sequence: number; call: CallView }) => void;
  'call-removed': (event: { sequence: number; callId: string; reason: RemovalReason }) => void;
  'self-changed': (event: { sequence: number; self: SelfView }) => void;
  'queue-changed': (event: { sequence: number; queue: QueueView }) => void;
  'colleague-changed': (event: { sequence: number; colleague: ColleagueView }) => void;
  'telephony-changed': (event: { sequence: number; available: boolean }) => void;
  /** The session ended (signed out elsewhere, expired, agent removed); the console goes to its sign-in screen. */
  'signed-out': () => void;
}

export type Reply<T = Record<never, never>> = ({ ok: true } & T) | { ok: false; code: string; title: string };

export const callIdInput = z.strictObject({ callId: z.uuid() });
export const transferInput = z.strictObject({
  callId: z.uuid(),
  target: z.strictObject({ kind: z.enum(['queue', 'agent']), id: z.string().min(1).max(64) }),
});
export const noteInput = z.strictObject({ callId: z.uuid(), note: z.string().max(10_000) });
export const presenceInput = z.strictObject({
  presence: z.enum(['ready', 'busy', 'break']),
  reason: z.string().max(100).default(''),
});
export const deviceInput = z.strictObject({ device: z.enum(DEVICES) });

/** With what the softphone in the page registers at one Asterisk. */
export interface SoftphoneAccount {
  /** Asterisk's SIP over WebSocket (RFC 7118), reached through the gateway's or proxy's own origin. */
  websocketUrl: string;
  sipUri: string;
  user: string;
  password: string;
}

/** What the softphone in the page needs; valid for this sign-in only. */
export interface SoftphoneCredentials {
  /** One for each Asterisk: it registers with all of them, as a call is at one. */
  accounts: SoftphoneAccount[];
  iceServers: { urls: string[]; username?: string; credential?: string }[];
}

export interface ConsoleToServer {
  resync: (reply: (r: Reply) => void) => void;
  answer: (input: z.input<typeof callIdInput>, reply: (r: Reply) => void) => void;
  'hang-up': (input: z.input<typeof callIdInput>, reply: (r: Reply) => void) => void;
  /** This page has the telephone and misses the conversation of this call: its voice comes here. */
  'take-back': (input: z.input<typeof callIdInput>, reply: (r: Reply) => void) => void;
  hold: (input: z.input<typeof callIdInput>, reply: (r: Reply) => void) => void;
  resume: (input: z.input<typeof callIdInput>, reply: (r: Reply) => void) => void;
  mute: (input: z.input<typeof callIdInput>, reply: (r: Reply) => void) => void;
  unmute: (input: z.input<typeof callIdInput>, reply: (r: Reply) => void) => void;
  transfer: (input: z.input<typeof transferInput>, reply: (r: Reply) => void) => void;
  'save-note': (input: z.input<typeof noteInput>, reply: (r: Reply) => void) => void;
  'finish-wrap-up': (input: z.input<typeof noteInput>, reply: (r: Reply) => void) => void;
  'set-presence': (input: z.input<typeof presenceInput>, reply: (r: Reply) => void) => void;
  'set-device': (input: z.input<typeof deviceInput>, reply: (r: Reply) => void) => void;
  'softphone-credentials': (reply: (r: Reply<{ credentials: SoftphoneCredentials }>) => void) => void;
}
