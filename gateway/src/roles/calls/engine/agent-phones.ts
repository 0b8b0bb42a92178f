/** Tells the call of an agent that its phone is gone, or back. */
import type { Agents } from '../agents/index.ts';
import type { Asterisks } from './asterisks.ts';
import type { LiveCall, LiveCalls } from './live-calls.ts';

export interface AgentPhones {
  /** Something about this agent's phones has changed. */
  look(agentId: string): void;
  /** After a connection, when anything may have happened unseen. */
  lookAtAll(asteriskId: string): void;
}

export function createAgentPhones(live: LiveCalls, agents: Agents, asterisks: Asterisks): AgentPhones {
  function lookAt({ call }: LiveCall): void {
    const { source, agentId } = call;
    const device = call.leg?.device ?? call.interruption?.device;
    if (source.kind !== 'asterisk' || agentId === null || device === undefined) return;
    // What is known of the phones of an Asterisk that is away is old.
    if (!asterisks.get(source.asteriskId)?.available) return;
    const isThere = agents.isRegistered(agentId, device, source.asteriskId);
    live.post(call.id, { type: isThere ? 'phone-back' : 'phone-gone', at: Date.now() });
  }

  return {
    look(agentId) {
      const entry = live.ofAgent(agentId);
      if (entry) lookAt(entry);
    },
    lookAtAll(asteriskId) {
      for (const entry of live.all()) {
        const { source } = entry.call;
        if (source.kind === 'asterisk' && source.asteriskId === asteriskId) lookAt(entry);
      }
    },
  };
}
