/**
 * The call of a demo citizen:
 *
 *   dialling → answered → keying → (accepted) → waiting → connected → ended
 *      └───────────┴──────────┴───────┴────────────┴── hung up, by plan or by the other side ──┘
 */
import type { CallRequestState } from '@civicline/protocol';
import { type PhoneCall, parseTelUrl } from '../phone/index.ts';
import type { CallStatus } from './call-status.ts';
import {
  AGENT_TONE,
  CITIZEN_TONE,
  type CitizenCall,
  type CitizenEvent,
  type CitizenPlan,
  type CitizenWorld,
  type Ending,
  type Step,
} from './citizen-plan.ts';

const KEEP_ALIVE_MS = 2000;
const ACCEPTED: CallRequestState[] = ['calling', 'queued', 'connected'];

/** The call itself, step by step; each step says how the call ended in it, if it did. */
export async function play(
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
  const { toneMs, gapMs, pauseMs, waitSeconds } = plan;
  result.dialled = url;
  tell({ kind: 'dialling', url });
  const call = await world.caller.call({
    number,
    callerId: `+316000${String(result.call - 1).padStart(5, '0')}`,
    sound: CITIZEN_TONE,
    keepAliveMs: KEEP_ALIVE_MS,
    ...(digits === '' ? {} : { key: { digits, toneMs, gapMs, afterMs: pauses * pauseMs } }),
  });
  const over = whenOver(call, plan, world.signal, status);
  const connected = whenConnected(call, status, () => {
    result.heard.agentTone = true;
    tell({ kind: 'heard' });
  }).then(() => 'connected' as const);
  /** Waits for one of the promises, or for the end of the call; `name` is the step that takes this time. */
  const step = async <T extends Promise<unknown>[]>(name: Step, ...awaited: T) => {
    const started = performance.now();
    const reached = await Promise.race([...awaited, over.then((ending) => ({ ending }))]);
    milliseconds[name] = performance.now() - started;
    return reached;
  };
  const patience = () => seconds(waitSeconds).then(() => ({ ending: 'hung-up-while-waiting' as const }));

  const steps = [
    async () => {
      const answered = await step('answer', call.answered.catch(never));
      if (!answered) tell({ kind: 'answered' });
      return answered;
    },
    async () => {
      if (digits === '') return undefined;
      const keyed = await step('keying', keyedAll(call));
      if (!keyed) tell({ kind: 'keyed' });
      return keyed;
    },
    async () => {
      if (!status) return undefined;
      const accepted = status.reached(...ACCEPTED).then(() => 'accepted' as const);
      const reached = await step('acceptance', accepted, connected, patience());
      if (reached === 'accepted') tell({ kind: 'accepted' });
      return typeof reached === 'object' ? reached : undefined;
    },
    async () => {
      const reached = await step('waiting', connected, patience());
      if (typeof reached === 'object') return reached;
      result.connected = true;
      tell({ kind: 'connected' });
      return undefined;
    },
    async () => {
      const left = await step('conversation', seconds(plan.talkSeconds));
      if (!left) return { ending: 'hung-up-after-talking' as const };
      return left.ending === 'turned-away' ? { ending: 'agent-hung-up' as const } : left;
    },
  ];
  let ending: Ending | undefined;
  for (const next of steps) ending ??= (await next())?.ending;

  await call.hangUp();
  result.accepted = ACCEPTED.some((state) => status?.states.includes(state));
  result.heard.packets = call.ear.packets;
  result.heard.lost = call.ear.lost;
  milliseconds.total = (call.times.ended ?? performance.now()) - call.times.started;
  return finish(ending ?? 'failed');
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

/**
 * An agent is on the line: the gateway says so, or the voice comes from a new source. The second way also serves callers
 * without a request of their own (no code, or one that was refused), whom the gateway tells nothing.
 */
function whenConnected(call: PhoneCall, status: CallStatus | undefined, onTone: () => void): Promise<void> {
  call.ear.waitFor(AGENT_TONE, Number.POSITIVE_INFINITY).then(onTone, () => {});
  const person = call.ear.waitForSource(2, Number.POSITIVE_INFINITY).catch(never);
  return Promise.race([person, status ? status.reached('connected') : never()]).then(() => {});
}

async function keyedAll(call: PhoneCall): Promise<undefined> {
  while (call.times.lastDigit === undefined && call.state !== 'ended') await seconds(0.01);
}

/** In the middle of the code. */
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
