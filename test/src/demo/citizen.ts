/**
 * The citizen of the demo: asks for a call, discloses with the wallet, dials, keys the code, waits, talks, hangs up.
 *
 *   prepare:  requesting → disclosing → ready to dial
 *   call:     dialling → answered → keying → (accepted) → waiting → connected → ended
 *                └───────────┴──────────┴───────┴────────────┴─── hung up, by plan or by the other side ──┘
 */
import type { CallRequestState, Language } from '@civicline/protocol';
import { type Caller, type PhoneCall, parseTelUrl } from '../phone/index.ts';
import { type CallStatus, followCallRequest } from './call-status.ts';
import { createCallRequest, fetchPurpose } from './gateway-api.ts';
import type { Wallets } from './wallets.ts';

/** What citizen and agent of the demo sound like, in hertz: by this each knows that the other is heard. */
export const CITIZEN_TONE = 440;
export const AGENT_TONE = 700;

/** `hang-up-after` may name one of these. */
export const MOMENTS = ['dialling', 'answered', 'keying', 'calling', 'queued', 'connected'] as const;
export type Moment = (typeof MOMENTS)[number];

export interface CitizenPlan {
  organisation: string;
  purpose: string;
  language: Language;
  /** What of the code is keyed; `none` calls without asking for one. */
  code: 'whole' | 'half' | 'wrong' | 'none';
  toneMs: number;
  gapMs: number;
  /** For each comma of the tel: URL. */
  pauseMs: number;
  /** Hang up in any case after so many seconds from dialling, or at that moment. */
  hangUpAfter?: number | Moment;
  /** How long to wait for an agent. */
  waitSeconds: number;
  /** How long to talk with one. */
  talkSeconds: number;
}

export interface CitizenWorld {
  gatewayUrl: string;
  caller: Caller;
  wallets: Wallets;
  /** Aborting makes every citizen hang up. */
  signal: AbortSignal;
}

export type Ending =
  | 'hung-up-after-talking'
  | 'hung-up-while-waiting'
  /** As `hangUpAfter` says. */
  | 'hung-up-as-planned'
  | 'interrupted'
  /** After an agent was on the line. */
  | 'agent-hung-up'
  /** Before: closed, full, or told to call back later. */
  | 'turned-away'
  /** The server did not take the call, or vanished in the middle of it. */
  | 'not-reached'
  | 'connection-lost'
  | 'disclosure-failed'
  | 'failed';

/** One call of the demo, as `--json` prints it. */
export interface CitizenCall {
  call: number;
  organisation: string;
  purpose: string;
  disclosed: { id: string; value: string }[];
  /** The tel: URL with what was really keyed; null when it came to no call. */
  dialled: string | null;
  /** Whether the code was redeemed. */
  accepted: boolean;
  connected: boolean;
  ended: Ending;
  /** What came in by telephone; `agentTone`: the scripted agent's own tone was heard. */
  heard: { packets: number; lost: number; agentTone: boolean };
  /** How long each step took; absent: it was not reached. */
  milliseconds: Partial<Record<Step, number>>;
  error?: string;
}

export type Step = 'request' | 'disclosure' | 'answer' | 'keying' | 'acceptance' | 'waiting' | 'conversation' | 'total';

/** What happens, while it happens. */
export type CitizenEvent =
  | { kind: 'requesting' | 'answered' | 'keyed' | 'accepted' | 'connected' | 'heard' }
  | { kind: 'disclosed'; attributes: { id: string; value: string }[] }
  | { kind: 'dialling'; url: string }
  | { kind: 'state'; state: CallRequestState }
  | { kind: 'ended'; call: CitizenCall };

export interface ReadyCitizen {
  /** Dials and plays the call to its end; never rejects. */
  dial(): Promise<CitizenCall>;
}

const KEEP_ALIVE_MS = 2000;
const HALF = 4;
const ACCEPTED: CallRequestState[] = ['calling', 'queued', 'connected'];

