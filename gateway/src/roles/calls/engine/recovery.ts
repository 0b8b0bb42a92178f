/**
 * Compares our records with what an Asterisk has: fully after every connection, when anything may have happened
 * unseen, and every few seconds as a sweep that trusts only what it has seen twice.
 *
 *   connected ─► hold events back ─► list channels and bridges ─► every call: `reconciled` through the machine
 *             ─► what no call owns: adopt callers, hang up agent legs, destroy bridges ─► release events ─► available
 */
import type { CallState } from '@civicline/protocol';
import type { Ari, AriEvent, Bridge, Channel } from '../../../platform/ari/index.ts';
import type { Logger } from '../../../platform/http/index.ts';
import type { Caller } from './asterisk-events.ts';
import { numbersOf } from './asterisk-events.ts';
import { isGone } from './asterisks.ts';
import { bridgeIdOf, type Call, callIdOfBridge, callIdOfLeg, type Found, legChannelId } from './call.ts';
import type { LiveCalls } from './live-calls.ts';
import { isAsExpected } from './reconcile.ts';
import type { CallStore } from './store.ts';

export interface Listing {
  channels: Map<string, Channel>;
  bridges: Map<string, Bridge>;
}

export async function listAsterisk(ari: Ari): Promise<Listing> {
  const [channels, bridges] = await Promise.all([ari.channels.list(), ari.bridges.list()]);
  return {
    channels: new Map(channels.map((channel) => [channel.id, channel])),
    bridges: new Map(bridges.map((bridge) => [bridge.id, bridge])),
  };
}

function isInStasis({ dialplan }: Channel, application: string): boolean {
  return dialplan.app_name === 'Stasis' && dialplan.app_data.split(',')[0] === application;
}

/** What Asterisk has of this call. */
export function findCall(call: Call, { channels, bridges }: Listing, application: string): Found {
  const callerId = call.source.kind === 'asterisk' ? call.source.channelId : '';
  const legId = call.leg?.channelId ?? legChannelId(call.id, call.attempts);
  const caller = channels.get(callerId);
  const leg = channels.get(legId);
  const members = bridges.get(bridgeIdOf(call))?.channels;
  return {
    caller: caller === undefined ? 'absent' : isInStasis(caller, application) ? 'in-stasis' : 'elsewhere',
    leg: leg === undefined ? 'absent' : leg.state === 'Up' ? 'up' : 'ringing',
    bridge:
      members === undefined ? 'absent' : members.includes(callerId) && members.includes(legId) ? 'whole' : 'partial',
  };
}

export type Orphan =
  | { kind: 'caller'; channel: Channel }
  | { kind: 'leg'; channelId: string }
  | { kind: 'bridge'; bridgeId: string };

/** What is ours by its name, and belongs to no call. */
export function findOrphans(listing: Listing, live: LiveCalls, ari: Pick<Ari, 'id' | 'application'>): Orphan[] {
  const orphans: Orphan[] = [];
  for (const channel of listing.channels.values()) {
    const callId = callIdOfLeg(channel.id);
    if (callId !== null) {
      const owner = live.get(callId)?.call;
      if (owner?.leg?.channelId !== channel.id) orphans.push({ kind: 'leg', channelId: channel.id });
    } else if (isInStasis(channel, ari.application) && !live.ofCaller(ari.id, channel.id)) {
      orphans.push({ kind: 'caller', channel });
    }
  }
  for (const bridgeId of listing.bridges.keys()) {
    const callId = callIdOfBridge(bridgeId);
    if (callId === null) continue;
    const owner = live.get(callId)?.call;
    if (!owner?.bridged || bridgeIdOf(owner) !== bridgeId) orphans.push({ kind: 'bridge', bridgeId });
  }
  return orphans;
}

export interface Recovery {
  /** Compares everything; resolves when every difference has been put through the machine. */
  recover(): Promise<void>;
  /** Compares, and acts on differences that were there the last time already. Does nothing while one is under way. */
  sweep(): Promise<void>;
}

