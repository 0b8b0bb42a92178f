import type { InboundSms, OutgoingSms, Receipt, SendResult } from '@civicline/sms';
import type { Express } from 'express';

/** The way out: all routes together, as the channel sees them. */
export interface SmsRouter {
  /** As {@link Route.send}; also which route it was, and what one segment costs there, in millionths of a euro. */
  send(sms: OutgoingSms): Promise<RoutedResult>;
  routes(): { name: string; up: boolean }[];
  /** Where carriers call us, such as RingRing's status webhook. */
  mount?(http: Express): void;
  /** Finishes what is under way, then leaves the carriers politely. */
  close(): Promise<void>;
}

export type RoutedResult = SendResult & { route: string; segmentPrice: number };

/** What the routes tell; `route` is its name. */
export interface SmsRouterListener {
  /** Resolves when stored; only then is the carrier told, else it repeats. */
  receipt(route: string, receipt: Receipt): Promise<void>;
  inbound(route: string, sms: InboundSms): Promise<void>;
  state(route: string, up: boolean): void;
}
