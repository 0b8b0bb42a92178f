/** All routes together: each SMS goes by the first that may take it and does. */
import type { Router as HttpRouter } from 'express';
import { createRingRingRoute } from '../ringring/index.ts';
import type { InboundSms, OutgoingSms, Receipt, Route, RouteListener, SendResult } from '../route.ts';
import { createSmppRoute } from '../smpp/index.ts';
import { admit, type Breaker, CLOSED, conclude, type Trial } from './breaker.ts';
import { choose, type Offer } from './choose.ts';
import type { RouteSettings, RoutesFile } from './load.ts';
import { isNeverHere, isOfTheSms } from './refusals.ts';

/** `route`: who gave this result. `segmentPrice`: what a segment costs there, in millionths of a euro. */
export type RoutedResult = SendResult & { route: string; segmentPrice: number };

export interface RouteStatus {
  name: string;
  kind: 'smpp' | 'ringring';
  up: boolean;
  /** As {@link Breaker} says. */
  breaker: 'closed' | 'open' | 'half-open';
  prefixes: string[];
  /** How many requests it may leave without an answer at the same time. */
  window: number;
}

export interface RouterListener {
  /** As those of {@link RouteListener}, with the route's name. */
  receipt(route: string, receipt: Receipt): Promise<void>;
  inbound(route: string, sms: InboundSms): Promise<void>;
  state(route: string, up: boolean): void;
}

export interface Router {
  /**
   * By one route after another until one has taken it. After `unknown` by another one only where the unsure route's rule
   * says `resend`. Never rejects.
   */
  send(sms: OutgoingSms): Promise<RoutedResult>;
  routes(): RouteStatus[];
  /** Serves what the vendors call. */
  mount(http: HttpRouter): void;
  /** Finishes what is under way, then leaves the carriers politely. */
  close(): Promise<void>;
}

export interface RouterOptions {
  file: RoutesFile;
  listener: RouterListener;
  /** Our address as vendors see it, without a slash at its end; without, no status webhooks. */
  publicUrl?: string;
  log?: (event: { route: string; what: 'up' | 'down' | 'oddity'; code: string }) => void;
}

/** A route as the router needs it; `mount` where the kind is called back. */
type Connected = Route & { mount?: (http: HttpRouter) => void };

interface Line extends Offer {
  settings: RouteSettings;
  route: Connected;
  breaker: Breaker;
}

/** Of routes whose settings say nothing. */
const WINDOWS = { smpp: 50, ringring: 10 };
/** No route goes to this number. */
const NOWHERE: RoutedResult = { kind: 'refused', permanent: true, reason: 'NO_ROUTE', route: 'none', segmentPrice: 0 };

/** Connects every route of the file. */
export function createRouter(options: RouterOptions): Router {
  return routeAmong(options.file.routes.map((settings) => ({ settings, route: connect(settings, options) })));
}

/** The router over routes that are there already. */
export function routeAmong(connected: readonly { settings: RouteSettings; route: Connected }[]): Router {
  const lines: Line[] = connected.map(({ settings, route }) => {
    const { name, priority, prefixes } = settings;
    return { name, priority, prefixes, settings, route, breaker: CLOSED };
  });

  async function send(sms: OutgoingSms): Promise<RoutedResult> {
    const choices = choose(lines, sms.to);
    let best: RoutedResult | null = null;
    let neverHere = 0;
    for (const { route: line, price } of choices) {
      const result = await tryLine(line, sms);
      if (!result) continue;
      const routed = { ...result, route: line.name, segmentPrice: price };
      if (isFinal(result)) return best?.kind === 'unknown' && result.kind !== 'accepted' ? best : routed;
      if (result.kind === 'refused' && isNeverHere(result.reason)) neverHere++;
      best = moreTelling(best, routed);
      if (result.kind === 'unknown' && line.settings.onUnknown === 'wait') return best;
    }
    if (choices.length === 0) return NOWHERE;
    if (best?.kind === 'refused' && neverHere === choices.length) return { ...best, permanent: true };
    return best ?? { kind: 'unavailable', route: choices[0]?.route.name ?? 'none', segmentPrice: 0 };
  }

  /** null: not even tried. */
  async function tryLine(line: Line, sms: OutgoingSms): Promise<SendResult | null> {
    if (!line.route.up()) return null;
    const { admitted, breaker } = admit(line.breaker, performance.now());
    line.breaker = breaker;
    if (!admitted) return null;
    const result = await line.route.send(sms);
    line.breaker = conclude(line.breaker, trialOf(result), performance.now());
    return result;
  }

  return {
    send,
    routes: () =>
      lines.map(({ name, settings, route, breaker, prefixes }) => ({
        name,
        kind: settings.kind,
        up: route.up(),
        breaker: breaker.state,
        prefixes: prefixes.map(({ prefix }) => prefix),
        window: settings.window ?? WINDOWS[settings.kind],
      })),
    mount(http) {
      for (const { route } of lines) route.mount?.(http);
    },
    async close() {
      await Promise.all(lines.map(({ route }) => route.close()));
    },
  };
}

/** Nobody else needs to try. */
function isFinal(result: SendResult): boolean {
  return result.kind === 'accepted' || result.kind === 'withdrawn' || (result.kind === 'refused' && result.permanent);
}

/** What has been sent perhaps outweighs a refusal, and that outweighs nothing. */
function moreTelling(best: RoutedResult | null, next: RoutedResult): RoutedResult {
  const weight = { accepted: 3, unknown: 2, refused: 1, unavailable: 0, withdrawn: 0 };
  return best && weight[best.kind] >= weight[next.kind] ? best : next;
}

function trialOf(result: SendResult): Trial {
  if (result.kind === 'withdrawn') return 'neutral';
  if (result.kind === 'refused' && isOfTheSms(result.reason)) return 'neutral';
  return isFinal(result) ? 'success' : 'failure';
}

function connect(settings: RouteSettings, { listener, publicUrl, log }: RouterOptions): Connected {
  const { name } = settings;
  const own: RouteListener = {
    receipt: (receipt) => listener.receipt(name, receipt),
    inbound: (sms) => listener.inbound(name, sms),
    state: (up) => listener.state(name, up),
  };
  const common = {
    name,
    ...given({
      sender: settings.sender,
      throughput: settings.throughput,
      window: settings.window,
      responseTimeoutMs: settings.responseTimeoutMs,
      country: settings.country,
      log,
    }),
  };
  if (settings.kind === 'smpp') {
    const { host, port, systemId, systemType, bind, longMessages, receipts } = settings;
    const { sourceType, destinationType, enquireLinkMs } = settings;
    const tls = settings.tls && given({ serverName: settings.tls.serverName, ca: settings.ca ?? undefined });
    const optional = given({
      systemType,
      bind,
      longMessages,
      receipts,
      sourceType,
      destinationType,
      enquireLinkMs,
      tls,
    });
    return createSmppRoute({ ...common, host, port, systemId, password: settings.secret, ...optional }, own);
  }
  const { url, pollMs, webhook, secret: apiKey } = settings;
  const calledBack = webhook !== null && publicUrl !== undefined ? { publicUrl, secret: webhook } : undefined;
  return createRingRingRoute({ ...common, url, apiKey, ...given({ pollMs, webhook: calledBack }) }, own);
}

type Given<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** Without what is undefined. */
function given<T extends object>(fields: T): Given<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Given<T>;
}
