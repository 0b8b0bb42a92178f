/**
 * An agent without a browser: console and scripted SIP phone together. It takes calls as they ring, talks, and wraps up.
 *
 *   ready ──rings──► answering ──phone answers──► talking ──► wrapping up ──► ready
 *     ▲                  └── another agent was faster, or the caller left ──┐
 *     └─────────────────────────────────────────────────────────────────────┘
 */
import type { CallView, RemovalReason } from '@civicline/protocol';
import { z } from 'zod';
import { type AgentPhone, startAgentPhone } from '../phone/index.ts';
import { AGENT_TONE, CITIZEN_TONE } from './citizen-plan.ts';
import { type ConsoleClient, ConsoleError, openConsole } from './console-client.ts';
import { signIn } from './sign-in.ts';

export interface AgentLineOptions {
  gatewayUrl: string;
  /** Whom the development sign-in knows. */
  person: string;
  /** Whether it takes the calls that ring. */
  answer: boolean;
  /** After so many seconds the agent hangs up; absent: the caller does. */
  talkSeconds?: number;
  /** What is written down in wrap-up. */
  note: string;
  tell(event: AgentEvent): void;
}

/** What the console shows, while it happens. */
export type AgentEvent =
  | { kind: 'ready' | 'disconnected' | 'connected' | 'signed-out' | 'not-reachable' }
  | { kind: 'rings' | 'answering' | 'talking' | 'heard' | 'wrapping-up'; call: CallView }
  | { kind: 'refused'; call: CallView; code: string }
  | { kind: 'gone'; call: CallView; reason: RemovalReason; heardCaller: boolean };

export interface AgentLine {
  readonly client: ConsoleClient;
  readonly phone: AgentPhone;
  /** Takes back the registration and closes the console: the agent is offline. */
  stop(): Promise<void>;
}

const sipPhoneSchema = z.object({
  user: z.string(),
  password: z.string(),
  servers: z.array(z.object({ domain: z.string() })).min(1),
});

/** On this machine a server that is silent for 64 × 100 ms is gone. */
const TIMING = { t1: 100, t2: 1000, t4: 1000 };
const KEEP_ALIVE_MS = 2000;
const SIP_PORT = 5060;
const AGAIN_MS = 1000;

/** Signs in, registers the phone, opens the console, and is ready for calls. */
export async function startAgentLine(options: AgentLineOptions): Promise<AgentLine> {
  const { gatewayUrl, tell } = options;
  const cookie = await signIn(gatewayUrl, options.person);
  const phone = await startPhone(gatewayUrl, cookie);
  const client = await openConsole(gatewayUrl, cookie).catch(async (error) => {
    await phone.stop();
    throw error;
  });
  const { events, state } = client;
  /** What has been told of each call, so that every step is told once. */
  const told = new Map<string, Set<string>>();
  const heard = new Set<string>();
  let answering: string | undefined;

  const once = (call: CallView, step: string): boolean => {
    const steps = told.get(call.id) ?? new Set();
    told.set(call.id, steps);
    return !steps.has(step) && Boolean(steps.add(step));
  };
  /** The gateway may say no at any time: the caller left, another agent was faster. */
  const ask = async (call: CallView, asking: Promise<void>) => {
    try {
      await asking;
    } catch (error) {
      tell({ kind: 'refused', call, code: error instanceof ConsoleError ? error.code : 'NO_ANSWER' });
    }
  };

  const answer = async (call: CallView) => {
    answering = call.id;
    tell({ kind: 'answering', call });
    await ask(call, client.ask('answer', { callId: call.id }));
    answering = undefined;
  };
  const listen = async (call: CallView) => {
    const leg = phone.calls.findLast(({ state: legState }) => legState === 'answered');
    const isHeard = await leg?.ear.waitFor(CITIZEN_TONE, Number.POSITIVE_INFINITY).then(
      () => true,
      () => false,
    );
    if (!isHeard) return;
    heard.add(call.id);
    tell({ kind: 'heard', call });
  };
  const talk = (call: CallView) => {
    tell({ kind: 'talking', call });
    void listen(call);
    const { talkSeconds } = options;
    if (talkSeconds === undefined) return;
    setTimeout(() => void ask(call, client.ask('hang-up', { callId: call.id })), talkSeconds * 1000).unref();
  };
  const wrapUp = (call: CallView) => {
    tell({ kind: 'wrapping-up', call });
    void ask(call, client.ask('finish-wrap-up', { callId: call.id, note: options.note }));
  };

  const look = () => {
    const { self } = state;
    for (const call of [...state.calls]) {
      const own = call.agentId === self.id;
      if (call.state === 'queued' && once(call, 'rings')) tell({ kind: 'rings', call });
      if (own && call.state === 'connected' && once(call, 'talking')) talk(call);
      if (own && call.state === 'wrapping-up' && once(call, 'wrapping-up')) wrapUp(call);
    }
    if (self.presence === 'not-reachable') comeBack();
    const busy = answering !== undefined || state.calls.some(({ agentId }) => agentId === self.id);
    const next = state.calls.find((call) => call.state === 'queued');
    if (options.answer && !busy && next && client.connected && once(next, 'answered')) void answer(next);
  };
  let comingBack = false;
  const comeBack = () => {
    if (comingBack) return;
    comingBack = true;
    tell({ kind: 'not-reachable' });
    setTimeout(async () => {
      comingBack = false;
      if (phone.registered) await setReady().catch(() => {});
      look();
    }, AGAIN_MS).unref();
  };
  const setReady = async () => {
    await client.ask('set-device', { device: 'sip-phone' });
    await client.ask('set-presence', { presence: 'ready' });
  };

  events.on('changed', look);
  events.on('removed', ({ call, reason }) => {
    told.delete(call.id);
    tell({ kind: 'gone', call, reason, heardCaller: heard.delete(call.id) });
  });
  for (const kind of ['connected', 'disconnected', 'signed-out'] as const) events.on(kind, () => tell({ kind }));
  await setReady();
  tell({ kind: 'ready' });
  look();

  return {
    client,
    phone,
    async stop() {
      events.removeAllListeners();
      client.close();
      await phone.stop();
    },
  };
}

/** Registers the own SIP phone of the agent with that cookie. */
export async function startPhone(gatewayUrl: string, cookie: string): Promise<AgentPhone> {
  const response = await fetch(`${gatewayUrl}/v1/agents/me/sip-phone`, { headers: { cookie } });
  if (!response.ok) throw new Error(`The gateway has no SIP phone for this agent (${response.status}).`);
  const { user, password, servers } = sipPhoneSchema.parse(await response.json());
  const [address = '', port = SIP_PORT] = servers[0]?.domain.split(':') ?? [];
  return startAgentPhone({
    server: { address, port: Number(port) },
    credentials: { user, password },
    sound: AGENT_TONE,
    keepAliveMs: KEEP_ALIVE_MS,
    timing: TIMING,
  });
}
