import { createHmac } from 'node:crypto';
import type { SoftphoneCredentials } from '@civicline/protocol';
import type { TurnSettings } from './settings.ts';

/** Longer than anybody is signed in. */
const VALID_SECONDS = 24 * 60 * 60;

/**
 * The TURN server for a page's sound, for networks that let nothing else through, with a password that ends by itself:
 * coturn's `use-auth-secret` (draft-uberti-behave-turn-rest-00). It names no agent. `now`: UTC milliseconds.
 */
export function turnServers(turn: TurnSettings | null, now: number): SoftphoneCredentials['iceServers'] {
  if (turn === null) return [];
  const username = `${Math.floor(now / 1000) + VALID_SECONDS}:civicline`;
  return [{ urls: turn.urls, username, credential: createHmac('sha1', turn.secret).update(username).digest('base64') }];
}
