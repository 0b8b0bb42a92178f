/**
 * What the stand-in for Asterisk keeps in memory, and what happens to it: channels, bridges, endpoints, playbacks.
 * Order and content of the events are those of Asterisk 22.10.1 with PJSIP, also where they surprise:
 * - a caller's channel is watched only while it is in Stasis, so StasisEnd is the last of it, unless the application
 *   subscribed to the channel or its endpoint; a channel that the application originated is watched to its end;
 * - each subscription that covers a channel brings its own copy of the channel's events;
 * - a bridge that is destroyed with two channels in it reports that they left, and not that it is gone.
 */
import type { AriEvent } from '../../generated/events.ts';
import type { Bridge, Channel, Playback } from '../../generated/models.ts';
import { CAUSES } from './causes.ts';

export interface StandInChannel {
  snapshot: Channel;
  /** The application whose Stasis it is in; null: somewhere in the dialplan, or not answered yet. */
  inStasis: string | null;
  /** The application that originated it, and gets its events from first to last. */
  originatedBy: string | null;
  /** The far end, such as `PJSIP/phone-agent-a`, or `PJSIP/trunk` for a caller. */
  endpoint: string;
  appArgs: string[];
  bridgeId: string | null;
  variables: Map<string, string>;
  musicOnHold: boolean;
  ringTimer?: NodeJS.Timeout;
}

export interface StandInEndpoint {
  technology: string;
  resource: string;
  online: boolean;
  /** What its phone does with a call. `ring`: rings until the test says otherwise, or the time is over. */
  phone: 'ring' | 'answer' | 'busy' | 'reject';
}

/** Publishes to one application; drops what nobody is connected for. */
export type Publish = (application: string, event: EventContent) => void;
type WithoutHeader<E> = E extends AriEvent ? Omit<E, 'application' | 'timestamp' | 'asterisk_id'> : never;
export type EventContent = WithoutHeader<AriEvent>;

export interface Exchange {
  channels: Map<string, StandInChannel>;
  bridges: Map<string, Bridge & { application: string; variables: Map<string, string> }>;
  endpoints: Map<string, StandInEndpoint>;
  playbacks: Map<string, Playback>;
  /** Playbacks that are told as started and cannot be stopped yet; here, until that was tried once. */
  beginning: Set<string>;
  globals: Map<string, string>;
  /** Objects of the dynamic configuration, by `class/type/id`. */
  objects: Map<string, { attribute: string; value: string }[]>;
  /** What applications subscribed to, as `endpoint:PJSIP` or `channel:1795330727.0`, by application. */
  subscriptions: Map<string, Set<string>>;
  /** Event types wanted and not wanted, by application. */
  filters: Map<string, { allowed: Set<string>; disallowed: Set<string> }>;
  isConnected(application: string): boolean;
  publish: Publish;
  nextId(): string;
}

export function createExchange(publish: Publish, isConnected: (application: string) => boolean): Exchange {
  let count = 0;
  return {
    channels: new Map(),
    bridges: new Map(),
    endpoints: new Map(),
    playbacks: new Map(),
    beginning: new Set(),
    globals: new Map(),
    objects: new Map(),
    subscriptions: new Map(),
    filters: new Map(),
    isConnected,
    publish,
    nextId: () => `${Math.floor(Date.now() / 1000)}.${count++}`,
  };
}

/**
 * Tells whoever watches the channel, once per subscription that covers it: an application that also subscribed to the
 * endpoint and to all of its technology hears everything three times.
 */
export function tell(exchange: Exchange, channel: StandInChannel, event: EventContent): void {
  const { inStasis, originatedBy, endpoint, snapshot } = channel;
  const applications = new Set([inStasis, originatedBy, ...exchange.subscriptions.keys()]);
  for (const application of applications) {
    if (application === null) continue;
    const sources = exchange.subscriptions.get(application) ?? new Set();
    const own = application === inStasis || application === originatedBy || sources.has(`channel:${snapshot.id}`);
    const copies = [own, ...endpointSources(endpoint).map((source) => sources.has(source))].filter(Boolean);
    for (const _ of copies) exchange.publish(application, event);
  }
}

/** Tells the application in whose Stasis it is; of bridges only this one hears. */
function tellStasis(exchange: Exchange, { inStasis }: StandInChannel, event: EventContent): void {
  if (inStasis) exchange.publish(inStasis, event);
}

/** `PJSIP/phone-agent-a` → the two subscriptions that cover it. */
export function endpointSources(endpoint: string): string[] {
  return [`endpoint:${endpoint}`, `endpoint:${endpoint.split('/')[0]}`];
}

/** As Asterisk writes the time. */
export function timestamp(): string {
  return new Date().toISOString().replace('Z', '+0000');
}

/** The channel as it is now: events keep what they said. */
export function snapshotOf(channel: StandInChannel): Channel {
  return structuredClone(channel.snapshot);
}

export function snapshotOfBridge(exchange: Exchange, bridgeId: string): Bridge {
  const { application: _, variables: __, ...bridge } = exchange.bridges.get(bridgeId) ?? missing(bridgeId);
  return structuredClone(bridge);
}

function missing(id: string): never {
  throw new Error(`The stand-in has no ${id}`);
}

/** Stasis(): false when the application is not there, and the dialplan goes on. */
export function enterStasis(exchange: Exchange, channel: StandInChannel, application: string, args: string[]): boolean {
  if (!exchange.isConnected(application)) return false;
  channel.inStasis = application;
  Object.assign(channel.snapshot.dialplan, { app_name: 'Stasis', app_data: [application, ...args].join(',') });
  exchange.publish(application, { type: 'StasisStart', args, channel: snapshotOf(channel) });
  return true;
}

