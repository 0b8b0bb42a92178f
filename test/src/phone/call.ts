/**
 * One call as a phone sees it, once there is an INVITE: its states, its audio, and the requests inside its dialog. The
 * INVITE itself is the business of `caller.ts` (outgoing) and `agent-phone.ts` (incoming).
 *
 *   calling ──180/183──► ringing ──200/ACK──► answered ──BYE──► ended
 *      │                    │                    └── no answer to BYE, OPTIONS or 200 ──► ended (peer-lost)
 *      └────────────────────┴── failure, CANCEL, nobody there ──► ended
 */
import { randomInt } from 'node:crypto';
import type { Cancel } from './clock.ts';
import { type Dialog, nextHop, requestInDialog, withRemoteTarget } from './dialog.ts';
import type { DigitTiming } from './dtmf.ts';
import { PhoneError } from './errors.ts';
import type { CallEnd, CallTimes, PhoneCall, PhoneCallState } from './phone-call.ts';
import type { AudioStream } from './rtp.ts';
import { type AudioDescription, answerDirection, CODECS, readSdp, TELEPHONE_EVENT, writeSdp } from './sdp.ts';
import { type Header, header, parseCSeq, responseTo, type SipRequest, type SipResponse } from './sip-message.ts';
import type { Peer, ServerTransaction } from './transaction.ts';
import { ALLOW, type CallHandler, type UserAgent } from './user-agent.ts';

/** What `caller.ts` and `agent-phone.ts` do with a call, out of sight of the phone's user. */
export interface CallControl extends CallHandler {
  readonly call: PhoneCall;
  /** Our session description for offer or answer. */
  describe(direction?: AudioDescription['direction']): string;
  ring(): void;
  /** Audio before the answer (183). */
  hearEarly(sdp: string): void;
  /** The call stands; `sdp` is the peer's description. */
  establish(dialog: Dialog, sdp: string): void;
  /** Sends a 2xx and repeats it until the ACK. */
  answerReliably(transaction: ServerTransaction, response: SipResponse): void;
  /** Remembers the ACK of our INVITE, to be sent again whenever its 2xx comes again. */
  acknowledge(ack: SipRequest, to: Peer): void;
  end(end: CallEnd): void;
  /** Hangs up an answered call, even when hanging up began before the answer. */
  leave(): void;
}

export interface CallOptions {
  agent: UserAgent;
  audio: AudioStream;
  callId: string;
  peer: string;
  /** Where requests go when the peer's Contact is a name. */
  server: Peer;
  contact: Header;
  /** Asks every so many ms whether the peer is still there (OPTIONS in the dialog); absent: never. */
  keepAliveMs?: number | undefined;
  /** Calls off what has not been answered yet. */
  withdraw(): void;
}

const SDP: Header = { name: 'Content-Type', value: 'application/sdp' };

