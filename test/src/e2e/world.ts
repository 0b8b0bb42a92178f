/**
 * A whole Civicline of its own for one test file: real Asterisk, real Yivi server, gateway, sign-in; and around it
 * citizens with wallets and phones, agents with consoles and phones.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePorts, log, type RunningSystem, root, startSystem } from '@civicline/launcher';
import type { CallRequestCreated, CallView, RemovalReason } from '@civicline/protocol';
import { parse, stringify } from 'yaml';
import { startPhone } from '../demo/agent-line.ts';
import { type CallStatus, followCallRequest } from '../demo/call-status.ts';
import { type ConsoleClient, openConsole } from '../demo/console-client.ts';
import { createCallRequest } from '../demo/gateway-api.ts';
import { signIn } from '../demo/sign-in.ts';
import { createWallets, type Wallets } from '../demo/wallets.ts';
import { type AgentPhone, type Caller, createCaller, type PhoneCall, parseTelUrl } from '../phone/index.ts';

/** What the two sides sound like, in hertz. */
export const CITIZEN_TONE = 440;
export const AGENT_TONE = 700;

/** Numbers of the test organisation beside the demo's own. */
export const CLOSED_NUMBER = '+31850000003';
export const SMALL_NUMBER = '+31850000004';

export interface DisclosedRequest {
  request: CallRequestCreated;
  status: CallStatus;
  number: string;
  code: string;
}

export interface TestAgent {
  id: string;
  client: ConsoleClient;
  phone: AgentPhone;
  removed: { call: CallView; reason: RemovalReason }[];
  /** The first call in this console, now or later, that fits. */
  call(fits: (call: CallView) => boolean): Promise<CallView>;
  /** Resolves when the console's state fits, now or later. */
  until(fits: () => boolean, what: string): Promise<void>;
  answer(callId: string): Promise<void>;
  stop(): Promise<void>;
}

export interface World {
  system: RunningSystem;
  caller: Caller;
  wallets: Wallets;
  /** A call request that the n-th demo person has really disclosed. */
  disclosed(n: number, purpose?: string): Promise<DisclosedRequest>;
  /** Dials as the phone does after the disclosure: number, pause, code. */
  dial(number: string, code?: string): Promise<PhoneCall>;
  agent(id: string): Promise<TestAgent>;
  /** What Asterisk has right now. */
  asteriskHas(): Promise<{ channels: string[]; bridges: string[] }>;
  /** Resolves once Asterisk has neither channel nor bridge; rejects after the 10 s that are promised. */
  nothingLeft(): Promise<void>;
  stop(): Promise<void>;
}

const PATIENCE_MS = 30_000;
const ORPHANS_GONE_MS = 10_000;
/** Code digits as a phone keys them by itself. */
const KEYING = { toneMs: 80, gapMs: 60, afterMs: 300 };