/** Out of bridge and Stasis, as when it goes on in the dialplan or ends. */
export function leaveStasis(exchange: Exchange, channel: StandInChannel): void {
  leaveBridge(exchange, channel);
  const application = channel.inStasis;
  if (!application) return;
  exchange.publish(application, { type: 'StasisEnd', channel: snapshotOf(channel) });
  channel.inStasis = null;
}

export function enterBridge(exchange: Exchange, channel: StandInChannel, bridgeId: string): void {
  leaveBridge(exchange, channel);
  const bridge = exchange.bridges.get(bridgeId) ?? missing(bridgeId);
  bridge.channels.push(channel.snapshot.id);
  channel.bridgeId = bridgeId;
  tellStasis(exchange, channel, {
    type: 'ChannelEnteredBridge',
    bridge: snapshotOfBridge(exchange, bridgeId),
    channel: snapshotOf(channel),
  });
}

export function leaveBridge(exchange: Exchange, channel: StandInChannel): void {
  const { bridgeId } = channel;
  const bridge = bridgeId ? exchange.bridges.get(bridgeId) : undefined;
  if (!bridgeId || !bridge) return;
  bridge.channels = bridge.channels.filter((id) => id !== channel.snapshot.id);
  channel.bridgeId = null;
  tellStasis(exchange, channel, {
    type: 'ChannelLeftBridge',
    bridge: snapshotOfBridge(exchange, bridgeId),
    channel: snapshotOf(channel),
  });
}

export function destroyBridge(exchange: Exchange, bridgeId: string): void {
  const bridge = exchange.bridges.get(bridgeId) ?? missing(bridgeId);
  const inside = bridge.channels.map((id) => exchange.channels.get(id)).filter((channel) => channel !== undefined);
  for (const channel of inside) leaveBridge(exchange, channel);
  const last = snapshotOfBridge(exchange, bridgeId);
  exchange.bridges.delete(bridgeId);
  if (inside.length < 2) exchange.publish(bridge.application, { type: 'BridgeDestroyed', bridge: last });
}

export interface Hangup {
  /** Q.850 cause. */
  cause: number;
  /** SIP status that came with it. */
  techCause?: number;
  /** By Asterisk or through ARI, not by the far end. */
  byAsterisk?: boolean;
  /** For a leg that was not answered. */
  dialstatus?: 'NOANSWER' | 'BUSY' | 'CONGESTION';
}

export function hangUp(exchange: Exchange, channel: StandInChannel, hangup: Hangup): void {
  clearTimeout(channel.ringTimer);
  if (!exchange.channels.delete(channel.snapshot.id)) return;
  const techCause = hangup.techCause === undefined ? {} : { tech_cause: hangup.techCause };
  const request = hangup.byAsterisk ? { cause: 32, soft: true } : { cause: hangup.cause, ...techCause };
  tell(exchange, channel, { type: 'ChannelHangupRequest', ...request, channel: snapshotOf(channel) });
  if (channel.snapshot.state !== 'Up' && channel.endpoint)
    dialEvent(exchange, channel, hangup.dialstatus ?? 'NOANSWER');
  leaveStasis(exchange, channel);
  const cause = { cause: hangup.cause, cause_txt: CAUSES[hangup.cause] ?? 'Unknown', ...techCause };
  tell(exchange, channel, { type: 'ChannelDestroyed', ...cause, channel: snapshotOf(channel) });
}

function dialEvent(exchange: Exchange, channel: StandInChannel, dialstatus: string): void {
  const dialstring = channel.endpoint.split('/')[1] ?? '';
  tell(exchange, channel, { type: 'Dial', dialstatus, forward: '', dialstring, peer: snapshotOf(channel) });
}

/** An originated leg starts to ring, and does what its phone does. */
export function dial(exchange: Exchange, channel: StandInChannel, phone: StandInEndpoint['phone']): void {
  dialEvent(exchange, channel, '');
  if (phone === 'reject') {
    hangUp(exchange, channel, { cause: 21, techCause: 603, dialstatus: 'CONGESTION' });
    return;
  }
  channel.snapshot.state = 'Ringing';
  tell(exchange, channel, { type: 'ChannelStateChange', channel: snapshotOf(channel) });
  dialEvent(exchange, channel, 'RINGING');
  if (phone === 'answer') answer(exchange, channel);
  if (phone === 'busy') hangUp(exchange, channel, { cause: 17, techCause: 486, dialstatus: 'BUSY' });
}

/** The phone at the far end of an originated leg is picked up. */
export function answer(exchange: Exchange, channel: StandInChannel): void {
  clearTimeout(channel.ringTimer);
  channel.snapshot.state = 'Up';
  tell(exchange, channel, { type: 'ChannelStateChange', channel: snapshotOf(channel) });
  dialEvent(exchange, channel, 'ANSWER');
  const application = channel.originatedBy;
  if (application && enterStasis(exchange, channel, application, channel.appArgs)) return;
  hangUp(exchange, channel, { cause: 16, byAsterisk: true });
}

/** The time to answer is over: no hang-up request and no Dial event, just the end. */
export function ringingTimedOut(exchange: Exchange, channel: StandInChannel): void {
  clearTimeout(channel.ringTimer);
  exchange.channels.delete(channel.snapshot.id);
  const cause = { cause: 19, cause_txt: CAUSES[19] ?? '', tech_cause: 480 };
  tell(exchange, channel, { type: 'ChannelDestroyed', ...cause, channel: snapshotOf(channel) });
}
