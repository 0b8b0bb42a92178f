/** What agents ask for. Each order is checked, becomes an event, and is refused with a stable code. */
import { AppError } from '../../../platform/http/index.ts';
import type { Organisations } from '../../directory/organisations/index.ts';
import type { Agents } from '../agents/index.ts';
import type { Admissions } from './admission.ts';
import type { Asterisks } from './asterisks.ts';
import type { Call, TransferTarget } from './call.ts';
import type { LiveCalls } from './live-calls.ts';
import { mayClaim } from './machine.ts';

export interface AgentOrders {
  /** Resolves when the call is this agent's, durably; its phone rings then. */
  answer(agentId: string, callId: string): Promise<void>;
  hangUp(agentId: string, callId: string): Promise<void>;
  /** The agent's page has the telephone and misses the conversation: its voice comes to this page. */
  takeBack(agentId: string, callId: string): Promise<void>;
  hold(agentId: string, callId: string): Promise<void>;
  resume(agentId: string, callId: string): Promise<void>;
  mute(agentId: string, callId: string): Promise<void>;
  unmute(agentId: string, callId: string): Promise<void>;
  transfer(agentId: string, callId: string, target: { kind: 'queue' | 'agent'; id: string }): Promise<void>;
  saveNote(agentId: string, callId: string, note: string): Promise<void>;
  finishWrapUp(agentId: string, callId: string, note: string): Promise<void>;
}

const unknown = () => new AppError(404, 'CALL_UNKNOWN', 'There is no such call any more.');
const alreadyAnswered = () => new AppError(409, 'CALL_ALREADY_ANSWERED', 'Another agent was first.');
const notYours = () => new AppError(403, 'CALL_NOT_YOURS', 'Another agent has this call.');
const wrongState = () =>
  new AppError(409, 'CALL_STATE_WRONG', 'That is not possible in the present state of the call.');
const busy = () => new AppError(409, 'AGENT_BUSY', 'You have a call already.');
const notReady = () => new AppError(409, 'AGENT_NOT_READY', 'Set yourself ready first.');
const notRegistered = () =>
  new AppError(409, 'AGENT_NOT_REGISTERED', 'Your phone is not registered where this call is.');
const noTelephony = () => new AppError(503, 'TELEPHONY_UNAVAILABLE', 'There is no connection with the telephony.');
const noSuchTarget = () => new AppError(404, 'TRANSFER_TARGET_UNKNOWN', 'There is no such queue or colleague.');
const targetClosed = () => new AppError(409, 'QUEUE_CLOSED', 'That queue is closed.');
const ownQueue = () => new AppError(409, 'QUEUE_OWN', 'The call came from that queue.');
const targetNotAvailable = () => new AppError(409, 'AGENT_NOT_AVAILABLE', 'That colleague cannot take a call now.');

