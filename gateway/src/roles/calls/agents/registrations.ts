/**
 * Which phones and browsers are registered with which Asterisk, as told by Asterisk. While one is away, what it said last
 * stands: phones do not go because the gateway cannot ask, and the next connection sets right what changed.
 */

import type { Device } from '@civicline/protocol';
import type { Ari } from '../../../platform/ari/index.ts';

export interface Registrations {
  /** `asteriskId` absent: with any Asterisk. */
  isRegistered(agentId: string, device: Device, asteriskId?: string): boolean;
  /** Reads all endpoints of an Asterisk, and asks it to tell about changes. */
  refresh(ari: Ari): Promise<void>;
  /** Asterisk told that something about this endpoint changed: its state is read again, once per moment. */
  changed(ari: Ari, resource: string): void;
}

/** Several events about one endpoint within this time are answered by one look. */
const SETTLING_MS = 50;
const ENDPOINT = /^(phone|browser)-([a-z0-9-]+)$/;

export function agentOfEndpoint(resource: string): { agentId: string; device: Device } | null {
  const [, kind, agentId] = ENDPOINT.exec(resource) ?? [];
  if (agentId === undefined) return null;
  return { agentId, device: kind === 'browser' ? 'browser' : 'sip-phone' };
}

export function createRegistrations(onChange: (agentId: string) => void): Registrations {
  /** Names of registered endpoints by Asterisk. */
  const registered = new Map<string, Set<string>>();
  const looking = new Set<string>();

  function note(asteriskId: string, resource: string, isOnline: boolean): void {
    const agent = agentOfEndpoint(resource);
    if (!agent) return;
    const known = registered.get(asteriskId) ?? new Set();
    registered.set(asteriskId, known);
    if (known.has(resource) === isOnline) return;
    if (isOnline) known.add(resource);
    else known.delete(resource);
    onChange(agent.agentId);
  }

  async function look(ari: Ari, resource: string): Promise<void> {
    try {
      const endpoint = await ari.endpoints.get({ tech: 'PJSIP', resource });
      note(ari.id, resource, endpoint.state === 'online');
    } catch {
      // Gone, or the connection is: what is known then comes with the next refresh.
      if (ari.state === 'connected') note(ari.id, resource, false);
    }
  }

  return {
    isRegistered(agentId, device, asteriskId) {
      const resource = `${device === 'browser' ? 'browser' : 'phone'}-${agentId}`;
      if (asteriskId !== undefined) return registered.get(asteriskId)?.has(resource) ?? false;
      return [...registered.values()].some((resources) => resources.has(resource));
    },
    async refresh(ari) {
      await ari.applications.subscribe({ applicationName: ari.application, eventSource: ['endpoint:PJSIP'] });
      const endpoints = await ari.endpoints.listByTech({ tech: 'PJSIP' });
      const online = new Set(endpoints.filter(({ state }) => state === 'online').map(({ resource }) => resource));
      const names = new Set([...endpoints.map(({ resource }) => resource), ...(registered.get(ari.id) ?? [])]);
      for (const resource of names) note(ari.id, resource, online.has(resource));
    },
    changed(ari, resource) {
      const key = `${ari.id} ${resource}`;
      if (agentOfEndpoint(resource) === null || looking.has(key)) return;
      looking.add(key);
      setTimeout(() => {
        looking.delete(key);
        void look(ari, resource);
      }, SETTLING_MS).unref();
    },
  };
}
