/**
 * The scripted phone of an agent: registers with the SIP server, and answers calls in the way it is told to.
 *
 *   registering ──200──► registered ──refresh fails──► registering …
 *        └── refused or silent at the start ──► PHONE_NOT_REGISTERED
 */
import type { Sound } from './audio.ts';
import { type CallControl, createCall } from './call.ts';
import type { Cancel } from './clock.ts';
import { dialogOfCallee } from './dialog.ts';
import type { Credentials } from './digest.ts';
import { PhoneError } from './errors.ts';
import type { PhoneCall } from './phone-call.ts';
import { openAudio } from './rtp.ts';
import { answerDirection, readSdp } from './sdp.ts';
import {
  type Header,
  header,
  headerList,
  parseNameAddress,
  parseSipUri,
  responseTo,
  type SipRequest,
  type SipResponse,
} from './sip-message.ts';
import type { Peer, ServerTransaction } from './transaction.ts';
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

/** What the phone does when it is called. */
export type Behaviour =
  | {
      kind: 'answer';
      /** How long it rings before; default 0. */
      afterMs?: number;
      /** How long the conversation lasts before this phone hangs up; absent: until somebody does. */
      talkMs?: number;
    }
  | {
      kind: 'reject';
      /** Default 486, busy here. */
      status?: number;
    }
  /** Rings and is never answered. */
  | { kind: 'ring' };

export interface AgentPhoneOptions extends UserAgentOptions {
  server: Peer;
  credentials: Credentials;
  /** Default: answers at once. */
  behaviour?: Behaviour;
  /** What is sent once a call stands; default silence. */
  sound?: Sound;
  /** For how long it registers, and refreshes at half of it; default 60. */
  expiresSeconds?: number;
  keepAliveMs?: number;
  /** Several phones may share one user agent, which then is not closed with the phone. */
  userAgent?: UserAgent;
}

export interface AgentPhone {
  readonly registered: boolean;
  /** The last hundred calls that came in, the oldest first. */
  readonly calls: readonly PhoneCall[];
  /** From now on. */
  behave(behaviour: Behaviour): void;
  /** Calls that come in from now on are sent this. */
  play(sound: Sound): void;
  /** The next call that comes in after this one was asked for. Rejects with `PHONE_NOT_CALLED`. */
  nextCall(timeoutMs?: number): Promise<PhoneCall>;
  /** Hangs up, takes the registration back, and closes the port. */
  stop(): Promise<void>;
  /** Falls silent as a phone without power: nothing is taken back. */
  kill(): void;
}

const DEFAULT_EXPIRES_SECONDS = 60;
const RETRY_MS = 1000;
const CALLS_KEPT = 100;

/** Starts a phone and waits for its registration. @throws PhoneError `PHONE_NOT_REGISTERED` */
export async function startAgentPhone(options: AgentPhoneOptions): Promise<AgentPhone> {
  const { server, credentials, expiresSeconds = DEFAULT_EXPIRES_SECONDS } = options;
  const agent = options.userAgent ?? (await openUserAgent(options));
  const { clock } = agent;
  const calls: PhoneCall[] = [];
  const running = new Set<CallControl>();
  const waiting = new Set<(call: PhoneCall) => void>();
  const registration = { callId: newCallId(), tag: newTag(), sequence: 0 };
  let behaviour: Behaviour = options.behaviour ?? { kind: 'answer' };
  let sound: Sound = options.sound ?? 'silence';
  let registered = false;
  let stopped = false;
  let refresh: Cancel | undefined;

  const register = (seconds: number): Promise<SipResponse | undefined> =>
    new Promise((resolve) => {
      const build = ({ sequence, headers }: { sequence: number; headers: Header[] }) => {
        registration.sequence = sequence;
        return registerRequest(agent, options, registration, seconds, headers);
      };
      const handlers = { final: resolve, timeout: () => resolve(undefined) };
      requestWithDigest(agent, server, credentials, build, handlers, registration.sequence + 1);
    });

  const keepRegistered = async (): Promise<SipResponse | undefined> => {
    const response = await register(expiresSeconds);
    if (stopped) return response;
    registered = response?.status === 200;
    // A server that restarts forgets its phones: they ask again until it knows them.
    refresh = clock.after(registered ? (expiresSeconds * 1000) / 2 : RETRY_MS, () => void keepRegistered());
    return response;
  };

  const stopServing = agent.serve(credentials.user, (transaction) => {
    void receiveCall(agent, options, transaction, behaviour, sound).then((control) => {
      if (!control) return;
      const { call } = control;
      running.add(control);
      void call.ended.then(() => running.delete(control));
      calls.push(call);
      if (calls.length > CALLS_KEPT) calls.shift();
      for (const tell of waiting) tell(call);
      waiting.clear();
    });
  });

  const close = () => {
    stopped = true;
    registered = false;
    refresh?.();
    stopServing();
    if (!options.userAgent) agent.close();
  };

  const first = await keepRegistered();
  if (first?.status !== 200) {
    close();
    throw notRegistered(first);
  }

  return {
    get registered() {
      return registered;
    },
    calls,
    behave(next) {
      behaviour = next;
    },
    play(next) {
      sound = next;
    },
    nextCall: (timeoutMs = 10_000) =>
      new Promise((resolve, reject) => {
        const cancel = clock.after(timeoutMs, () => {
          waiting.delete(tell);
          reject(new PhoneError('PHONE_NOT_CALLED', `The phone was not called within ${timeoutMs} ms.`));
        });
        const tell = (call: PhoneCall) => {
          cancel();
          resolve(call);
        };
        waiting.add(tell);
      }),
    async stop() {
      if (stopped) return;
      stopped = true;
      refresh?.();
      await Promise.all(calls.map((call) => call.hangUp()));
      if (registered) await register(0);
      close();
    },
    kill() {
      for (const control of running) control.end({ how: 'hung-up' });
      close();
    },
  };
}

