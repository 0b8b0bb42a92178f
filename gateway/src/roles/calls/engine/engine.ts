/**
 * Runs the calls: what Asterisk, agents and other exchanges do becomes events of the state machine, and its commands
 * are carried out. Everything that decides is in `machine.ts`; this file knows whom to ask.
 */
import { v7 as uuidv7 } from 'uuid';
import type { Ari, AriEvent } from '../../../platform/ari/index.ts';
import type { Logger, Metrics } from '../../../platform/http/index.ts';
import type { Organisations } from '../../directory/organisations/index.ts';
import type { Agents } from '../agents/index.ts';
import type { Identification } from '../identification.ts';
import { createAdmissions } from './admission.ts';
import { createAgentPhones } from './agent-phones.ts';
import { type AsteriskCommand, carryOutInAsterisk } from './asterisk-commands.ts';
import { type AsteriskEventHandlers, type Caller, handleAsteriskEvent } from './asterisk-events.ts';
import type { Asterisk, Asterisks } from './asterisks.ts';
import type { Call, CallCommand } from './call.ts';
import { createIdentify } from './identify.ts';
import { createLiveCalls, type LiveCall, type LiveCalls } from './live-calls.ts';
import { arrive } from './machine.ts';
import { createCallMetrics } from './metrics.ts';
import { type AgentOrders, createAgentOrders } from './orders.ts';
import { createEventGate, createRecovery } from './recovery.ts';
import type { CallStore } from './store.ts';

export interface Engine {
  readonly live: LiveCalls;
  readonly orders: AgentOrders;
  /** Takes up the calls of the database, then serves every Asterisk that connects. */
  start(): Promise<void>;
  /** Stops serving; calls stay as they are, in Asterisk and in the database. */
  stop(): Promise<void>;
}

export interface EngineOptions {
  store: CallStore;
  asterisks: Asterisks;
  organisations: Organisations;
  identification: Identification;
  agents: Agents;
  /** After each connection, before calls are answered there: what the gateway must know. */
  learn: (ari: Ari) => Promise<void>;
  /** Then, while calls go on: what Asterisk must know. */
  provision: (ari: Ari) => Promise<void>;
  endpointChanged: AsteriskEventHandlers['endpointChanged'];
  metrics: Metrics;
  log: Logger;
}

/** An orphan is settled when two sweeps have seen it: within 10 s. */
const SWEEP_MS = 4_000;
/** How long ended calls, and the notes in them, are kept. */
const KEEP_ENDED_MS = 30 * 86_400_000;
const CLEAN_UP_MS = 3_600_000;

