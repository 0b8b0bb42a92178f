/** What the API for other exchanges needs of the call engine; `engine/` implements it. */
import type { ExchangeCall } from '@civicline/protocol';

export interface ExchangeArrival {
  /** UUIDv7. The same call may arrive again (a repeated request, a restart in between): then nothing new happens. */
  callId: string;
  organisationId: string;
  /** Name of the API key, for the audit. */
  exchange: string;
  /** E.164: one of the organisation's numbers. */
  calledNumber: string;
  /** E.164; null when withheld. */
  callingNumber: string | null;
  /** What was keyed, unchecked; empty when nothing. Never logged. */
  code: string;
  /** When it reached the other exchange, UTC milliseconds. */
  arrivedAt: number;
  /** E.164: where the exchange can put the call through. */
  forwardNumber: string | null;
}

/** Calls whose voice stays with another exchange. */
export interface ExchangeCalls {
  /** Resolves once the code has been redeemed or rejected and the call is queued, or could not be. */
  arrive(arrival: ExchangeArrival): Promise<ExchangeCall>;
  /** null: this exchange has no such call. */
  get(call: { callId: string; organisationId: string }): Promise<ExchangeCall | null>;
  /** The caller or the exchange ended it; repeated or late: the call as it is. null: no such call. */
  hangUp(call: { callId: string; organisationId: string }): Promise<ExchangeCall | null>;
}
