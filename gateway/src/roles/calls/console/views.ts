/** What consoles see of calls, queues and people. Computed once for all who see it: texts in every language. */
import type { CallView, ColleagueView, QueueView, SelfView, Snapshot } from '@civicline/protocol';
import type { Organisations } from '../../directory/organisations/index.ts';
import type { Agents } from '../agents/index.ts';
import type { Call, LiveCalls, Personal } from '../engine/index.ts';

export interface Views {
  call(call: Call, personal: Personal): CallView;
  queue(organisationId: string, queueId: string): QueueView;
  colleague(agentId: string): ColleagueView;
  self(agentId: string): SelfView;
  transferQueues(organisationId: string): Snapshot['transferQueues'];
}

export function createViews(options: {
  organisations: Organisations;
  agents: Agents;
  live: LiveCalls;
  isQueueOpen: (organisationId: string, queueId: string) => boolean;
  /** Ready, reachable, and without a call. */
  isAvailable: (agentId: string) => boolean;
  membersOf: (organisationId: string, queueId: string) => readonly string[];
}): Views {
  const { organisations, agents, live, isQueueOpen, isAvailable, membersOf } = options;

  function purposeOf(call: Call): CallView['purpose'] {
    if (call.purposeId === null) return null;
    const found = organisations.purpose(call.organisationId, call.purposeId);
    return { id: call.purposeId, title: found?.purpose.title ?? { en: call.purposeId } };
  }

  return {
    call(call, personal) {
      const organisation = organisations.byId(call.organisationId);
      const { attributes, callingNumber, note } = personal;
      const link = { callId: call.id, purposeId: call.purposeId, callingNumber, attributes };
      return {
        id: call.id,
        state: call.state,
        verification: verificationOf(call),
        organisation: { id: call.organisationId, name: organisation?.name ?? {} },
        purpose: purposeOf(call),
        queueId: call.rules?.queueId ?? '',
        callingNumber,
        arrivedAt: rfc3339(call.arrivedAt),
        queuedAt: rfc3339(call.queuedAt ?? call.arrivedAt),
        connectedAt: call.connectedAt === null ? null : rfc3339(call.connectedAt),
        attributes: organisations.attributeViews(attributes),
        links: organisation ? organisations.links(organisation, link) : [],
        agentId: call.agentId,
        offeredTo: call.offer?.agentId ?? null,
        transferredBy:
          call.transferredBy === null ? null : { agentId: call.transferredBy, name: nameOf(call.transferredBy) },
        cutOffFrom: call.cutOffFrom === null ? null : { agentId: call.cutOffFrom, name: nameOf(call.cutOffFrom) },
        device: call.leg?.device ?? call.interruption?.device ?? null,
        held: call.held,
        muted: call.muted,
        source:
          call.source.kind === 'asterisk'
            ? { kind: 'asterisk' }
            : { kind: 'exchange', forwardNumber: call.source.forwardNumber },
        note,
        wrapUpEndsAt: call.state === 'wrapping-up' && call.wrapUpUntil !== null ? rfc3339(call.wrapUpUntil) : null,
      };
    },
    queue,
    colleague(agentId) {
      const { presence } = agents.state(agentId);
      // Whoever has a call cannot take another one, whatever was said before.
      return {
        id: agentId,
        name: nameOf(agentId),
        presence: presence === 'ready' && live.ofAgent(agentId) ? 'busy' : presence,
      };
    },
    self(agentId) {
      const found = organisations.agent(agentId);
      return {
        id: agentId,
        name: nameOf(agentId),
        organisation: { id: found?.organisation.id ?? '', name: found?.organisation.name ?? {} },
        roles: found?.agent.roles ?? [],
        ...agents.state(agentId),
      };
    },
    transferQueues: (organisationId) =>
      (organisations.byId(organisationId)?.queues ?? []).map(({ id }) => queue(organisationId, id)),
  };

  function queue(organisationId: string, queueId: string): QueueView {
    return {
      id: queueId,
      name: organisations.queue(organisationId, queueId)?.name ?? {},
      open: isQueueOpen(organisationId, queueId),
      waiting: live.waitingIn(organisationId, queueId),
      agentsReady: membersOf(organisationId, queueId).filter(isAvailable).length,
    };
  }

  function nameOf(agentId: string): string {
    return organisations.agent(agentId)?.agent.name ?? agentId;
  }
}

/** The same call for those who may not see attributes now; links carry their values, too. */
export function withoutAttributes(view: CallView): CallView {
  return { ...view, attributes: [], links: [] };
}

function verificationOf({ verification }: Call): CallView['verification'] {
  if (verification?.kind === 'verified') {
    // Calls of before an update may lack what is newer.
    const { disclosedAt, binding = 'app-dialled', numberAgrees = null, contested = false } = verification;
    return { kind: 'verified', disclosedAt: rfc3339(disclosedAt), binding, numberAgrees, contested };
  }
  return { kind: 'not-verified', reason: verification?.reason ?? 'no-code' };
}

function rfc3339(moment: number): string {
  return new Date(moment).toISOString();
}
