/**
 * The agents of all organisations: what they say of themselves (presence, device), whether a console of theirs is open
 * and whether their phone or browser is registered.
 *
 *   offline ◄── no console open for a while ──  ready ⇄ busy ⇄ break   as the agent chooses; at first: break
 *      └───── first console: what it was ────►    │
 *                                                 ├── phone did not answer ──► not-reachable ── agent chooses again ──►
 *                                                 └── ready, and no phone registered: shown as not-reachable meanwhile
 */
import { type Device, NO_PHONE, type Presence } from '@civicline/protocol';
import type { Logger } from '../../../platform/http/index.ts';
import { createListeners } from '../../../platform/run/index.ts';
import type { Registrations } from './registrations.ts';
import type { AgentStore, StoredAgent } from './store.ts';

export interface AgentState {
  presence: Presence;
  presenceReason: string;
  device: Device;
  registered: Record<Device, boolean>;
}

export interface Agents {
  state(agentId: string): AgentState;
  /** Whether this agent wants calls: ready, and looking at a console. Says nothing about phones and calls in hand. */
  isReady(agentId: string): boolean;
  /** Ready, with a phone that calls of some Asterisk can ring; nobody needs one where there is no Asterisk. */
  isReachable(agentId: string): boolean;
  /** Whether a call may be offered: to who is ready with a phone at its Asterisk. Null: its voice is elsewhere. */
  canTake(agentId: string, asteriskId: string | null): boolean;
  /** Where a call at this Asterisk can ring; null when that is not registered there. */
  deviceFor(agentId: string, asteriskId: string): Device | null;
  isRegistered(agentId: string, device: Device, asteriskId: string): boolean;
  /** Resolves when it is durable. */
  setPresence(agentId: string, presence: 'ready' | 'busy' | 'break', reason: string): Promise<void>;
  setDevice(agentId: string, device: Device): Promise<void>;
  /** At once, and durable soon after. `cause` is told to the agent, as a code. */
  setNotReachable(agentId: string, cause: string): void;
  hasConsole(agentId: string): boolean;
  consoleOpened(agentId: string): void;
  consoleClosed(agentId: string): void;
  onChange(listener: (agentId: string) => void): void;
  close(): void;
}

/** A console that reloads or loses its network for a moment does not make its agent offline. */
const OFFLINE_AFTER_MS = 10_000;
/** Whoever signs in for the first time looks round before the first call. */
const NEWCOMER: StoredAgent = { presence: 'break', presenceReason: '', device: null };

export async function createAgents(options: {
  store: AgentStore;
  makeRegistrations: (onChange: (agentId: string) => void) => Registrations;
  /** False where every call's voice is at another exchange. */
  needPhones: boolean;
  log: Logger;
}): Promise<{ agents: Agents; registrations: Registrations }> {
  const { store, makeRegistrations, needPhones, log } = options;
  const known = await store.all();
  const consoles = new Map<string, number>();
  const leaving = new Map<string, NodeJS.Timeout>();
  const listeners = createListeners<{ change(agentId: string): void }>((error) =>
    log.error({ error }, 'a listener of agents failed'),
  );
  const tell = (agentId: string) => listeners.emit('change', agentId);
  const registrations = makeRegistrations(tell);
  const of = (agentId: string) => known.get(agentId) ?? NEWCOMER;
  const isOnline = (agentId: string) => (consoles.get(agentId) ?? 0) > 0 || leaving.has(agentId);

  async function change(agentId: string, changes: Partial<StoredAgent>): Promise<void> {
    const next = { ...of(agentId), ...changes };
    await store.save(agentId, next);
    known.set(agentId, next);
    tell(agentId);
  }

  const isReady = (agentId: string) => isOnline(agentId) && of(agentId).presence === 'ready';

  /** Where calls can ring: at this Asterisk, or at any. */
  function deviceFor(agentId: string, asteriskId?: string): Device | null {
    const { device } = of(agentId);
    const candidates: Device[] = device === null ? ['browser', 'sip-phone'] : [device];
    return candidates.find((candidate) => registrations.isRegistered(agentId, candidate, asteriskId)) ?? null;
  }

  const hasPhone = (agentId: string) => !needPhones || deviceFor(agentId) !== null;

  function shownPresence(agentId: string): Pick<AgentState, 'presence' | 'presenceReason'> {
    const { presence, presenceReason } = of(agentId);
    if (!isOnline(agentId)) return { presence: 'offline', presenceReason };
    if (presence === 'ready' && !hasPhone(agentId)) return { presence: 'not-reachable', presenceReason: NO_PHONE };
    return { presence, presenceReason };
  }

  function state(agentId: string): AgentState {
    const { device } = of(agentId);
    const registered = {
      browser: registrations.isRegistered(agentId, 'browser'),
      'sip-phone': registrations.isRegistered(agentId, 'sip-phone'),
    };
    const usual = registered.browser || !registered['sip-phone'] ? 'browser' : 'sip-phone';
    return {
      ...shownPresence(agentId),
      device: device ?? usual,
      registered,
    };
  }

  const agents: Agents = {
    state,
    isReady,
    isReachable: (agentId) => isReady(agentId) && hasPhone(agentId),
    canTake: (agentId, asteriskId) =>
      isReady(agentId) && (asteriskId === null || deviceFor(agentId, asteriskId) !== null),
    deviceFor,
    isRegistered: registrations.isRegistered,
    setPresence: (agentId, presence, presenceReason) => change(agentId, { presence, presenceReason }),
    setDevice: (agentId, device) => change(agentId, { device }),
    setNotReachable(agentId, cause) {
      const next: StoredAgent = { ...of(agentId), presence: 'not-reachable', presenceReason: cause };
      known.set(agentId, next);
      tell(agentId);
      store.save(agentId, next).catch((error) => log.error({ error, agentId }, 'presence could not be written'));
    },
    hasConsole: (agentId) => (consoles.get(agentId) ?? 0) > 0,
    consoleOpened(agentId) {
      clearTimeout(leaving.get(agentId));
      const wasOnline = isOnline(agentId);
      leaving.delete(agentId);
      consoles.set(agentId, (consoles.get(agentId) ?? 0) + 1);
      if (!wasOnline) tell(agentId);
    },
    consoleClosed(agentId) {
      const left = (consoles.get(agentId) ?? 1) - 1;
      if (left > 0) return void consoles.set(agentId, left);
      consoles.delete(agentId);
      const timer = setTimeout(() => {
        leaving.delete(agentId);
        tell(agentId);
      }, OFFLINE_AFTER_MS);
      leaving.set(agentId, timer.unref());
    },
    onChange: (listener) => void listeners.on('change', listener),
    close() {
      for (const timer of leaving.values()) clearTimeout(timer);
    },
  };
  return { agents, registrations };
}
