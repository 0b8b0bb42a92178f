/**
 * The scripted caller: dials into a SIP server as a trunk would, keys a code, speaks and listens.
 */
import type { Sound } from './audio.ts';
import { causeOf, createCall } from './call.ts';
import type { Cancel } from './clock.ts';
import { dialogOfCaller, nextHop, requestInDialog } from './dialog.ts';
import type { Credentials } from './digest.ts';
import { PhoneError } from './errors.ts';
import type { CallEnd, DigitOptions, PhoneCall } from './phone-call.ts';
import { openAudio } from './rtp.ts';
import { type Header, parseCSeq, type SipRequest, type SipResponse } from './sip-message.ts';
import type { Peer } from './transaction.ts';
import {
  ALLOW,
  newCallId,
  newTag,
  openUserAgent,
  PRODUCT,
  requestWithDigest,
  sipUri,
  type UserAgent,
  type UserAgentOptions,
} from './user-agent.ts';

export interface CallerOptions extends UserAgentOptions {
  /** Where calls go. */
  server: Peer;
  /** Only when the server challenges its trunk. */
  credentials?: Credentials;
}

export interface KeyedDigits extends DigitOptions {
  digits: string;
  /** From the answer to the first digit. */
  afterMs?: number;
  /** Key them as soon as the server listens, although nobody has answered yet. */
  early?: boolean;
}

export interface OutgoingCall {
  /** Such as +31850000001. */
  number: string;
  /** Shown as the calling number; absent: withheld (RFC 3323). */
  callerId?: string;
  /** Stands for the name and address of the From header, where carriers write them in their own ways. */
  from?: string;
  /** Added to the INVITE, such as P-Asserted-Identity. */
  headers?: Header[];
  /** What is sent once the call stands; default silence. */
  sound?: Sound;
  /** Keyed by the phone itself, as after the comma of a tel: URL. */
  key?: KeyedDigits;
  /** How long it may ring; default 30 s. */
  patienceMs?: number;
  /** See {@link import('./call.ts').CallOptions}. */
  keepAliveMs?: number;
}

export interface Caller {
  /** Dials; returns once the INVITE is on its way. Any number of calls may run at once. */
  call(outgoing: OutgoingCall): Promise<PhoneCall>;
  /** Hangs up what still runs and closes the port. */
  close(): Promise<void>;
}

const DEFAULT_PATIENCE_MS = 30_000;

export async function createCaller(options: CallerOptions): Promise<Caller> {
  const agent = await openUserAgent(options);
  const running = new Set<PhoneCall>();
  return {
    async call(outgoing) {
      const call = await placeCall(agent, options, outgoing);
      running.add(call);
      void call.ended.then(() => running.delete(call));
      return call;
    },
    async close() {
      await Promise.all([...running].map((call) => call.hangUp()));
      agent.close();
    },
  };
}

