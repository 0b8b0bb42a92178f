/**
 * Who sees which call. A waiting call rings at the agents of its queue who are ready, look at a console, have a phone
 * that it can ring and no call in hand, wrap-up included; everybody else of the queue sees its figures only. An offered call rings at one agent.
 * From the claim on, a call is seen by its agent alone.
 */
import type { RemovalReason } from '@civicline/protocol';
import type { Organisations } from '../../directory/organisations/index.ts';
import { type Call, hasEnded, occupiesAgent } from '../engine/index.ts';

export interface Membership {
  membersOf(organisationId: string, queueId: string): readonly string[];
  queuesOf(agentId: string): readonly string[];
  /** All queues, as organisation and queue. */
  queues(): readonly (readonly [organisationId: string, queueId: string])[];
  organisationOf(agentId: string): string | undefined;
  /** Everybody with the role agent. */
  agentsOf(organisationId: string): readonly string[];
}

/** Does not change while the gateway runs, and so is looked up once. */
export function createMembership(organisations: Organisations): Membership {
  const members = new Map<string, string[]>();
  const agents = new Map<string, string[]>();
  for (const organisation of organisations.all) {
    const withRole = organisation.agents.filter(({ roles }) => roles.includes('agent'));
    agents.set(
      organisation.id,
      withRole.map(({ id }) => id),
    );
    for (const { id } of organisation.queues) {
      members.set(
        queueKey(organisation.id, id),
        withRole.filter(({ queues }) => queues.includes(id)).map((agent) => agent.id),
      );
    }
  }
  const queues = organisations.all.flatMap(({ id, queues }) => queues.map((queue) => [id, queue.id] as const));
  return {
    queues: () => queues,
    membersOf: (organisationId, queueId) => members.get(queueKey(organisationId, queueId)) ?? [],
    queuesOf: (agentId) => organisations.agent(agentId)?.agent.queues ?? [],
    organisationOf: (agentId) => organisations.agent(agentId)?.organisation.id,
    agentsOf: (organisationId) => agents.get(organisationId) ?? [],
  };
}

export function queueKey(organisationId: string, queueId: string): string {
  return `${organisationId}/${queueId}`;
}

export function audienceOf(call: Call, membership: Membership, isAvailable: (agentId: string) => boolean): string[] {
  if (occupiesAgent(call)) return call.agentId === null ? [] : [call.agentId];
  if (call.state !== 'queued' || call.rules === null) return [];
  const candidates = call.offer ? [call.offer.agentId] : membership.membersOf(call.organisationId, call.rules.queueId);
  return candidates.filter(isAvailable);
}

/** Why a call leaves the console of this agent. */
export function removalReason(call: Call, agentId: string): RemovalReason {
  if (call.state === 'abandoned' || call.state === 'fallback') return call.state;
  if (occupiesAgent(call)) return 'answered-elsewhere';
  if (hasEnded(call)) return 'closed';
  return call.transferredBy === agentId || call.offer ? 'transferred' : 'closed';
}
