/**
 * A route over RingRing's Message API: one HTTPS request per SMS.
 *
 *   starting ──a poll is answered──► up ──no connection, maintenance──► down ──a poll is answered──► up
 *                                    └──account refused──► stopped ──a poll is answered──► up
 *
 * While it is not up, nothing is sent. A request whose answer was lost is never sent again: the message's state then
 * comes by its Reference, or not at all.
 */
import type { Router } from 'express';
import { createFifo } from '../fifo.ts';
import type { CountryCode } from '../numbers.ts';
import type { OutgoingSms, Route, RouteListener, SendResult } from '../route.ts';
import { createPace } from '../smpp/index.ts';
import { sizeOfText } from '../text/index.ts';
import { type Answer, codeOf, createApi } from './api.ts';
import { MAXIMUM_CHARACTERS, messageFields } from './message.ts';
import { startPoller } from './poller.ts';
import { type Verdict, verdictOf } from './results.ts';
import { mountWebhook, webhookPath } from './webhook.ts';

export interface RingRingRouteOptions {
  name: string;
  /** Base of the API: `https://api.ringring.be/sms/v1`, or `…/sms/sandbox`. */
  url: string;
  apiKey: string;
  /** Who an SMS is from that names nobody. Without, the vendor decides. */
  sender?: string;
  /** Requests at the same time. Default 10. */
  window?: number;
  /** Segments per second as agreed; without, as fast as answers come. */
  throughput?: number;
  /** After this, what became of a message is unknown. Default 30 s. */
  responseTimeoutMs?: number;
  /** How often states and incoming messages are asked for. Default 15 s, which the vendor's debug mode allows. */
  pollMs?: number;
  /** Where the vendor tells states by itself: our public address, and a secret for the path below it. */
  webhook?: { publicUrl: string; secret: string };
  /** Whose national numbers the vendor writes; without, only international ones are read. */
  country?: CountryCode;
  log?: (event: { route: string; what: 'up' | 'down' | 'oddity'; code: string }) => void;
}

export interface RingRingRoute extends Route {
  /** Serves the status webhook, when there is one. */
  mount(router: Router): void;
}

type State = 'starting' | 'up' | 'down' | 'stopped';

/** Waits for room in the window. */
interface Waiting {
  sms: OutgoingSms;
  resume: () => void;
}

const UNAVAILABLE: SendResult = { kind: 'unavailable' };
const EXPIRED: SendResult = { kind: 'refused', permanent: true, reason: 'EXPIRED' };
const WITHDRAWN: SendResult = { kind: 'withdrawn' };
/** How often what waits looks whether it may still leave. */
const LOOK_MS = 1_000;
/** Another route may well take it. */
const TOO_LONG: SendResult = { kind: 'refused', permanent: false, reason: 'TEXT_TOO_LONG' };
/** A status 403 without a code is throttling, or a rejected key: after so many it is the latter. */
const FORBIDDEN_TRIES = 5;

