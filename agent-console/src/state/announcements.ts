/**
 * What a screen reader should hear when the state changes: pure, as data; the words are in the dictionaries.
 * Never attributes, numbers or names: a loudspeaker may be on.
 */
import type { LocalizedText, RemovalReason } from '@civicline/protocol';
import { activeCall, type ConsoleData, type ConsoleState, ownCalls, ringingCalls } from './console-state.ts';

export type Announcement =
  | { kind: 'ringing'; verified: boolean; purpose: LocalizedText | null; waiting: number }
  | { kind: 'ringing-many'; waiting: number }
  | { kind: 'removed'; reason: RemovalReason }
  | { kind: 'connected' | 'interrupted' | 'on-hold' | 'resumed' | 'muted' | 'unmuted' | 'wrap-up' | 'online' };

export function announcements(before: ConsoleState, after: ConsoleState): Announcement[] {
  return [...aboutConnection(before, after), ...aboutRinging(before, after), ...aboutOwnCall(before.data, after.data)];
}

/** What came within a moment, with many calls at once as one sentence: so it is for who becomes ready. */
export function condensed(moment: Announcement[]): Announcement[] {
  const ringing = moment.filter((one) => one.kind === 'ringing' || one.kind === 'ringing-many');
  const last = ringing.at(-1);
  if (last === undefined || ringing.length === 1) return moment;
  const others = moment.filter((one) => one.kind !== 'ringing' && one.kind !== 'ringing-many');
  return [...others, { kind: 'ringing-many', waiting: last.waiting }];
}

function aboutConnection(before: ConsoleState, after: ConsoleState): Announcement[] {
  // Losing the connection puts a notice on the screen, which is read out where it stands.
  return before.connection === 'offline' && after.connection === 'online' ? [{ kind: 'online' }] : [];
}

function aboutRinging(before: ConsoleState, after: ConsoleState): Announcement[] {
  if (after.data === null) return [];
  const removed = after.lastRemoval;
  if (removed && removed !== before.lastRemoval) return [{ kind: 'removed', reason: removed.reason }];
  const known = new Set(before.data?.calls.map(({ id }) => id));
  const ringing = ringingCalls(after.data);
  const fresh = ringing.filter(({ id }) => !known.has(id));
  const [first] = fresh;
  if (first === undefined) return [];
  if (fresh.length > 1) return [{ kind: 'ringing-many', waiting: ringing.length }];
  const verified = first.verification.kind === 'verified';
  return [{ kind: 'ringing', verified, purpose: first.purpose?.title ?? null, waiting: ringing.length }];
}

function aboutOwnCall(before: ConsoleData | null, after: ConsoleData | null): Announcement[] {
  const call = after && (activeCall(after) ?? ownCalls(after)[0]);
  const earlier = call && before?.calls.find(({ id }) => id === call.id);
  if (!call || !earlier) return [];
  if (call.state !== earlier.state) {
    if (call.state === 'connected' || call.state === 'interrupted') return [{ kind: call.state }];
    return call.state === 'wrapping-up' ? [{ kind: 'wrap-up' }] : [];
  }
  if (call.held !== earlier.held) return [{ kind: call.held ? 'on-hold' : 'resumed' }];
  if (call.muted !== earlier.muted) return [{ kind: call.muted ? 'muted' : 'unmuted' }];
  return [];
}