export function createAgentOrders(options: {
  live: LiveCalls;
  agents: Agents;
  asterisks: Asterisks;
  organisations: Organisations;
  admissions: Admissions;
}): AgentOrders {
  const { live, agents, asterisks, organisations, admissions } = options;
  /** Agents whose claim is under way: no second one may begin meanwhile. */
  const claiming = new Set<string>();

  function isMember(agentId: string, call: Call): boolean {
    const found = organisations.agent(agentId);
    return (
      found?.organisation.id === call.organisationId &&
      (call.offer?.agentId === agentId || found.agent.queues.includes(call.rules?.queueId ?? ''))
    );
  }

  function claimable(agentId: string, callId: string): Call {
    const call = live.get(callId)?.call;
    if (!call || !isMember(agentId, call)) throw unknown();
    if (call.state !== 'queued' || !mayClaim(call, agentId)) throw alreadyAnswered();
    if (claiming.has(agentId) || live.ofAgent(agentId)) throw busy();
    if (!agents.isReady(agentId)) throw notReady();
    return call;
  }

  /** What rings; a call at another exchange rings nowhere, its voice is not ours. */
  function deviceFor(agentId: string, { source }: Call): 'browser' | 'sip-phone' {
    if (source.kind === 'exchange') return 'browser';
    if (!asterisks.get(source.asteriskId)?.available) throw noTelephony();
    const device = agents.deviceFor(agentId, source.asteriskId);
    if (device === null) throw notRegistered();
    return device;
  }

  function own(agentId: string, callId: string): Call {
    const call = live.get(callId)?.call;
    if (!call) throw unknown();
    if (call.agentId !== agentId) throw notYours();
    return call;
  }

  async function during(agentId: string, callId: string, type: 'hold' | 'resume' | 'mute' | 'unmute'): Promise<void> {
    const call = own(agentId, callId);
    if (call.state !== 'connected' || call.source.kind === 'exchange') throw wrongState();
    if (!asterisks.get(call.source.asteriskId)?.available) throw noTelephony();
    await live.dispatch(callId, { type, agentId, at: Date.now() });
  }

  function targetOf(call: Call, agentId: string, target: { kind: 'queue' | 'agent'; id: string }): TransferTarget {
    if (target.kind === 'queue') {
      const rules = admissions.rules(call.organisationId, target.id);
      if (!rules) throw noSuchTarget();
      if (target.id === call.rules?.queueId) throw ownQueue();
      if (!admissions.isOpen(call.organisationId, target.id)) throw targetClosed();
      return { kind: 'queue', rules };
    }
    const found = organisations.agent(target.id);
    if (found?.organisation.id !== call.organisationId || !found.agent.roles.includes('agent')) throw noSuchTarget();
    const asteriskId = call.source.kind === 'asterisk' ? call.source.asteriskId : null;
    const isFree = target.id !== agentId && agents.canTake(target.id, asteriskId) && !live.ofAgent(target.id);
    if (!isFree) throw targetNotAvailable();
    return { kind: 'agent', agentId: target.id };
  }

  return {
    async answer(agentId, callId) {
      const device = deviceFor(agentId, claimable(agentId, callId));
      claiming.add(agentId);
      try {
        const isWon = await live.dispatch(callId, { type: 'claim', agentId, device, at: Date.now() });
        if (!isWon) throw alreadyAnswered();
      } finally {
        claiming.delete(agentId);
      }
    },
    async hangUp(agentId, callId) {
      const call = own(agentId, callId);
      if (call.state === 'wrapping-up') return;
      await live.dispatch(callId, { type: 'hang-up', agentId, at: Date.now() });
    },
    async takeBack(agentId, callId) {
      const { source } = own(agentId, callId);
      if (source.kind === 'exchange') throw wrongState();
      if (!asterisks.get(source.asteriskId)?.available) throw noTelephony();
      // Where it is not known yet, the news that it is brings the voice.
      const event = () => {
        const registered = agents.isRegistered(agentId, 'browser', source.asteriskId);
        return { type: 'take-back', agentId, registered, at: Date.now() } as const;
      };
      if (!(await live.dispatch(callId, event))) throw wrongState();
    },
    hold: (agentId, callId) => during(agentId, callId, 'hold'),
    resume: (agentId, callId) => during(agentId, callId, 'resume'),
    mute: (agentId, callId) => during(agentId, callId, 'mute'),
    unmute: (agentId, callId) => during(agentId, callId, 'unmute'),
    async transfer(agentId, callId, target) {
      const call = own(agentId, callId);
      if (call.state !== 'connected') throw wrongState();
      const event = { type: 'transfer', agentId, target: targetOf(call, agentId, target), at: Date.now() } as const;
      if (!(await live.dispatch(callId, event))) throw wrongState();
    },
    async saveNote(agentId, callId, note) {
      own(agentId, callId);
      await live.saveNote(callId, note);
    },
    async finishWrapUp(agentId, callId, note) {
      const call = own(agentId, callId);
      if (call.state !== 'wrapping-up') throw wrongState();
      await live.saveNote(callId, note);
      await live.dispatch(callId, { type: 'finish-wrap-up', agentId, at: Date.now() });
    },
  };
}