/** Takes an INVITE as the behaviour says; undefined when there is no call to speak of. */
async function receiveCall(
  agent: UserAgent,
  options: AgentPhoneOptions,
  transaction: ServerTransaction,
  behaviour: Behaviour,
  sound: Sound,
): Promise<CallControl | undefined> {
  const { request } = transaction;
  const tag = newTag();
  const respond = (status: number, reason: string) =>
    transaction.respond(responseTo(request, status, reason, { toTag: tag, headers: [contact, ALLOW] }));
  const contact = agent.contact(options.credentials.user);
  if (behaviour.kind === 'reject') {
    respond(behaviour.status ?? 486, behaviour.status === undefined ? 'Busy Here' : 'Rejected');
    return undefined;
  }
  const offer = readOffer(request);
  if (offer === 'not-acceptable') {
    respond(488, 'Not Acceptable Here');
    return undefined;
  }

  const audio = await openAudio({ address: agent.address, clock: agent.clock, sound });
  const callId = header(request, 'Call-ID') ?? '';
  const control = createCall({
    agent,
    audio,
    callId,
    peer: callingNumber(request),
    server: options.server,
    contact,
    keepAliveMs: options.keepAliveMs,
    withdraw() {
      respond(486, 'Busy Here');
      control.end({ how: 'rejected', status: 486 });
    },
  });
  const { call } = control;
  agent.attach(callId, {
    ...control,
    cancelled() {
      respond(487, 'Request Terminated');
      control.cancelled();
    },
  });
  control.ring();
  respond(180, 'Ringing');
  if (behaviour.kind === 'ring') return control;

  agent.clock.after(behaviour.afterMs ?? 0, () => {
    if (call.state !== 'ringing') return;
    const body = control.describe(offer ? answerDirection(offer) : 'sendrecv');
    const headers = [contact, ALLOW, { name: 'Content-Type', value: 'application/sdp' }];
    control.answerReliably(transaction, responseTo(request, 200, 'OK', { toTag: tag, headers, body }));
    control.establish(dialogOfCallee(request, tag), request.body);
    if (behaviour.talkMs !== undefined) agent.clock.after(behaviour.talkMs, () => void call.hangUp());
  });
  return control;
}

/** undefined: the INVITE carries no offer, so ours goes out with the 200. */
function readOffer(invite: SipRequest) {
  if (invite.body === '') return undefined;
  try {
    return readSdp(invite.body);
  } catch {
    return 'not-acceptable';
  }
}

function callingNumber(invite: SipRequest): string {
  try {
    return parseSipUri(parseNameAddress(headerList(invite, 'From')[0] ?? '').uri).user ?? '';
  } catch {
    return '';
  }
}

function registerRequest(
  agent: UserAgent,
  options: AgentPhoneOptions,
  registration: { callId: string; tag: string; sequence: number },
  seconds: number,
  headers: Header[],
): SipRequest {
  const { server, credentials } = options;
  const address = sipUri(credentials.user, server);
  return {
    kind: 'request',
    method: 'REGISTER',
    uri: `sip:${server.address}:${server.port}`,
    headers: [
      ...headers,
      { name: 'Max-Forwards', value: '70' },
      { name: 'From', value: `<${address}>;tag=${registration.tag}` },
      { name: 'To', value: `<${address}>` },
      { name: 'Call-ID', value: registration.callId },
      { name: 'CSeq', value: `${registration.sequence} REGISTER` },
      agent.contact(credentials.user),
      { name: 'Expires', value: String(seconds) },
      ALLOW,
      PRODUCT,
    ],
    body: '',
  };
}

function notRegistered(response: SipResponse | undefined): PhoneError {
  const why = response === undefined ? 'the server does not answer' : `the server says ${response.status}`;
  return new PhoneError('PHONE_NOT_REGISTERED', `The phone could not register: ${why}.`, response?.status);
}