/** Begins to look for the service at once, and goes on until closed. */
export function createRingRingRoute(options: RingRingRouteOptions, listener: RouteListener): RingRingRoute {
  const { name, window = 10, responseTimeoutMs = 30_000, pollMs = 15_000, webhook, country, log = () => {} } = options;
  const api = createApi({ url: options.url, apiKey: options.apiKey, responseTimeoutMs });
  const pace = createPace(options.throughput ?? null, performance.now());
  const statusUrl = webhook ? webhook.publicUrl + webhookPath(name, webhook.secret) : null;
  const waiting = { urgent: createFifo<Waiting>(), other: createFifo<Waiting>() };
  const pauses = new Set<() => void>();
  let inFlight = 0;
  let state: State = 'starting';
  let closing: Promise<void> | null = null;
  let announceIdle = () => {};
  const poller = startPoller({ api, intervalMs: pollMs, listener, country, service: onService });
  let looking: NodeJS.Timeout | undefined;

  /** What a poll, or a message that was not taken, says about the service. Who refuses one request answers all the same. */
  function onService(verdict: Verdict): void {
    if (verdict.kind === 'accepted' || verdict.kind === 'refused') enter('up', 'ANSWERED');
    else if (verdict.kind === 'stopped') enter('stopped', verdict.reason);
    else if (verdict.kind === 'down') enter('down', verdict.reason);
    else if (verdict.kind === 'unknown') enter('down', 'NO_ANSWER');
    else if (state === 'starting') enter('down', verdict.reason);
  }

  function enter(next: State, code: string): void {
    if (next === state) return;
    const wasUp = state === 'up';
    state = next;
    log({ route: name, what: next === 'up' ? 'up' : 'down', code });
    if (next !== 'up') release();
    if (wasUp !== (next === 'up')) listener.state(next === 'up');
  }

  const open = () => state === 'up' && closing === null;

  /** Wakes all that wait; each looks again, and gives up. */
  function release(): void {
    letGo(() => true);
    for (const resume of pauses) resume();
  }

  /** Those that wait for room go on without it. */
  function letGo(which: (sms: OutgoingSms) => boolean): void {
    const all = [waiting.urgent, waiting.other].flatMap((queue) => queue.remove(({ sms }) => which(sms)));
    inFlight += all.length;
    for (const { resume } of all) resume();
  }

  function look(): void {
    letGo((sms) => whyNot(sms) !== null);
    looking = waiting.urgent.size + waiting.other.size > 0 ? setTimeout(look, LOOK_MS) : undefined;
  }

  async function send(sms: OutgoingSms): Promise<SendResult> {
    if (!open()) return UNAVAILABLE;
    if (sms.text.length > MAXIMUM_CHARACTERS) return TOO_LONG;
    const segments = sizeOfText(sms.text).segments;
    for (let forbidden = 0; ; ) {
      await room(sms);
      const result = await attempt(sms, segments).finally(leave);
      if (result !== 'again' && result !== 'forbidden') return result;
      if (result === 'forbidden' && ++forbidden >= FORBIDDEN_TRIES) {
        fail('HTTP_403');
        return UNAVAILABLE;
      }
    }
  }

  async function room(sms: OutgoingSms): Promise<void> {
    if (inFlight < window) {
      inFlight++;
      return;
    }
    looking ??= setTimeout(look, LOOK_MS);
    const queue = sms.urgent ? waiting.urgent : waiting.other;
    await new Promise<void>((resume) => queue.push({ sms, resume }));
  }

  /** The place in the window goes to the next one, if anybody waits. */
  function leave(): void {
    const next = inFlight > window ? undefined : (waiting.urgent.shift() ?? waiting.other.shift());
    if (next) next.resume();
    else if (--inFlight === 0) announceIdle();
  }

  async function attempt(sms: OutgoingSms, segments: number): Promise<SendResult | 'again' | 'forbidden'> {
    for (let delay = pace.delay(performance.now()); delay > 0 && open(); delay = pace.delay(performance.now())) {
      await sleep(Math.min(delay, LOOK_MS, sms.validUntil - Date.now()));
      if (whyNot(sms)) break;
    }
    if (!open()) return UNAVAILABLE;
    const refusal = whyNot(sms);
    if (refusal) return refusal;
    pace.take(performance.now(), segments);
    const fields = messageFields(sms, { sender: options.sender, statusUrl, now: Date.now() });
    const answer = await api.call('/Message', { ...fields });
    const verdict = verdictOfMessage(answer);
    switch (verdict.kind) {
      case 'accepted':
        pace.accepted(performance.now(), segments);
        return { kind: 'accepted', carrierIds: [sms.id], segments };
      case 'slower':
        pace.throttled(performance.now());
        return verdict.reason === 'HTTP_403' ? 'forbidden' : 'again';
      case 'down':
      case 'stopped':
        onService(verdict);
        poller.hurry();
        return UNAVAILABLE;
      case 'unknown':
        // A receipt may still come, one for all segments; of none is it sure that it was sent.
        return { kind: 'unknown', carrierIds: [sms.id], segments: 0 };
      default:
        return verdict;
    }
  }

  function fail(code: string): void {
    enter('down', code);
    poller.hurry();
  }

  function sleep(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        pauses.delete(end);
        resolve();
      };
      const timer = setTimeout(end, Math.max(0, milliseconds));
      pauses.add(end);
    });
  }

  async function leaveService(): Promise<void> {
    release();
    if (inFlight > 0) {
      await new Promise<void>((resolve) => {
        announceIdle = resolve;
      });
    }
    clearTimeout(looking);
    await poller.stop();
  }

  return {
    name,
    send,
    up: open,
    close() {
      closing ??= leaveService();
      return closing;
    },
    mount(router) {
      if (!webhook) return;
      mountWebhook(router, { name, secret: webhook.secret, listener, ...(country ? { country } : {}) });
    },
  };
}

/** How an SMS ends that must not be given to the vendor any more; null: it may be. */
function whyNot({ validUntil, mayLeave }: OutgoingSms): SendResult | null {
  if (validUntil <= Date.now()) return EXPIRED;
  return mayLeave?.() === false ? WITHDRAWN : null;
}

/** The request as a whole may be a success while its only message is not. */
function verdictOfMessage({ verdict, fields }: Answer): Verdict {
  const [message] = (fields.get('messages') as unknown[] | undefined) ?? [];
  if (verdict.kind !== 'accepted' || typeof message !== 'object' || message === null) return verdict;
  const own = codeOf(new Map(Object.entries(message).map(([name, value]) => [name.toLowerCase(), value])));
  return own === null ? verdict : verdictOf(200, own);
}
