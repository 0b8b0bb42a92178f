/** What a demo citizen is to do, and what is told of it. */
import type { CallRequestState, Language } from '@civicline/protocol';
import type { Caller } from '../phone/index.ts';
import type { Wallets } from './wallets.ts';

/** What citizen and agent of the demo sound like, in hertz: by this each knows that the other is heard. */
export const CITIZEN_TONE = 440;
export const AGENT_TONE = 700;

/** `hang-up-after` may name one of these. */
export const MOMENTS = ['dialling', 'answered', 'keying', 'calling', 'queued', 'connected'] as const;
export type Moment = (typeof MOMENTS)[number];

export interface CitizenPlan {
  organisation: string;
  purpose: string;
  language: Language;
  /** What of the code is keyed; `none` calls without asking for one. */
  code: 'whole' | 'half' | 'wrong' | 'none';
  toneMs: number;
  gapMs: number;
  /** For each comma of the tel: URL. */
  pauseMs: number;
  /** Hang up in any case after so many seconds from dialling, or at that moment. */
  hangUpAfter?: number | Moment;
  /** How long to wait for an agent. */
  waitSeconds: number;
  /** How long to talk with one. */
  talkSeconds: number;
}

export interface CitizenWorld {
  gatewayUrl: string;
  caller: Caller;
  wallets: Wallets;
  /** Aborting makes every citizen hang up. */
  signal: AbortSignal;
}

export type Ending =
  | 'hung-up-after-talking'
  | 'hung-up-while-waiting'
  /** As `hangUpAfter` says. */
  | 'hung-up-as-planned'
  | 'interrupted'
  /** After an agent was on the line. */
  | 'agent-hung-up'
  /** Before: closed, full, or told to call back later. */
  | 'turned-away'
  /** The server did not take the call, or vanished in the middle of it. */
  | 'not-reached'
  | 'connection-lost'
  | 'disclosure-failed'
  | 'failed';

/** One call of the demo, as `--json` prints it. */
export interface CitizenCall {
  call: number;
  organisation: string;
  purpose: string;
  disclosed: { id: string; value: string }[];
  /** The tel: URL with what was really keyed; null when it came to no call. */
  dialled: string | null;
  /** Whether the code was redeemed. */
  accepted: boolean;
  connected: boolean;
  ended: Ending;
  /** What came in by telephone; `agentTone`: the scripted agent's own tone was heard. */
  heard: { packets: number; lost: number; agentTone: boolean };
  /** How long each step took; absent: it was not reached. */
  milliseconds: Partial<Record<Step, number>>;
  error?: string;
}

export type Step = 'request' | 'disclosure' | 'answer' | 'keying' | 'acceptance' | 'waiting' | 'conversation' | 'total';

/** What happens, while it happens. */
export type CitizenEvent =
  | { kind: 'requesting' | 'answered' | 'keyed' | 'accepted' | 'connected' | 'heard' }
  | { kind: 'disclosed'; attributes: { id: string; value: string }[] }
  | { kind: 'dialling'; url: string }
  | { kind: 'state'; state: CallRequestState }
  | { kind: 'ended'; call: CitizenCall };
