/**
 * How the call engine turns what a caller keyed into an identity. `requests/` implements it; `engine/` uses it.
 * The engine never sees codes at rest, the IRMA server or the widget; `requests/` never sees channels or agents.
 */
import type { Binding, CallRequestState, Language, NotVerifiedReason } from '@civicline/protocol';

export interface RedemptionInput {
  organisationId: string;
  /** What was keyed, unchecked; empty when nothing. Never logged. */
  code: string;
  /** The call that redeems: a code belongs to at most one call, and the same call may redeem it again (a repeat). */
  callId: string;
  /** E.164; null when withheld. */
  callingNumber: string | null;
  /** The same, also of a caller who withholds it: only for counting failed tries. */
  countedNumber: string | null;
}

export interface DisclosedAttribute {
  /** IRMA attribute id. */
  id: string;
  /** The raw value, or its translation where the scheme gives one. */
  value: string;
}

export type Redemption =
  | {
      outcome: 'verified';
      requestId: string;
      purposeId: string;
      language: Language;
      /** UTC milliseconds. */
      disclosedAt: number;
      binding: Binding;
      /** Whether the call comes from the mobile number that was disclosed; null: none was, or the number is withheld. */
      numberAgrees: boolean | null;
      attributes: DisclosedAttribute[];
    }
  | {
      outcome: 'rejected';
      reason: NotVerifiedReason;
      /** The call that had used the same code before. */
      usedBy?: string;
      /** Whether asking the caller to key the code again makes sense. */
      mayRetry: boolean;
    };

export interface Identification {
  /** Exchanges a code for the attributes, once (one conditional UPDATE). Repeats by the same call get the same answer. */
  redeem(input: RedemptionInput): Promise<Redemption>;
  /** Tells the citizen's page how the call fares. Late, repeated and unknown reports are ignored. */
  report(
    requestId: string,
    state: Extract<CallRequestState, 'calling' | 'queued' | 'connected' | 'ended'>,
  ): Promise<void>;
  /** Ends the requests whose call is over although nobody reported it: a gateway died between the two. */
  endForgotten(isLive: (callId: string) => boolean): Promise<void>;
}