export function createCall(options: CallOptions): CallControl {
  const { agent, audio, callId, server, contact } = options;
  const { clock } = agent;
  const times: CallTimes = { started: clock.now() };
  const session = { id: randomInt(2 ** 31), version: 1 };
  const timers = new Set<Cancel>();
  const { promise: answered, resolve: resolveAnswered, reject: rejectAnswered } = promiseParts<void>();
  const { promise: ended, resolve: resolveEnded } = promiseParts<CallEnd>();
  answered.catch(() => {});
  let state: PhoneCallState = 'calling';
  let dialog: Dialog | undefined;
  let hangingUp = false;
  let lastAck: { ack: SipRequest; to: Peer } | undefined;
  let waitingForAck: Cancel | undefined;

  const describe = (direction: AudioDescription['direction'] = 'sendrecv') =>
    writeSdp(
      { address: agent.address, port: audio.port, codecs: [...CODECS], telephoneEvent: TELEPHONE_EVENT, direction },
      session,
    );

  const end = (how: CallEnd) => {
    if (state === 'ended') return;
    const wasAnswered = state === 'answered';
    state = 'ended';
    times.ended = clock.now();
    for (const cancel of timers) cancel();
    waitingForAck?.();
    audio.close();
    // Late retransmissions still find the call for as long as they may come.
    clock.after(64 * agent.timing.t1, () => agent.detach(callId));
    if (!wasAnswered) rejectAnswered(callEnded(how));
    resolveEnded(how);
  };

  /** Sends a request inside the dialog; resolves with the final answer, undefined when none came. */
  const ask = (method: string, headers: Header[] = [], body = ''): Promise<SipResponse | undefined> => {
    if (!dialog) return Promise.resolve(undefined);
    const made = requestInDialog(dialog, method, [agent.via(), contact, ...headers], body);
    dialog = made.dialog;
    const to = nextHop(dialog) ?? server;
    return new Promise((resolve) => {
      agent.request(made.request, to, { final: resolve, timeout: () => resolve(undefined) });
    });
  };

  const bye = async (how: CallEnd) => {
    audio.play('off');
    const response = await ask('BYE');
    end(response === undefined ? { how: 'peer-lost' } : how);
  };

  const leave = () => {
    hangingUp = true;
    void bye({ how: 'hung-up' });
  };

  const keepAlive = () => {
    if (options.keepAliveMs === undefined) return;
    const cancel = clock.after(options.keepAliveMs, async () => {
      timers.delete(cancel);
      if (state !== 'answered') return;
      const response = await ask('OPTIONS');
      if (response === undefined || response.status === 481 || response.status === 408) end({ how: 'peer-lost' });
      else keepAlive();
    });
    timers.add(cancel);
  };

  const listenTo = (sdp: string) => audio.connect(readSdp(sdp));

  const hearEarly = (sdp: string) => {
    try {
      listenTo(sdp);
    } catch {
      // The final answer may still bring a description that can be used.
    }
  };

  const establish = (made: Dialog, sdp: string) => {
    if (state === 'ended') return;
    dialog = made;
    try {
      if (sdp !== '') listenTo(sdp);
    } catch {
      bye({ how: 'no-common-audio' });
      return;
    }
    state = 'answered';
    times.answered = clock.now();
    keepAlive();
    resolveAnswered();
  };

  const answerReliably = (transaction: ServerTransaction, response: SipResponse) => {
    transaction.respond(response);
    let interval = agent.timing.t1;
    const giveUpAt = clock.now() + 64 * agent.timing.t1;
    const again = () => {
      if (clock.now() >= giveUpAt) {
        bye({ how: 'peer-lost' });
        return;
      }
      agent.send(response, transaction.source);
      interval = Math.min(2 * interval, agent.timing.t2);
      waitingForAck = clock.after(interval, again);
    };
    waitingForAck?.();
    waitingForAck = clock.after(interval, again);
  };

  /** A re-INVITE or UPDATE: the peer moves the audio, holds or resumes it. */
  const renegotiate = (transaction: ServerTransaction) => {
    const { request } = transaction;
    const respond = (response: SipResponse) =>
      request.method === 'INVITE' ? answerReliably(transaction, response) : transaction.respond(response);
    if (dialog) dialog = withRemoteTarget(dialog, request);
    if (request.body === '' && request.method === 'UPDATE') return respond(responseTo(request, 200, 'OK'));
    try {
      // Without an offer (RFC 3264 §8) ours goes out and the answer comes in the ACK.
      const offer = request.body === '' ? undefined : readSdp(request.body);
      if (offer) audio.connect(offer);
      session.version++;
      const body = describe(offer ? answerDirection(offer) : 'sendrecv');
      respond(responseTo(request, 200, 'OK', { headers: [contact, ALLOW, SDP], body }));
    } catch (error) {
      if (!(error instanceof PhoneError)) throw error;
      transaction.respond(responseTo(request, 488, 'Not Acceptable Here'));
    }
  };

  const call: PhoneCall = {
    id: callId,
    peer: options.peer,
    get state() {
      return state;
    },
    times,
    ear: audio.ear,
    answered,
    ended,
    play: audio.play,
    async sendDigits(digits, { by = 'rtp', ...timing }) {
      times.firstDigit ??= clock.now();
      const keyed = by === 'rtp' ? audio.sendDigits(digits, timing) : sendInfoDigits(digits, timing);
      const outcome = await Promise.race([keyed, ended]);
      if (outcome !== undefined) throw callEnded(outcome);
      times.lastDigit = clock.now();
    },
    hangUp() {
      if (hangingUp || state === 'ended') return ended;
      hangingUp = true;
      if (state === 'answered') leave();
      else options.withdraw();
      return ended;
    },
  };

  const sendInfoDigits = async (digits: string, { toneMs, gapMs }: DigitTiming) => {
    const type: Header = { name: 'Content-Type', value: 'application/dtmf-relay' };
    for (const digit of digits) {
      const started = clock.now();
      await ask('INFO', [type], `Signal=${digit}\r\nDuration=${toneMs}\r\n`);
      await new Promise<void>((resolve) => clock.at(started + toneMs + gapMs, resolve));
    }
  };

  return {
    call,
    describe,
    ring() {
      if (state !== 'calling') return;
      state = 'ringing';
      times.ringing = clock.now();
    },
    hearEarly,
    establish,
    answerReliably,
    acknowledge(ack, to) {
      lastAck = { ack, to };
      agent.send(ack, to);
    },
    end,
    leave,
    request(transaction) {
      const { request } = transaction;
      const respond = (status: number, reason: string) =>
        transaction.respond(responseTo(request, status, reason, { headers: [ALLOW] }));
      if (request.method === 'BYE') {
        respond(200, 'OK');
        end(hangingUp ? { how: 'hung-up' } : { how: 'peer-hung-up', ...causeOf(request) });
      } else if (state === 'ended') respond(481, 'Call/Transaction Does Not Exist');
      else if (request.method === 'INVITE' || request.method === 'UPDATE') renegotiate(transaction);
      else if (['OPTIONS', 'INFO', 'NOTIFY'].includes(request.method)) respond(200, 'OK');
      else respond(405, 'Method Not Allowed');
    },
    ack(ack) {
      waitingForAck?.();
      if (ack.body !== '') hearEarly(ack.body);
    },
    strayResponse(response) {
      if (response.status < 300 && parseCSeq(response).method === 'INVITE' && lastAck) {
        agent.send(lastAck.ack, lastAck.to);
      }
    },
    cancelled() {
      end({ how: 'cancelled' });
    },
  };
}

/** `Reason: Q.850;cause=16` (RFC 3326) of a BYE or a failure. */
export function causeOf(message: SipRequest | SipResponse): { cause: number } | Record<never, never> {
  const cause = /Q\.850\s*;.*?cause\s*=\s*(\d+)/i.exec(header(message, 'Reason') ?? '');
  return cause ? { cause: Number(cause[1]) } : {};
}

function callEnded(end: CallEnd): PhoneError {
  const status = end.status === undefined ? '' : `, SIP status ${end.status}`;
  return new PhoneError('PHONE_CALL_ENDED', `The call ended: ${end.how}${status}.`, end.status);
}

function promiseParts<T>(): { promise: Promise<T>; resolve: (value: T) => void; reject: (error: Error) => void } {
  let resolve: (value: T) => void = () => {};
  let reject: (error: Error) => void = () => {};
  const promise = new Promise<T>((onValue, onError) => {
    resolve = onValue;
    reject = onError;
  });
  return { promise, resolve, reject };
}
