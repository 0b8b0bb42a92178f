/** A route over SMPP 3.4: one session with a carrier, or a transmitter and a receiver beside each other. */
import type { CountryCode } from '../numbers.ts';
import type { OutgoingSms, Receipt, Route, RouteListener, SendResult } from '../route.ts';
import type { CarrierRequest } from './connection.ts';
import { readDelivery } from './deliver.ts';
import type { Address } from './dial.ts';
import { createInbound } from './inbound.ts';
import { createLink, type Link, type LinkEvents } from './link.ts';
import { ESME } from './status.ts';
import { type AddressType, type LongMessages, type Submission, submissionsOf } from './submit.ts';
import { createSubmitter, type Submitted } from './submitter.ts';

export interface SmppRouteOptions extends Address {
  name: string;
  /** Default `transceiver`. */
  bind?: 'transceiver' | 'transmitter-and-receiver';
  systemId: string;
  password: string;
  /** Default empty. */
  systemType?: string;
  /** submit_sm that may wait for their answer at the same time, as agreed with the carrier. Default 50. */
  window?: number;
  /** Segments per second agreed with the carrier; without, as fast as it takes them. */
  throughput?: number;
  /** Default `udh-8-bit`. */
  longMessages?: LongMessages;
  /** What a receipt of the carrier speaks for, where an SMS has several segments. Default `per-segment`. */
  receipts?: 'per-segment' | 'per-message';
  /** Who an SMS is from that names nobody: number, short code or up to 11 characters. Without, the carrier decides. */
  sender?: string;
  sourceType?: AddressType;
  destinationType?: AddressType;
  /** Whose national numbers the carrier writes; without, only international ones are read. */
  country?: CountryCode;
  /** Default 10 s. */
  bindTimeoutMs?: number;
  /** After this, what became of a submit_sm is unknown. Default 30 s. */
  responseTimeoutMs?: number;
  /** Default 30 s. */
  enquireLinkMs?: number;
  /** The first pause before connecting again. Default 1 s. */
  reconnectMinMs?: number;
  /** The longest. Default 60 s. */
  reconnectMaxMs?: number;
  /** Told what happens to the session, by stable codes without any content: `BOUND`, `ECONNREFUSED`, `BODY_MALFORMED` … */
  log?: (event: { route: string; what: 'up' | 'down' | 'oddity'; code: string }) => void;
}

const UNAVAILABLE: SendResult = { kind: 'unavailable' };
/** How long what follows an accepted part waits for a link that is down. */
const FOLLOW_MS = 5 * 60_000;
/** How long `close` lets the carrier slow down what follows an accepted part. */
const CLOSE_PATIENCE_MS = 5_000;
/** Of the carrier's requests that wait for the listener; beyond, the carrier is told to repeat. */
const MOST_UNANSWERED = 5_000;
const TICK_MS = 1_000;

/**
 * Begins to connect at once, and goes on until closed. Throws when the settings can never do: RangeError
 * `PDU_FIELD_INVALID` for a login that SMPP has no room for, Node's own errors for a port or certificate that is none.
 */