export function createRecovery(options: {
  ari: Ari;
  live: LiveCalls;
  store: CallStore;
  callerArrived: (caller: Caller) => Promise<void>;
  log: Logger;
}): Recovery {
  const { ari, live, store, callerArrived, log } = options;
  /** Seen once: a call in this very state that differs, an orphan by its id. */
  let suspectCalls = new Map<string, Call>();
  let suspectOrphans = new Set<string>();
  let isSweeping = false;

  function ownCalls(): Call[] {
    return [...live.all()]
      .map(({ call }) => call)
      .filter(({ source }) => source.kind === 'asterisk' && source.asteriskId === ari.id);
  }

  async function settle(orphan: Orphan): Promise<void> {
    log.info({ ari: ari.id, kind: orphan.kind }, 'settling what belongs to no call');
    try {
      if (orphan.kind === 'leg') await ari.channels.hangup({ channelId: orphan.channelId, reason: 'normal' });
      else if (orphan.kind === 'bridge') await ari.bridges.destroy({ bridgeId: orphan.bridgeId });
      else await settleCaller(orphan.channel);
    } catch (error) {
      if (!isGone(error)) log.warn({ error, ari: ari.id, kind: orphan.kind }, 'could not be settled yet');
    }
  }

  /** A caller whose call has ended is let go; one that we never heard of is served. */
  async function settleCaller(channel: Channel): Promise<void> {
    const { id: channelId } = channel;
    const [, role, did = '', , presentation = ''] = channel.dialplan.app_data.split(',');
    const past = await store.lastOfChannel(ari.id, channelId);
    if (role !== 'caller' || past?.state === 'closed' || past?.state === 'abandoned') {
      await ari.channels.hangup({ channelId, reason: 'normal' });
    } else if (past?.state === 'fallback') {
      await ari.channels.continueInDialplan({
        channelId,
        context: 'civicline-fallback',
        extension: 'error',
        priority: 1,
      });
    } else {
      const numbers = numbersOf(channel, did, presentation);
      await callerArrived({ asteriskId: ari.id, channelId, calledNumber: did, ...numbers, code: null });
    }
  }

  /** A call whose caller is gone may be several transitions behind. */
  async function reconcileCall(id: string, found: Found): Promise<void> {
    let before: CallState | undefined;
    do {
      before = live.get(id)?.call.state;
      await live.dispatch(id, { type: 'reconciled', found, at: Date.now() });
    } while (found.caller === 'absent' && live.get(id)?.call.state !== before);
  }

  async function sweepOnce(): Promise<void> {
    const listing = await listAsterisk(ari);
    const differing = ownCalls().filter((call) => !isAsExpected(call, findCall(call, listing, ari.application)));
    const orphans = findOrphans(listing, live, ari);
    for (const call of differing) {
      if (suspectCalls.get(call.id) !== call) continue;
      log.warn({ ari: ari.id, callId: call.id, state: call.state }, 'a call differs from what Asterisk has');
      // Not waited for: it may be busy with something that takes long.
      reconcileCall(call.id, findCall(call, listing, ari.application)).catch((error) =>
        log.error({ error, callId: call.id }, 'a call could not be compared with what Asterisk has'),
      );
    }
    await Promise.all(orphans.filter((orphan) => suspectOrphans.has(orphanId(orphan))).map(settle));
    suspectCalls = new Map(differing.map((call) => [call.id, call]));
    suspectOrphans = new Set(orphans.map(orphanId));
  }

  return {
    async recover() {
      suspectCalls = new Map();
      suspectOrphans = new Set();
      const listing = await listAsterisk(ari);
      await Promise.all(ownCalls().map((call) => reconcileCall(call.id, findCall(call, listing, ari.application))));
      await Promise.all(findOrphans(listing, live, ari).map(settle));
    },
    async sweep() {
      if (isSweeping) return;
      isSweeping = true;
      await sweepOnce().finally(() => {
        isSweeping = false;
      });
    },
  };
}

function orphanId(orphan: Orphan): string {
  if (orphan.kind === 'caller') return orphan.channel.id;
  return orphan.kind === 'leg' ? orphan.channelId : orphan.bridgeId;
}

/** Holds events back while recovery runs, so that they meet calls that are up to date. */
export function createEventGate(handle: (event: AriEvent) => void) {
  let held: AriEvent[] | null = null;
  return {
    close() {
      held ??= [];
    },
    open() {
      const events = held ?? [];
      held = null;
      for (const event of events) handle(event);
    },
    pass(event: AriEvent) {
      if (held) held.push(event);
      else handle(event);
    },
  };
}
