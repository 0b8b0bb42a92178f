/**
 * Keeps every open console equal to the truth: what happens to calls, agents and queues becomes events for those who
 * may see it. Calls are told at once, their view and its JSON being made once and not per console; figures of queues and
 * colleagues are gathered for a moment, since hundreds of people come and go at the same hour.
 */
import type { CallView } from '@civicline/protocol';
import type { Showing, ShowingReason } from '../audit/index.ts';
import { type Call, type CallChange, type LiveCalls, occupiesAgent } from '../engine/index.ts';
import { audienceOf, type Membership, queueKey, removalReason } from './audience.ts';
import type { Connections, ConsoleSocket } from './connections.ts';
import type { Outbox } from './outbox.ts';
import { type Views, withoutAttributes } from './views.ts';

export interface Broadcast {
  callChanged(change: CallChange): void;
  /** Presence, device, registration, or the first or last console of this agent. */
  agentChanged(agentId: string): void;
  telephonyChanged(available: boolean): void;
  /** The whole truth for one console: at its beginning, or after a gap. */
  snapshot(socket: ConsoleSocket): void;
  close(): void;
}

/** How long figures are gathered at least, and how much longer for each open console. */
const GATHERING_MS = 150;
const GATHERING_MS_PER_CONSOLE = 3;
/** How late the screens may learn that a queue has opened or closed. */
const OPENINGS_MS = 10_000;

