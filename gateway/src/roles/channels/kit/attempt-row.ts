/** What every channel keeps of an attempt, in a table of its own that adds what only it needs. */
import { URGENCIES } from '@civicline/protocol';
import type { Attempt } from '@civicline/protocol/channel';
import type { State } from './attempt.ts';

/** The lane of the queue whose work is done first and beside all other. */
export const URGENT_LANE = URGENCIES.indexOf('urgent');

export interface AttemptRow {
  id: string;
  sender_id: string;
  /** Of the queue: {@link URGENCIES} in their order. */
  lane: number;
  created_at: number;
  /** UTC milliseconds; not handed over after this. */
  expires_at: number;
  key_id: string;
  /** Address and content, sealed for this channel; null once they are not needed any more. */
  sealed: string | null;
  state: State;
  /** 1: withdrawn while it was being handed over. */
  withdrawn: number;
  /** When a `deadline` event is due. */
  deadline: number;
}

/** A submitted attempt as it is first kept. `at`: UTC milliseconds. */
export function newAttemptRow({ id, sender, urgency, expiresAt, part }: Attempt, at: number): AttemptRow {
  return {
    id,
    sender_id: sender.id,
    lane: URGENCIES.indexOf(urgency),
    created_at: at,
    expires_at: expiresAt,
    key_id: part.keyId,
    sealed: part.sealed,
    state: 'waiting',
    withdrawn: 0,
    deadline: expiresAt,
  };
}