/** Everything before the call: asks for it and discloses. Never rejects: what went wrong shows in the call. */
export async function prepareCitizen(
  n: number,
  plan: CitizenPlan,
  world: CitizenWorld,
  tell: (event: CitizenEvent) => void,
): Promise<ReadyCitizen> {
  const call: CitizenCall = {
    call: n + 1,
    organisation: plan.organisation,
    purpose: plan.purpose,
    disclosed: [],
    dialled: null,
    accepted: false,
    connected: false,
    ended: 'failed',
    heard: { packets: 0, lost: 0, agentTone: false },
    milliseconds: {},
  };
  const finish = (ended: Ending, error?: unknown): CitizenCall => {
    call.ended = ended;
    for (const [step, length] of Object.entries(call.milliseconds))
      call.milliseconds[step as Step] = Math.round(length);
    if (error !== undefined) call.error = error instanceof Error ? error.message : String(error);
    tell({ kind: 'ended', call });
    return call;
  };
  try {
    if (plan.code === 'none') {
      const { number } = await fetchPurpose(world.gatewayUrl, plan.organisation, plan.purpose);
      return { dial: () => play(call, plan, world, tell, finish, `tel:${number}`) };
    }
    const { url, status } = await world.wallets.borrow(n, (wallet) =>
      requestAndDisclose(call, plan, world, tell, wallet),
    );
    return {
      dial: () => play(call, plan, world, tell, finish, withKeyedCode(url, plan.code), status).finally(status.close),
    };
  } catch (error) {
    const failed = finish('disclosure-failed', error);
    return { dial: async () => failed };
  }
}

async function requestAndDisclose(
  call: CitizenCall,
  plan: CitizenPlan,
  world: CitizenWorld,
  tell: (event: CitizenEvent) => void,
  wallet: Parameters<Parameters<Wallets['borrow']>[1]>[0],
): Promise<{ url: string; status: CallStatus }> {
  const { organisation, purpose, language } = plan;
  const started = performance.now();
  tell({ kind: 'requesting' });
  const request = await createCallRequest(world.gatewayUrl, { organisation, purpose, language });
  const requested = performance.now();
  call.milliseconds.request = requested - started;
  const status = followCallRequest(world.gatewayUrl, request, (state) => tell({ kind: 'state', state }));
  try {
    const outcome = await wallet.disclose(request.sessionPtr);
    call.milliseconds.disclosure = performance.now() - requested;
    if (outcome.status !== 'done')
      throw new Error(`The disclosure was ${outcome.status}. ${outcome.error ?? ''}`.trim());
    if (!outcome.clientReturnUrl) throw new Error('The wallet was given no number to call.');
    call.disclosed = outcome.disclosed ?? [];
    tell({ kind: 'disclosed', attributes: call.disclosed });
    return { url: outcome.clientReturnUrl, status };
  } catch (error) {
    status.close();
    throw error;
  }
}

/** The tel: URL as this citizen keys it: a half code loses its end, a wrong one differs in its last digit. */
function withKeyedCode(url: string, code: CitizenPlan['code']): string {
  if (code === 'whole') return url;
  const { digits } = parseTelUrl(url);
  const keyed = code === 'half' ? digits.slice(0, HALF) : `${digits.slice(0, -1)}${(Number(digits.at(-1)) + 5) % 10}`;
  return `${url.slice(0, url.length - digits.length)}${keyed}`;
}

