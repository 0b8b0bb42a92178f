/**
 * SIP transactions over UDP (RFC 3261 §17, with the `accepted` state of RFC 6026): retransmission, and absorbing the
 * other side's retransmissions.
 *
 *   client, INVITE                                     client, other
 *   calling ─1xx─► proceeding                          trying ─1xx─► proceeding
 *     │ INVITE again after T1, 2·T1, …; B                │ again after T1 … at most T2; F
 *     ├─ 2xx ──► ended (the dialog sends the ACK)        └─ final ──► completed ──K──► ended
 *     └─ 300–699 / ACK ──► completed ──D──► ended
 *
 *   server, INVITE                                     server, other
 *   proceeding ─ 2xx ──► accepted ──L──► ended         trying ─ final ──► completed ──J──► ended
 *     └─ 300–699 ──► completed (again after T1 …; H) ─ACK─► confirmed ──I──► ended
 *
 *   B, D, F, H, J, L = 64·T1;  K, I = T4
 */
import type { Cancel, Clock } from './clock.ts';
import { header, parseCSeq, type SipMessage, type SipRequest, type SipResponse, topVia } from './sip-message.ts';

/** An IPv4 address and UDP port. */
export interface Peer {
  address: string;
  port: number;
}

/** The base timers of RFC 3261 §17.1.1.1 in milliseconds; 64·t1 is how long a silent peer is waited for. */
export interface SipTiming {
  t1: number;
  t2: number;
  t4: number;
}

export const STANDARD_TIMING: SipTiming = { t1: 500, t2: 4000, t4: 5000 };

export interface ResponseHandlers {
  provisional?(response: SipResponse): void;
  final(response: SipResponse): void;
  /** Nobody answered for 64·T1. */
  timeout(): void;
}

export interface ServerTransaction {
  readonly request: SipRequest;
  readonly source: Peer;
  /** For a CANCEL: the INVITE that it calls off, when that has not been answered finally. */
  readonly cancels: ServerTransaction | undefined;
  /** Sends a provisional or the final answer; anything after the final one is ignored. */
  respond(response: SipResponse): void;
}

export interface Transactions {
  /** Sends a request other than ACK; its topmost Via carries a branch of its own. */
  request(message: SipRequest, to: Peer, handlers: ResponseHandlers): void;
  receive(message: SipMessage, source: Peer): void;
  /** Forgets everything; nothing is sent any more. */
  close(): void;
}

export interface TransactionOptions {
  clock: Clock;
  timing: SipTiming;
  send(message: SipMessage, to: Peer): void;
  onRequest(transaction: ServerTransaction): void;
  /** The ACK of a 2xx, which belongs to the dialog. */
  onAck(ack: SipRequest): void;
  /** A repeated 2xx of an INVITE whose transaction is over: the dialog acknowledges it again. */
  onStrayResponse(response: SipResponse): void;
}

interface Transaction<Message> {
  receive(message: Message): void;
  stop(): void;
}

interface OpenServerTransaction extends Transaction<SipRequest> {
  transaction: ServerTransaction;
  answeredFinally(): boolean;
}