/** What a phone does with `tel:+31850000001,12345678`: one pause (about 2 s) for each comma, then the digits. */
export function parseTelUrl(url: string): { number: string; pauses: number; digits: string } {
  const parts = /^tel:(\+?[0-9]+)(?:(,+)([0-9*#]+))?$/.exec(url);
  if (!parts) throw new TypeError('This is not a tel: URL with a number and, perhaps, commas and digits.');
  return { number: parts[1] ?? '', pauses: parts[2]?.length ?? 0, digits: parts[3] ?? '' };
}

async function placeCall(agent: UserAgent, options: CallerOptions, outgoing: OutgoingCall): Promise<PhoneCall> {
  const { server, credentials } = options;
  const { number, callerId, sound = 'silence', key, patienceMs = DEFAULT_PATIENCE_MS, keepAliveMs } = outgoing;
  const audio = await openAudio({ address: agent.address, clock: agent.clock, sound });
  const callId = newCallId();
  const uri = sipUri(number, server);
  const isWithheld = callerId === undefined && outgoing.from === undefined;
  const address = `<${callerId === undefined ? 'sip:anonymous@anonymous.invalid' : sipUri(callerId, agent)}>`;
  const from = `${outgoing.from ?? address};tag=${newTag()}`;
  const contact = agent.contact('caller');
  let invite: SipRequest | undefined;
  let wasHeardOf = false;
  let withdrawn: CallEnd | undefined;
  let patience: Cancel | undefined;

  const cancel = () => {
    // RFC 3261 §9.1: not before the server has reacted; then the INVITE is answered with 487.
    if (!invite || !wasHeardOf) return;
    agent.request(cancelOf(invite), server, { final() {}, timeout() {} });
    // A server that never says so has cancelled it all the same.
    agent.clock.after(64 * agent.timing.t1, () => {
      if (withdrawn && call.state !== 'answered') control.end(withdrawn);
    });
  };
  const withdraw = (end: CallEnd) => {
    withdrawn ??= end;
    cancel();
  };
  const control = createCall({
    agent,
    audio,
    callId,
    peer: number,
    server,
    contact,
    keepAliveMs,
    withdraw: () => withdraw({ how: 'cancelled' }),
  });
  const { call } = control;
  agent.attach(callId, control);

  const build = ({ sequence, headers }: { sequence: number; headers: SipRequest['headers'] }): SipRequest => {
    invite = {
      kind: 'request',
      method: 'INVITE',
      uri,
      headers: [
        ...headers,
        { name: 'Max-Forwards', value: '70' },
        { name: 'From', value: from },
        { name: 'To', value: `<${uri}>` },
        { name: 'Call-ID', value: callId },
        { name: 'CSeq', value: `${sequence} INVITE` },
        ...(isWithheld ? [{ name: 'Privacy', value: 'id' }] : []),
        ...(outgoing.headers ?? []),
        contact,
        ALLOW,
        PRODUCT,
        { name: 'Content-Type', value: 'application/sdp' },
      ],
      body: control.describe(),
    };
    return invite;
  };

  requestWithDigest(agent, server, credentials, build, {
    provisional(response) {
      const isFirst = !wasHeardOf;
      wasHeardOf = true;
      if (withdrawn && isFirst) cancel();
      if (response.status <= 100) return;
      control.ring();
      if (response.body === '') return;
      control.hearEarly(response.body);
      if (key?.early) keyDigits();
    },
    final(response) {
      patience?.();
      if (response.status >= 300) return control.end(withdrawn ?? failure(response));
      answer(response);
    },
    timeout() {
      patience?.();
      control.end(withdrawn ?? { how: 'unreachable' });
    },
  });

  patience = agent.clock.after(patienceMs, () => withdraw({ how: 'not-answered' }));

  function answer(response: SipResponse): void {
    if (!invite) return;
    const dialog = dialogOfCaller(invite, response);
    const { request: ack } = requestInDialog(dialog, 'ACK', [agent.via()]);
    control.acknowledge(ack, nextHop(dialog) ?? server);
    control.establish(dialog, response.body);
    // The answer crossed our CANCEL: the call stands and is ended like any other.
    if (withdrawn) control.leave();
    else if (key && call.times.firstDigit === undefined) agent.clock.after(key.afterMs ?? 0, keyDigits);
  }

  function keyDigits(): void {
    if (!key || call.state === 'ended' || call.times.firstDigit !== undefined) return;
    const { digits, afterMs: _, early: __, ...timing } = key;
    call.sendDigits(digits, timing).catch((error: unknown) => {
      // Hanging up while the code is keyed is what people do; `ended` tells.
      if (!(error instanceof PhoneError)) throw error;
    });
  }

  return call;
}

/** RFC 3261 §9.1 */
function cancelOf(invite: SipRequest): SipRequest {
  const kept = invite.headers.filter(({ name }) =>
    ['Via', 'Max-Forwards', 'From', 'To', 'Call-ID', 'Route'].includes(name),
  );
  const { sequence } = parseCSeq(invite);
  return {
    kind: 'request',
    method: 'CANCEL',
    uri: invite.uri,
    headers: [...kept, { name: 'CSeq', value: `${sequence} CANCEL` }],
    body: '',
  };
}

function failure(response: SipResponse): CallEnd {
  return { how: 'rejected', status: response.status, ...causeOf(response) };
}
