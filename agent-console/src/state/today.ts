/**
 * The agent's own figures of today, from the calls that this computer saw. Each conversation is kept under its own key,
 * so that several tabs, and a page that is loaded again in a call, count it once. Nothing about callers is in it.
 */
import type { CallView } from '@civicline/protocol';

export interface Today {
  agentId: string;
  /** The date here, such as 2026-03-01. */
  day: string;
  /** Milliseconds of each conversation; 0 as long as it goes on. */
  conversations: Record<string, number>;
}

const KEY = 'civicline-today';

/** What is kept of today for this agent; empty on a new day, and for another agent. */
export function readToday(storage: Pick<Storage, 'getItem'>, agentId: string, now: Date): Today {
  const day = dayOf(now);
  const kept = parse(storage.getItem(KEY));
  return kept?.agentId === agentId && kept.day === day ? kept : { agentId, day, conversations: {} };
}

export function writeToday(storage: Pick<Storage, 'setItem'>, today: Today): void {
  storage.setItem(KEY, JSON.stringify(today));
}

/** The agent's conversation, as the key under which it is counted; null for a call that is none. */
export function conversationOf(call: CallView, agentId: string): string | null {
  if (call.agentId !== agentId || call.state !== 'connected' || call.connectedAt === null) return null;
  return `${call.id} ${call.connectedAt}`;
}

/** `milliseconds`: how long it lasted; 0 when it has just begun, which takes nothing from one that was counted. */
export function withConversation(today: Today, key: string, milliseconds: number): Today {
  const longest = Math.max(today.conversations[key] ?? 0, milliseconds);
  return { ...today, conversations: { ...today.conversations, [key]: longest } };
}

/** `talkMs`: all conversations together. */
export function figuresOf(today: Today): { answered: number; talkMs: number } {
  const lengths = Object.values(today.conversations);
  return { answered: lengths.length, talkMs: lengths.reduce((sum, length) => sum + length, 0) };
}

function dayOf(now: Date): string {
  const two = (part: number) => String(part).padStart(2, '0');
  return `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
}

function parse(text: string | null): Today | null {
  try {
    const value = JSON.parse(text ?? 'null') as Today | null;
    return typeof value?.conversations === 'object' ? value : null;
  } catch {
    return null;
  }
}