export function createBroadcast(options: {
  live: LiveCalls;
  membership: Membership;
  views: Views;
  connections: Connections;
  outbox: Outbox;
  /** Whether this call may be offered to this agent now. */
  canTake: (agentId: string, call: Call) => boolean;
  isQueueOpen: (organisationId: string, queueId: string) => boolean;
  telephonyAvailable: () => boolean;
}): Broadcast {
  const { live, membership, views, connections, outbox, canTake, isQueueOpen, telephonyAvailable } = options;
  /** Which agents have which call on their screens. */
  const shown = new Map<string, Set<string>>();
  /** What each console was last told about its own agent, to say nothing twice. */
  const lastSelf = new Map<string, string>();
  const delay = () => GATHERING_MS + GATHERING_MS_PER_CONSOLE * connections.count();
  const queues = createGathering(delay, tellQueues);
  const colleagues = createGathering(delay, tellColleagues);
  const canSee = (agentId: string, call: Call) => connections.isOpen(agentId) && canTake(agentId, call);
  const opening = setInterval(tellOpenings, OPENINGS_MS).unref();
  let openQueues = openNow();

  function showing(call: Call, attributeIds: string[], agentIds: string[], reason: ShowingReason): Showing[] {
    if (attributeIds.length === 0 || agentIds.length === 0) return [];
    const { id: callId, organisationId } = call;
    return [{ at: Date.now(), organisationId, callId, reason, agentIds, attributeIds }];
  }

  function show(view: CallView, audience: string[], entries: Showing[]): void {
    outbox.add(entries, (mayShow) => {
      const seen = mayShow ? view : withoutAttributes(view);
      connections.send(audience, 'call-changed', { call: seen });
    });
  }

  function callChanged({ before, after, personal }: CallChange): void {
    const audience = audienceOf(after, membership, (id) => canSee(id, after)).filter(connections.isOpen);
    const seenBy = shown.get(after.id) ?? new Set<string>();
    const seesIt = new Set(audience);
    const gone = [...seenBy].filter((agentId) => !seesIt.has(agentId));
    if (audience.length === 0) shown.delete(after.id);
    else shown.set(after.id, seesIt);

    if (audience.length > 0) {
      const attributeIds = personal.attributes.map(({ id }) => id);
      const isAnswered = occupiesAgent(after) && after.agentId !== before?.agentId;
      const newcomers = isAnswered ? audience : audience.filter((agentId) => !seenBy.has(agentId));
      const reason = isAnswered ? 'answered' : after.transferredBy === null ? 'ringing' : 'transfer';
      show(views.call(after, personal), audience, showing(after, attributeIds, newcomers, reason));
    }
    if (gone.length > 0) {
      outbox.add([], () => {
        for (const reason of new Set(gone.map((agentId) => removalReason(after, agentId)))) {
          const agentIds = gone.filter((agentId) => removalReason(after, agentId) === reason);
          connections.send(agentIds, 'call-removed', { callId: after.id, reason });
        }
      });
    }
    consequences(before, after);
  }

  /** Whoever has taken or finished a call is no longer, or again, rung by others; and the queues' figures change. */
  function consequences(before: Call | null, after: Call): void {
    const had = before && occupiesAgent(before) ? before.agentId : null;
    const has = occupiesAgent(after) ? after.agentId : null;
    if (had !== has) for (const agentId of [had, has]) if (agentId !== null) availabilityChanged(agentId);
    const was = before?.state === 'queued' ? before.rules?.queueId : undefined;
    const is = after.state === 'queued' ? after.rules?.queueId : undefined;
    if (was === is) return;
    for (const queueId of [was, is]) if (queueId !== undefined) queues.note(queueKey(after.organisationId, queueId));
  }

  /** The calls that wait where this agent works: on the screen when the agent is available, else off it. */
  function availabilityChanged(agentId: string): void {
    const organisationId = membership.organisationOf(agentId);
    if (organisationId === undefined) return;
    for (const queueId of membership.queuesOf(agentId)) queues.note(queueKey(organisationId, queueId));
    colleagues.note(agentId);
    if (!connections.isOpen(agentId)) return;
    for (const { call, personal } of live.all()) {
      if (call.state !== 'queued' || call.organisationId !== organisationId) continue;
      const rings = audienceOf(call, membership, (id) => id === agentId && canSee(id, call)).length > 0;
      const seenBy = shown.get(call.id) ?? new Set<string>();
      if (rings && !seenBy.has(agentId)) {
        shown.set(call.id, seenBy.add(agentId));
        const attributeIds = personal.attributes.map(({ id }) => id);
        show(views.call(call, personal), [agentId], showing(call, attributeIds, [agentId], 'ringing'));
      } else if (!rings && seenBy.delete(agentId)) {
        const reason = removalReason(call, agentId);
        outbox.add([], () => connections.send([agentId], 'call-removed', { callId: call.id, reason }));
      }
    }
  }

  function agentChanged(agentId: string): void {
    availabilityChanged(agentId);
    if (!connections.isOpen(agentId)) {
      lastSelf.delete(agentId);
      return;
    }
    const self = views.self(agentId);
    const text = JSON.stringify(self);
    if (lastSelf.get(agentId) === text) return;
    lastSelf.set(agentId, text);
    outbox.add([], () => connections.send([agentId], 'self-changed', { self }));
  }

  function tellQueues(keys: Set<string>): void {
    for (const key of keys) {
      const [organisationId = '', queueId = ''] = key.split('/');
      const queue = views.queue(organisationId, queueId);
      outbox.add([], () => {
        connections.send(membership.agentsOf(organisationId), 'queue-changed', { queue });
      });
    }
  }

  function openNow(): Set<string> {
    const all = membership.queues();
    return new Set(
      all.filter(([organisationId, queueId]) => isQueueOpen(organisationId, queueId)).map(([o, q]) => queueKey(o, q)),
    );
  }

  /** Of opening and closing, only the clock tells. */
  function tellOpenings(): void {
    const before = openQueues;
    openQueues = openNow();
    const changed = [...before, ...openQueues].filter((key) => before.has(key) !== openQueues.has(key));
    for (const key of changed) queues.note(key);
  }

  function tellColleagues(agentIds: Set<string>): void {
    for (const id of agentIds) {
      const organisationId = membership.organisationOf(id);
      if (organisationId === undefined) continue;
      const colleague = views.colleague(id);
      outbox.add([], () => {
        const others = membership.agentsOf(organisationId).filter((agentId) => agentId !== id);
        connections.send(others, 'colleague-changed', { colleague });
      });
    }
  }

  function snapshot(socket: ConsoleSocket): void {
    const { agentId, organisationId } = socket.data;
    const visible = [...live.all()].filter(({ call }) =>
      audienceOf(call, membership, (id) => id === agentId && canTake(id, call)).includes(agentId),
    );
    for (const { call } of visible) shown.set(call.id, (shown.get(call.id) ?? new Set()).add(agentId));
    const self = views.self(agentId);
    lastSelf.set(agentId, JSON.stringify(self));
    const calls = visible.map(({ call, personal }) => views.call(call, personal));
    const content = {
      self,
      queues: membership.queuesOf(agentId).map((queueId) => views.queue(organisationId, queueId)),
      colleagues: membership
        .agentsOf(organisationId)
        .filter((id) => id !== agentId)
        .map(views.colleague),
      transferQueues: views.transferQueues(organisationId),
      telephonyAvailable: telephonyAvailable(),
    };
    const entries = visible.flatMap(({ call, personal }) =>
      showing(
        call,
        personal.attributes.map(({ id }) => id),
        [agentId],
        'reload',
      ),
    );
    outbox.add(entries, (mayShow) =>
      connections.sendSnapshot(socket, {
        ...content,
        calls: mayShow ? calls : calls.map(withoutAttributes),
        now: new Date().toISOString(),
      }),
    );
  }

  return {
    callChanged,
    agentChanged,
    telephonyChanged: (available) =>
      outbox.add([], () => connections.send(connections.agentIds(), 'telephony-changed', { available })),
    snapshot,
    close() {
      clearInterval(opening);
      queues.close();
      colleagues.close();
    },
  };
}

/** Gathers names for a while after the first one, then hands them over together. */
function createGathering(delayMs: () => number, tell: (names: Set<string>) => void) {
  let names = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  function handOver(): void {
    const gathered = names;
    names = new Set();
    timer = undefined;
    tell(gathered);
  }
  return {
    note(name: string) {
      names.add(name);
      timer ??= setTimeout(handOver, delayMs());
    },
    close: () => clearTimeout(timer),
  };
}