export function createSmppRoute(options: SmppRouteOptions, listener: RouteListener): Route {
  const { name, responseTimeoutMs = 30_000, log = () => {} } = options;
  const clock = () => performance.now();
  const inbound = createInbound((sms) => callSafely(() => listener.inbound(sms)), clock);
  const submitter = createSubmitter(() => sending, options.throughput ?? null);
  const links = openLinks();
  const sending = links[0] as Link;
  const ticking = setInterval(() => inbound.tick(clock()), TICK_MS);
  const submitOptions = { ...options, longMessages: options.longMessages ?? 'udh-8-bit' };
  let reference = Math.floor(Math.random() * 0x1_0000);
  /** SMS that are being sent, and the carrier's requests that wait for the listener. */
  let underWay = 0;
  let unanswered = 0;
  let wasUp = false;
  let closing: Promise<void> | null = null;
  let announceIdle = () => {};

  function openLinks(): Link[] {
    const both = options.bind === 'transmitter-and-receiver';
    const main = openLink(both ? 'bind_transmitter' : 'bind_transceiver', {
      ready: () => submitter.pump(),
      state: onState,
    });
    if (!both) return [main];
    const receiver = openLink('bind_receiver', {
      ready: () => {},
      state: (up, code) => log({ route: name, what: up ? 'up' : 'down', code: `RECEIVER_${code}` }),
    });
    return [main, receiver];
  }

  function openLink(
    bind: 'bind_transceiver' | 'bind_transmitter' | 'bind_receiver',
    events: Pick<LinkEvents, 'ready' | 'state'>,
  ): Link {
    const { host, port, tls, systemId, password } = options;
    const linkOptions = {
      ...{ host, port, tls, bind, systemId, password },
      systemType: options.systemType ?? '',
      window: options.window ?? 50,
      bindTimeoutMs: options.bindTimeoutMs ?? 10_000,
      responseTimeoutMs,
      enquireLinkMs: options.enquireLinkMs ?? 30_000,
      reconnectMinMs: options.reconnectMinMs ?? 1_000,
      reconnectMaxMs: options.reconnectMaxMs ?? 60_000,
    };
    return createLink(linkOptions, {
      ...events,
      request: onCarrierRequest,
      oddity: (code) => log({ route: name, what: 'oddity', code }),
    });
  }

  function onState(isUp: boolean, code: string): void {
    log({ route: name, what: isUp ? 'up' : 'down', code });
    if (!isUp) submitter.down();
    if (isUp !== wasUp) listener.state(isUp);
    wasUp = isUp;
  }

  async function send(sms: OutgoingSms): Promise<SendResult> {
    if (closing || !sending.bound()) return UNAVAILABLE;
    underWay++;
    try {
      return await sendParts(sms);
    } finally {
      underWay--;
      onIdle();
    }
  }

  async function sendParts(sms: OutgoingSms): Promise<SendResult> {
    reference = (reference + 1) % 0x1_0000;
    const submissions = submissionsOf(sms, submitOptions, reference);
    if (typeof submissions === 'string') {
      return { kind: 'refused', permanent: submissions === 'TEXT_TOO_LONG', reason: submissions };
    }
    const [first, ...others] = submissions as [Submission, ...Submission[]];
    const { validUntil, urgent, mayLeave } = sms;
    const result = await submitter.submit({ submission: first, validUntil, urgent, mayLeave, follows: false });
    if (result.kind === 'accepted') return sendOthers(result, first, others, sms);
    if (result.kind === 'unknown') return { kind: 'unknown', carrierIds: [], segments: first.segments };
    return result;
  }

  /** Only once the first part was accepted: what a carrier refuses, it refuses before anything was sent. */
  async function sendOthers(
    accepted: Submitted,
    first: Submission,
    others: Submission[],
    { validUntil: end, urgent }: OutgoingSms,
  ): Promise<SendResult> {
    const validUntil = Math.min(end, Date.now() + FOLLOW_MS);
    const results = await Promise.all(
      others.map((submission) => submitter.submit({ submission, validUntil, urgent, follows: true })),
    );
    const carrierIds = [accepted, ...results].flatMap(carrierIdOf);
    const perhapsSent = results.filter(({ kind }) => kind === 'accepted' || kind === 'unknown').length;
    const segments = first.segments + perhapsSent;
    if (results.some(({ kind }) => kind !== 'accepted')) return { kind: 'unknown', carrierIds, segments };
    const isOnly = options.receipts === 'per-message' && others.length > 0;
    return { kind: 'accepted', carrierIds, segments, ...(isOnly ? { onlyReceipt: true } : {}) };
  }

  function onCarrierRequest(pdu: CarrierRequest, answer: (status: number) => void): void {
    if (unanswered >= MOST_UNANSWERED) {
      answer(ESME.RX_T_APPN);
      return;
    }
    unanswered++;
    const answerOnce = (status: number) => {
      unanswered--;
      answer(status);
      onIdle();
    };
    const delivery = readDelivery(pdu, options.country);
    if (delivery.kind === 'receipt') {
      if (delivery.isOdd) log({ route: name, what: 'oddity', code: 'RECEIPT_STATE_UNKNOWN' });
      storeReceipt(delivery.receipt, answerOnce);
    } else if (delivery.kind === 'sms') {
      const { from, to, text, concatenation } = delivery;
      inbound.add({ from, to, text }, concatenation, answerOnce);
    } else {
      log({ route: name, what: 'oddity', code: delivery.why });
      answerOnce(ESME.ROK);
    }
  }

  function storeReceipt(receipt: Receipt, answer: (status: number) => void): void {
    callSafely(() => listener.receipt(receipt)).then(
      () => answer(ESME.ROK),
      () => answer(ESME.RX_T_APPN),
    );
  }

  function onIdle(): void {
    if (underWay + unanswered === 0) announceIdle();
  }

  function close(): Promise<void> {
    closing ??= leave();
    return closing;
  }

  async function leave(): Promise<void> {
    submitter.stop(false);
    const idle = new Promise<void>((resolve) => {
      announceIdle = resolve;
    });
    onIdle();
    const hurry = setTimeout(() => submitter.stop(true), CLOSE_PATIENCE_MS);
    const giveUp = setTimeout(announceIdle, CLOSE_PATIENCE_MS + responseTimeoutMs);
    await idle;
    clearTimeout(giveUp);
    clearTimeout(hurry);
    submitter.stop(true);
    await Promise.all(links.map((link) => link.close()));
    clearInterval(ticking);
  }

  return { name, send, up: () => closing === null && sending.bound(), close };
}

/** Without a message_id, which a carrier must give, no receipt will be matched. */
function carrierIdOf(result: Submitted): string[] {
  return result.kind === 'accepted' && result.carrierId !== '' ? [result.carrierId] : [];
}

/** A listener that throws is one that could not store. */
async function callSafely(call: () => Promise<void>): Promise<void> {
  await call();
}