export function createTransactions(options: TransactionOptions): Transactions {
  const { clock, timing, send } = options;
  const clients = new Map<string, Transaction<SipResponse>>();
  const servers = new Map<string, OpenServerTransaction>();
  const longest = 64 * timing.t1;

  function startClient(message: SipRequest, to: Peer, handlers: ResponseHandlers): void {
    const isInvite = message.method === 'INVITE';
    const key = `${topVia(message).branch} ${message.method}`;
    let ack: SipRequest | undefined;
    let done = false;
    let mayRepeat = true;
    const end = () => clients.delete(key);
    const stopRepeating = repeat(() => mayRepeat && send(message, to), isInvite ? Number.POSITIVE_INFINITY : timing.t2);
    const stopWaiting = clock.after(longest, () => {
      stopRepeating();
      end();
      handlers.timeout();
    });
    let stopLingering: Cancel | undefined;

    clients.set(key, {
      receive(response) {
        if (done) {
          if (ack && response.status >= 300) send(ack, to);
          return;
        }
        if (response.status < 200) {
          if (isInvite) {
            mayRepeat = false;
            stopWaiting();
          }
          handlers.provisional?.(response);
          return;
        }
        done = true;
        stopRepeating();
        stopWaiting();
        if (isInvite && response.status < 300) {
          end();
        } else {
          if (isInvite) {
            ack = ackOfFailure(message, response);
            send(ack, to);
          }
          stopLingering = clock.after(isInvite ? longest : timing.t4, end);
        }
        handlers.final(response);
      },
      stop() {
        stopRepeating();
        stopWaiting();
        stopLingering?.();
      },
    });
    send(message, to);
  }

  function startServer(key: string, request: SipRequest, source: Peer): void {
    const isInvite = request.method === 'INVITE';
    const alarms: Cancel[] = [];
    let last: SipResponse | undefined;
    let acknowledged = false;
    const stop = () => {
      for (const cancel of alarms.splice(0)) cancel();
    };
    const endAfter = (milliseconds: number) => {
      stop();
      alarms.push(clock.after(milliseconds, () => servers.delete(key)));
    };

    const transaction: ServerTransaction = {
      request,
      source,
      cancels: request.method === 'CANCEL' ? cancelledBy(key) : undefined,
      respond(response) {
        if (last && last.status >= 200) return;
        last = response;
        send(response, source);
        if (response.status < 200) return;
        endAfter(longest);
        if (isInvite && response.status >= 300) {
          alarms.push(repeat(() => !acknowledged && send(response, source), timing.t2));
        }
      },
    };
    servers.set(key, {
      transaction,
      answeredFinally: () => last !== undefined && last.status >= 200,
      receive(message) {
        if (message.method === 'ACK') {
          acknowledged = true;
          endAfter(timing.t4);
          return;
        }
        // An accepted INVITE that comes again is answered by the dialog, which repeats its 2xx until the ACK.
        if (last && !(isInvite && last.status >= 200 && last.status < 300)) send(last, source);
      },
      stop,
    });
    options.onRequest(transaction);
  }

  function cancelledBy(key: string): ServerTransaction | undefined {
    const invite = servers.get(key.replace(/ CANCEL$/, ' INVITE'));
    return invite && !invite.answeredFinally() ? invite.transaction : undefined;
  }

  /** Acts after T1, 2·T1, 4·T1 … at most `longestInterval` apart, until called off. */
  function repeat(action: () => void, longestInterval: number): Cancel {
    let interval = timing.t1;
    let cancel: Cancel;
    const again = () => {
      action();
      interval = Math.min(2 * interval, longestInterval);
      cancel = clock.after(interval, again);
    };
    cancel = clock.after(interval, again);
    return () => cancel();
  }

  return {
    request: startClient,
    receive(message, source) {
      if (message.kind === 'response') {
        const client = clients.get(`${topVia(message).branch} ${parseCSeq(message).method}`);
        if (client) client.receive(message);
        else options.onStrayResponse(message);
        return;
      }
      const key = serverKey(message);
      const server = servers.get(key);
      if (server) server.receive(message);
      else if (message.method === 'ACK') options.onAck(message);
      else startServer(key, message, source);
    },
    close() {
      for (const transaction of [...clients.values(), ...servers.values()]) transaction.stop();
      clients.clear();
      servers.clear();
    },
  };
}

/** RFC 3261 §17.2.3: the ACK of a failure and the INVITE are one transaction, a CANCEL is one of its own. */
function serverKey(request: SipRequest): string {
  const { branch, sentBy } = topVia(request);
  return `${branch} ${sentBy} ${request.method === 'ACK' ? 'INVITE' : request.method}`;
}

/** RFC 3261 §17.1.1.3 */
function ackOfFailure(invite: SipRequest, response: SipResponse): SipRequest {
  const kept = invite.headers.filter(({ name }) =>
    ['via', 'max-forwards', 'from', 'call-id', 'route'].includes(name.toLowerCase()),
  );
  const { sequence } = parseCSeq(invite);
  return {
    kind: 'request',
    method: 'ACK',
    uri: invite.uri,
    headers: [...kept, { name: 'To', value: header(response, 'To') ?? '' }, { name: 'CSeq', value: `${sequence} ACK` }],
    body: '',
  };
}
