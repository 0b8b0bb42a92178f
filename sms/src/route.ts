/** One way out for SMS, of whatever kind (SMPP session, RingRing's HTTP API): every kind passes the same suite. */

export interface OutgoingSms {
  /** UUID, for the log. */
  id: string;
  /** E.164. */
  to: string;
  from?: string;
  text: string;
  /** UTC milliseconds: it is not given to the carrier any more, and the carrier gives up. */
  validUntil: number;
  /** How long the carrier may try at most, milliseconds; absent: until `validUntil`. */
  tryMs?: number;
  /**
   * Asked at the last moment, when all waiting for the window, the throughput and a carrier that throttles is over, and
   * now and then before. False: it is not to leave, and is `withdrawn`. What the carrier has a part of goes on.
   */
  mayLeave?(): boolean;
  /** Goes before all that waits for room in the window or for the throughput. */
  urgent: boolean;
}

/**
 * What became of handing an SMS over. Only `unknown` may have gone out without our knowing it; it must never be sent
 * again blindly. Everything that the carrier only asks to do slower is repeated within the route.
 */
export type SendResult =
  /** `onlyReceipt`: the carrier sends one receipt for all segments, under whichever of the ids. */
  | { kind: 'accepted'; carrierIds: string[]; segments: number; onlyReceipt?: true }
  /** Surely not sent. `permanent`: no other try for this number will do; else another route may. */
  | { kind: 'refused'; permanent: boolean; reason: string }
  /** Surely not sent: no session. */
  | { kind: 'unavailable' }
  /** Surely not sent: `mayLeave` has said so. */
  | { kind: 'withdrawn' }
  /**
   * The answer was lost. `carrierIds`: under which receipts may come, which says nothing about how many were accepted.
   * `segments`: how many may have gone out; 0 where one receipt speaks for all of them.
   */
  | { kind: 'unknown'; carrierIds: string[]; segments: number };

export interface Receipt {
  /** As the carrier writes it; may be decimal where the submit's answer was hexadecimal. */
  carrierId: string;
  state: 'delivered' | 'failed' | 'pending';
  /** Stable code when failed: `RECEIPT_EXPIRED`, `RECEIPT_UNDELIVERABLE`, `RECEIPT_REJECTED`, `RECEIPT_DELETED`, `RECEIPT_UNKNOWN`. */
  reason?: string;
}

export interface InboundSms {
  /** E.164. */
  from: string;
  to: string;
  text: string;
}

export interface RouteListener {
  /** Resolves when stored; only then is the carrier told, else it repeats. */
  receipt(receipt: Receipt): Promise<void>;
  inbound(sms: InboundSms): Promise<void>;
  state(up: boolean): void;
}

export interface Route {
  readonly name: string;
  /** Waits for room in the route's window and for its throughput. Never rejects. */
  send(sms: OutgoingSms): Promise<SendResult>;
  up(): boolean;
  /** Finishes what is under way, then leaves the carrier politely. */
  close(): Promise<void>;
}