export function createEngine(options: EngineOptions): Engine {
  const { store, asterisks, organisations, identification, agents, metrics, log } = options;
  const live = createLiveCalls({ store, execute, setAside: agents.setNotReachable, log });
  const admissions = createAdmissions(organisations, live.waitingIn);
  const measured = createCallMetrics(metrics, live, asterisks);
  const identify = createIdentify({ live, identification, admissions, asterisks, measured, log });
  const orders = createAgentOrders({ live, agents, asterisks, organisations, admissions });
  const phones = createAgentPhones(live, agents, asterisks);
  agents.onChange(phones.look);
  const timers: NodeJS.Timeout[] = [];
  const unsubscribe: (() => void)[] = [];

  async function execute(entry: LiveCall, command: CallCommand): Promise<void> {
    switch (command.type) {
      case 'redeem':
        return identify.redeem(entry.call, entry.personal.callingNumber, command.code);
      case 'report':
        return identification.report(command.requestId, command.state);
      case 'agent-not-reachable':
      case 'keep-attributes':
      case 'erase-attributes':
        return;
      default:
        return inAsterisk(entry, command);
    }
  }

  async function inAsterisk({ call, personal }: LiveCall, command: AsteriskCommand): Promise<void> {
    const { source } = call;
    const ari = source.kind === 'asterisk' ? asterisks.get(source.asteriskId)?.ari : undefined;
    if (source.kind !== 'asterisk' || !ari) return;
    await carryOutInAsterisk(
      {
        ari,
        call,
        callerChannelId: source.channelId,
        callingNumber: personal.callingNumber,
        answer: (event) => live.post(call.id, { ...event, at: Date.now() }),
      },
      command,
    );
  }

  async function callerArrived(caller: Caller): Promise<void> {
    const { asteriskId, channelId, code, callingNumber, countedNumber } = caller;
    const called = organisations.byNumber(caller.calledNumber);
    if (!called) return turnAway(asteriskId, channelId);
    const first = arrive({
      id: uuidv7(),
      organisationId: called.organisation.id,
      source: { kind: 'asterisk', asteriskId, channelId },
      calledNumber: called.number.number,
      language: called.number.language ?? called.organisation.language,
      at: Date.now(),
      code,
    });
    if (callingNumber === null) identify.countUnder(first.call.id, countedNumber);
    await live.begin(first, { callingNumber, attributes: [], note: '' });
  }

  /** A number that belongs to nobody. */
  async function turnAway(asteriskId: string, channelId: string): Promise<void> {
    log.warn({ ari: asteriskId }, 'a call came to a number that no organisation has');
    await asterisks
      .get(asteriskId)
      ?.ari.channels.continueInDialplan({ channelId, context: 'civicline-fallback', extension: 'error', priority: 1 });
  }

  function serve(asterisk: Asterisk): void {
    const { ari } = asterisk;
    const handlers: AsteriskEventHandlers = {
      endpointChanged: options.endpointChanged,
      callerArrived: (caller) =>
        void callerArrived(caller).catch((error) => log.error({ error, ari: ari.id }, 'a caller could not be taken')),
    };
    const handle = (event: AriEvent) => handleAsteriskEvent(ari, live, event, handlers);
    const gate = createEventGate(handle);
    const recovery = createRecovery({ ari, live, store, callerArrived, log });
    let connection = 0;

    async function connected(): Promise<void> {
      connection += 1;
      const current = connection;
      gate.close();
      try {
        await Promise.all([recovery.recover(), options.learn(ari)]);
      } catch (error) {
        if (current === connection && ari.state === 'connected') {
          log.error({ error, ari: ari.id }, 'recovery failed, trying again');
          setTimeout(() => current === connection && void connected(), 1_000).unref();
        }
        return;
      }
      if (current !== connection) return;
      gate.open();
      asterisks.setAvailable(ari.id, true);
      phones.lookAtAll(ari.id);
      log.info({ ari: ari.id }, 'calls compared with Asterisk');
      await options.provision(ari).catch((error) => log.error({ error, ari: ari.id }, 'provisioning failed'));
    }

    function disconnected(): void {
      connection += 1;
      asterisks.setAvailable(ari.id, false);
    }

    gate.close();
    unsubscribe.push(
      ari.on('event', gate.pass),
      ari.on('connected', () => void connected()),
      ari.on('disconnected', disconnected),
    );
    if (ari.state === 'connected') void connected();
    const sweep = async () => {
      if (asterisk.available) await recovery.sweep();
    };
    timers.push(
      setInterval(() => sweep().catch((error) => log.warn({ error, ari: ari.id }, 'a sweep failed')), SWEEP_MS),
    );
  }

  /** A call of an Asterisk that is no longer in the configuration can only be given up. */
  function giveUpOrphaned(call: Call): void {
    if (call.source.kind !== 'asterisk' || asterisks.get(call.source.asteriskId)) return;
    live.post(call.id, { type: 'caller-gone', at: Date.now() });
  }

  function cleanUp(): void {
    store
      .deleteEndedBefore(Date.now() - KEEP_ENDED_MS)
      .catch((error) => log.error({ error }, 'old calls could not be deleted'));
  }

  return {
    live,
    orders,
    async start() {
      live.restore(await store.live());
      await identification.endForgotten((callId) => live.get(callId) !== undefined);
      for (const { call } of live.all()) giveUpOrphaned(call);
      for (const asterisk of asterisks.all()) serve(asterisk);
      cleanUp();
      timers.push(setInterval(cleanUp, CLEAN_UP_MS).unref());
    },
    async stop() {
      for (const timer of timers) clearInterval(timer);
      for (const off of unsubscribe) off();
      await live.close();
    },
  };
}