async function play(
  result: CitizenCall,
  plan: CitizenPlan,
  world: CitizenWorld,
  tell: (event: CitizenEvent) => void,
  finish: (ended: Ending, error?: unknown) => CitizenCall,
  url: string,
  status?: CallStatus,
): Promise<CitizenCall> {
  const { milliseconds } = result;
  const { number, pauses, digits } = parseTelUrl(url);
  const { toneMs, gapMs, pauseMs } = plan;
  result.dialled = url;
  tell({ kind: 'dialling', url });
  const call = await world.caller.call({
    number,
    callerId: `+316000${String(result.call - 1).padStart(5, '0')}`,
    sound: CITIZEN_TONE,
    keepAliveMs: KEEP_ALIVE_MS,
    ...(digits === '' ? {} : { key: { digits, toneMs, gapMs, afterMs: pauses * pauseMs } }),
  });
  const { started } = call.times;
  const over = whenOver(call, plan, world.signal, status);
  const reach = <T>(what: Promise<T>) => Promise.race([what, over.then((ending) => ({ ending }))]);
  const end = async (ending: Ending) => {
    await call.hangUp();
    result.accepted ||= ACCEPTED.some((state) => status?.states.includes(state));
    result.heard.packets = call.ear.packets;
    result.heard.lost = call.ear.lost;
    milliseconds.total = (call.times.ended ?? performance.now()) - started;
    return finish(ending);
  };

  const answered = await reach(call.answered.catch(never));
  if (answered) return end(answered.ending);
  const answeredAt = performance.now();
  milliseconds.answer = answeredAt - started;
  tell({ kind: 'answered' });

  let since = answeredAt;
  if (digits !== '') {
    const keyed = await reach(keyedAll(call));
    if (keyed) return end(keyed.ending);
    since = performance.now();
    milliseconds.keying = since - answeredAt - pauses * pauseMs;
    tell({ kind: 'keyed' });
  }

  const connected = whenConnected(call, status, () => {
    result.heard.agentTone = true;
    tell({ kind: 'heard' });
  });
  if (status) {
    const accepted = await Promise.race([reach(status.reached(...ACCEPTED)), seconds(plan.waitSeconds)]);
    if (typeof accepted === 'object') return end(accepted.ending);
    if (accepted !== undefined) {
      milliseconds.acceptance = performance.now() - since;
      since = performance.now();
      tell({ kind: 'accepted' });
    } else if (!call.ear.hears(AGENT_TONE)) return end('hung-up-while-waiting');
  }

  const waited = await Promise.race([reach(connected), seconds(plan.waitSeconds).then(() => 'in-vain' as const)]);
  milliseconds.waiting = performance.now() - since;
  if (waited === 'in-vain') return end('hung-up-while-waiting');
  if (waited) return end(waited.ending);
  result.connected = true;
  tell({ kind: 'connected' });

  const talking = performance.now();
  const talked = await reach(seconds(plan.talkSeconds));
  milliseconds.conversation = performance.now() - talking;
  if (!talked) return end('hung-up-after-talking');
  return end(talked.ending === 'turned-away' ? 'agent-hung-up' : talked.ending);
}

/** Why the call ends before this citizen wanted it to. */
function whenOver(call: PhoneCall, plan: CitizenPlan, signal: AbortSignal, status?: CallStatus): Promise<Ending> {
  const byPeer = call.ended.then(({ how }): Ending => {
    if (how === 'peer-lost') return 'connection-lost';
    return how === 'peer-hung-up' ? 'turned-away' : 'not-reached';
  });
  const planned = whenPlanned(call, plan.hangUpAfter, status).then((): Ending => 'hung-up-as-planned');
  const interrupted = new Promise<Ending>((resolve) => {
    if (signal.aborted) resolve('interrupted');
    signal.addEventListener('abort', () => resolve('interrupted'), { once: true });
  });
  return Promise.race([byPeer, planned, interrupted]);
}

async function whenPlanned(call: PhoneCall, moment: CitizenPlan['hangUpAfter'], status?: CallStatus): Promise<unknown> {
  if (typeof moment === 'number') return seconds(moment);
  if (moment === 'dialling') return undefined;
  if (moment === 'answered') return call.answered.catch(never);
  if (moment === 'keying') return keyedSome(call);
  if (moment === undefined || !status) return never();
  return status.reached(moment);
}

/** An agent is on the line: the gateway says so, or the demo agent's tone is heard. */
function whenConnected(call: PhoneCall, status: CallStatus | undefined, onHeard: () => void): Promise<undefined> {
  const heard = call.ear.waitFor(AGENT_TONE, Number.POSITIVE_INFINITY).then(onHeard, never);
  return Promise.race([heard, status ? status.reached('connected') : never()]).then(() => undefined);
}

async function keyedAll(call: PhoneCall): Promise<undefined> {
  while (call.times.lastDigit === undefined && call.state !== 'ended') await seconds(0.01);
  return undefined;
}

/** The first digit has been keyed, and perhaps the second. */
async function keyedSome(call: PhoneCall): Promise<void> {
  while (call.times.firstDigit === undefined && call.state !== 'ended') await seconds(0.01);
  await seconds(0.25);
}

function seconds(length: number): Promise<undefined> {
  return new Promise((resolve) => setTimeout(resolve, length * 1000, undefined).unref());
}

function never(): Promise<never> {
  return new Promise(() => {});
}