export async function startWorld(
  settings: Record<string, string> = {},
  { separate = false }: { separate?: boolean } = {},
): Promise<World> {
  const directory = await mkdtemp(join(tmpdir(), 'civicline-e2e-'));
  const home = join(root, '.civicline');
  const organisationsFile = join(directory, 'civicline.yaml');
  await writeFile(organisationsFile, await testOrganisation());
  const system = await startSystem({
    home,
    directory,
    ports: await freePorts(),
    organisationsFile,
    separate,
    settings: { CIVICLINE_CALL_REQUESTS_PER_MINUTE: '0', ...settings },
    log,
  });
  const caller = await createCaller({ server: { address: '127.0.0.1', port: system.ports.sip } });
  const { requestorUrl, requestorToken } = system.yivi.current;
  const wallets = await createWallets({
    home,
    schemes: system.yiviSchemes,
    issuer: { requestorUrl, requestorToken },
    log,
  });
  const agents: TestAgent[] = [];
  const statuses: CallStatus[] = [];

  const world: World = {
    system,
    caller,
    wallets,
    async disclosed(n, purpose = 'verhuizing') {
      const request = await createCallRequest(system.gatewayUrl, {
        organisation: 'voorbeeldstad',
        purpose,
        language: 'nl',
      });
      const status = followCallRequest(system.gatewayUrl, request, () => {});
      statuses.push(status);
      const outcome = await wallets.borrow(n, (wallet) => wallet.disclose(request.sessionPtr));
      if (outcome.status !== 'done' || !outcome.clientReturnUrl)
        throw new Error(`the disclosure was ${outcome.status}`);
      const { number, digits } = parseTelUrl(outcome.clientReturnUrl);
      return { request, status, number, code: digits };
    },
    dial(number, code) {
      return caller.call({
        number,
        callerId: '+31600000000',
        sound: CITIZEN_TONE,
        keepAliveMs: 2000,
        ...(code === undefined ? {} : { key: { digits: code, ...KEYING } }),
      });
    },
    async agent(id) {
      const agent = await startTestAgent(system.gatewayUrl, id);
      agents.push(agent);
      return agent;
    },
    asteriskHas: () => asteriskHas(system),
    async nothingLeft() {
      const deadline = Date.now() + ORPHANS_GONE_MS;
      for (;;) {
        const { channels, bridges } = await asteriskHas(system);
        if (channels.length === 0 && bridges.length === 0) return;
        if (Date.now() > deadline) throw new Error(`still in Asterisk: ${[...channels, ...bridges].join(', ')}`);
        await sleep(200);
      }
    },
    async stop() {
      for (const status of statuses) status.close();
      await caller.close();
      for (const agent of agents) await agent.stop();
      await system.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
  return world;
}

/** The demo's organisation with phones that ring briefly, a queue that is closed and one that takes a single caller. */
async function testOrganisation(): Promise<string> {
  const file = parse(await readFile(join(root, 'demo/civicline.yaml'), 'utf8'));
  const [organisation] = file.organisations;
  organisation.appearance.logo = join(root, 'demo', organisation.appearance.logo);
  for (const queue of organisation.queues) queue.ringSeconds = 5;
  organisation.queues.push({ id: 'klein', name: { nl: 'Klein' }, capacity: 1, ringSeconds: 5 });
  organisation.numbers.push(
    { number: CLOSED_NUMBER, queue: 'avondloket', language: 'nl' },
    { number: SMALL_NUMBER, queue: 'klein', language: 'nl' },
  );
  return stringify(file);
}

async function startTestAgent(gatewayUrl: string, id: string): Promise<TestAgent> {
  const cookie = await signIn(gatewayUrl, `${id}@voorbeeldstad.example`);
  const phone = await startPhone(gatewayUrl, cookie);
  const client = await openConsole(gatewayUrl, cookie);
  const removed: TestAgent['removed'] = [];
  client.events.on('removed', (event) => removed.push(event));
  await client.ask('set-device', { device: 'sip-phone' });
  await client.ask('set-presence', { presence: 'ready' });

  const until = (fits: () => boolean, what: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        stopLooking();
        reject(new Error(`${id}'s console never showed: ${what}`));
      }, PATIENCE_MS);
      const look = () => {
        if (!client.connected || !fits()) return;
        stopLooking();
        resolve();
      };
      const stopLooking = () => {
        clearTimeout(timer);
        client.events.off('changed', look);
        client.events.off('connected', look);
      };
      client.events.on('changed', look);
      client.events.on('connected', look);
      look();
    });

  return {
    id,
    client,
    phone,
    removed,
    until,
    async call(fits) {
      let found: CallView | undefined;
      await until(() => {
        found = client.state.calls.find(fits);
        return found !== undefined;
      }, 'the call');
      return found as CallView;
    },
    answer: (callId) => client.ask('answer', { callId }),
    async stop() {
      client.close();
      await phone.stop().catch(() => {});
    },
  };
}

async function asteriskHas(system: RunningSystem): Promise<{ channels: string[]; bridges: string[] }> {
  const { ariUrl, ariUser, ariPassword } = system.asterisk.current;
  const headers = { authorization: `Basic ${Buffer.from(`${ariUser}:${ariPassword}`).toString('base64')}` };
  const list = async (what: string): Promise<string[]> => {
    const response = await fetch(`${ariUrl}/ari/${what}`, { headers });
    return ((await response.json()) as { id: string }[]).map(({ id }) => id);
  };
  return { channels: await list('channels'), bridges: await list('bridges') };
}
