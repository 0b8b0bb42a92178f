/**
 * The SIP side of any number of phones behind one UDP port: requests with digest authentication going out, calls and
 * requests coming in.
 */
import { randomBytes } from 'node:crypto';
import { type Cancel, type Clock, systemClock } from './clock.ts';
import { type Credentials, challengeOf, digestHeader } from './digest.ts';
import { PhoneError } from './errors.ts';
import { udpSocket } from './rtp.ts';
import {
  type Header,
  header,
  parseNameAddress,
  parseSipMessage,
  parseSipUri,
  responseTo,
  type SipMessage,
  type SipRequest,
  type SipResponse,
  serializeSipMessage,
} from './sip-message.ts';
import {
  createTransactions,
  type Peer,
  type ResponseHandlers,
  type ServerTransaction,
  type SipTiming,
  STANDARD_TIMING,
} from './transaction.ts';

export const ALLOW: Header = { name: 'Allow', value: 'INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE' };
export const PRODUCT: Header = { name: 'User-Agent', value: 'Civicline scripted phone' };

const NO_SUCH_CALL = 'Call/Transaction Does Not Exist';

/** What the user agent tells a call about. */
export interface CallHandler {
  request(transaction: ServerTransaction): void;
  ack(ack: SipRequest): void;
  strayResponse(response: SipResponse): void;
  /** The INVITE that has not been answered yet is called off. */
  cancelled(): void;
}

export interface UserAgentOptions {
  /** The local IPv4 address of signalling and audio; default 127.0.0.1. */
  address?: string;
  /** Default: those of RFC 3261. */
  timing?: SipTiming;
}

export interface UserAgent {
  readonly address: string;
  readonly port: number;
  readonly clock: Clock;
  readonly timing: SipTiming;
  /** A Via with a new branch: every request needs its own. */
  via(): Header;
  contact(user: string): Header;
  /** Sends a request as it is. */
  request(message: SipRequest, to: Peer, handlers: ResponseHandlers): void;
  /** Sends outside of any transaction: the ACK of a 2xx, and a 2xx again. */
  send(message: SipMessage, to: Peer): void;
  /** Receives what belongs to that Call-ID. */
  attach(callId: string, handler: CallHandler): void;
  detach(callId: string): void;
  /** Receives the INVITEs to that user. The returned function ends it. */
  serve(user: string, onInvite: (transaction: ServerTransaction) => void): Cancel;
  close(): void;
}

/** Opens one UDP port for the signalling of any number of phones. */
export async function openUserAgent(options: UserAgentOptions = {}): Promise<UserAgent> {
  const { address = '127.0.0.1', timing = STANDARD_TIMING } = options;
  const clock = systemClock;
  const socket = udpSocket();
  const calls = new Map<string, CallHandler>();
  const users = new Map<string, (transaction: ServerTransaction) => void>();
  let closed = false;
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(0, address, () => {
      socket.off('error', reject);
      resolve();
    });
  });
  // ICMP errors: the transaction times out and says so.
  socket.on('error', () => {});
  const { port } = socket.address();

  const send = (message: SipMessage, to: Peer) => {
    if (!closed) socket.send(serializeSipMessage(message), to.port, to.address);
  };
  const transactions = createTransactions({
    clock,
    timing,
    send,
    onRequest,
    onAck: (ack) => calls.get(header(ack, 'Call-ID') ?? '')?.ack(ack),
    onStrayResponse: (response) => calls.get(header(response, 'Call-ID') ?? '')?.strayResponse(response),
  });

  socket.on('message', (datagram, { address: from, port: fromPort }) => {
    // RFC 5626 §3.5.1 keep-alives consist of line ends alone.
    if (datagram.length <= 4) return;
    try {
      transactions.receive(parseSipMessage(datagram), { address: from, port: fromPort });
    } catch (error) {
      // What is no SIP message is dropped, as RFC 3261 §16.3 allows; anything else is a defect of this phone.
      if (!(error instanceof PhoneError)) throw error;
    }
  });

  function onRequest(transaction: ServerTransaction): void {
    const { request } = transaction;
    const call = calls.get(header(request, 'Call-ID') ?? '');
    const respond = (status: number, reason: string) =>
      transaction.respond(responseTo(request, status, reason, { toTag: newTag(), headers: [ALLOW, PRODUCT] }));

    if (request.method === 'CANCEL') {
      respond(transaction.cancels ? 200 : 481, transaction.cancels ? 'OK' : NO_SUCH_CALL);
      if (transaction.cancels) call?.cancelled();
    } else if (parseNameAddress(header(request, 'To') ?? '').parameters.tag !== undefined) {
      if (call) call.request(transaction);
      else respond(481, NO_SUCH_CALL);
    } else if (request.method === 'OPTIONS') {
      respond(200, 'OK');
    } else if (request.method !== 'INVITE') {
      respond(405, 'Method Not Allowed');
    } else {
      const onInvite = users.get(parseSipUri(request.uri).user ?? '');
      if (onInvite) onInvite(transaction);
      else respond(404, 'Not Found');
    }
  }

  return {
    address,
    port,
    clock,
    timing,
    via: () => ({ name: 'Via', value: `SIP/2.0/UDP ${address}:${port};branch=${newBranch()};rport` }),
    contact: (user) => ({ name: 'Contact', value: `<${sipUri(user, { address, port })}>` }),
    request: transactions.request,
    send,
    attach: (callId, handler) => calls.set(callId, handler),
    detach: (callId) => calls.delete(callId),
    serve(user, onInvite) {
      users.set(user, onInvite);
      return () => users.delete(user);
    },
    close() {
      if (closed) return;
      closed = true;
      transactions.close();
      socket.close();
    },
  };
}

/**
 * Sends a request and, when it is challenged, once more with the digest answer. `build` makes the request for a CSeq and
 * the headers that are new each time; the handlers see everything but the challenge that could be answered.
 */
export function requestWithDigest(
  agent: UserAgent,
  to: Peer,
  credentials: Credentials | undefined,
  build: (attempt: { sequence: number; headers: Header[] }) => SipRequest,
  handlers: ResponseHandlers,
  firstSequence = 1,
): void {
  const attempt = (sequence: number, answers: Header[], mayAnswer: number) => {
    const request = build({ sequence, headers: [agent.via(), ...answers] });
    agent.request(request, to, {
      ...handlers,
      final(response) {
        const challenge = response.status === 401 || response.status === 407 ? challengeOf(response) : undefined;
        if (!credentials || !challenge || mayAnswer === 0 || (answers.length > 0 && !challenge.stale)) {
          return handlers.final(response);
        }
        const { method, uri } = request;
        const clientNonce = randomBytes(8).toString('hex');
        const answer = digestHeader({ challenge, credentials, method, uri, nonceCount: 1, clientNonce });
        attempt(sequence + 1, [answer], mayAnswer - 1);
      },
    });
  };
  // The second answer is for a nonce that went stale in between.
  attempt(firstSequence, [], 2);
}

/** `sip:user@address:port`; a plus sign may stand as it is (RFC 3261 §25.1). */
export function sipUri(user: string, at: Peer): string {
  return `sip:${encodeURIComponent(user).replaceAll('%2B', '+')}@${at.address}:${at.port}`;
}

export function newTag(): string {
  return randomBytes(6).toString('hex');
}

export function newCallId(): string {
  return randomBytes(16).toString('hex');
}

/** RFC 3261 §8.1.1.7: the prefix says that the branch is unique. */
function newBranch(): string {
  return `z9hG4bK${randomBytes(8).toString('hex')}`;
}
