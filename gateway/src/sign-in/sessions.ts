import { createHmac, randomBytes } from 'node:crypto';
import { parseCookie } from 'cookie';
import type { Agent, Organisation, Organisations } from '../organisations/index.ts';
import type { Database } from '../storage/index.ts';
import { createSignInStore, migrations } from './store.ts';

/** A person who has signed in, as the organisations file knows them now. */
export interface SignedIn {
  /** Names this sign-in, for {@link Sessions.onEnd}; not a secret. */
  sessionId: string;
  agent: Agent;
  organisation: Organisation;
  /** UTC milliseconds. */
  expiresAt: number;
}

export interface Sessions {
  /** Signs in and returns the secret for the cookie. */
  begin(agentId: string): Promise<string>;
  /** Who the cookies of a request say it is; null when nobody, or nobody any more. */
  fromCookies(cookieHeader: string | undefined): Promise<SignedIn | null>;
  end(sessionId: string): Promise<void>;
  /** Hears of every sign-in that ends, by signing out or by time. Returns how to stop listening. */
  onEnd(listener: (sessionId: string) => void): () => void;
  close(): void;
}

/** A working day. */
export const SESSION_MS = 12 * 60 * 60 * 1000;
const SWEEP_MS = 60_000;

/** Sessions live in the database, so that signing out ends them at once and a restart does not. */
export async function createSessions(options: {
  database: Database;
  organisations: Organisations;
  cookieName: string;
  /** Another one signs everybody out. */
  sessionKey: Buffer;
  now: () => number;
}): Promise<Sessions> {
  const { database, organisations, cookieName, sessionKey, now } = options;
  await database.migrate('sign-in', migrations);
  const store = createSignInStore(database);
  const listeners = new Set<(sessionId: string) => void>();
  const tell = (sessionId: string) => {
    for (const listener of listeners) listener(sessionId);
  };
  /** The secret itself is in the browser's cookie only. */
  const digestOf = (secret: string) => createHmac('sha256', sessionKey).update(secret).digest('base64url');
  const sweep = setInterval(() => {
    // What fails now is tried again in a minute; an expired row counts for nothing anyway.
    store.removeExpired(now()).then(
      (ended) => ended.forEach(tell),
      () => undefined,
    );
  }, SWEEP_MS);
  sweep.unref();

  return {
    async begin(agentId) {
      const secret = randomBytes(32).toString('base64url');
      const created = now();
      await store.add({
        digest: digestOf(secret),
        agent_id: agentId,
        created_at: created,
        expires_at: created + SESSION_MS,
      });
      return secret;
    },
    async fromCookies(cookieHeader) {
      const secret = parseCookie(cookieHeader ?? '')[cookieName];
      if (!secret) return null;
      const sessionId = digestOf(secret);
      const row = await store.find(sessionId, now());
      const known = row && organisations.agent(row.agent_id);
      return known ? { sessionId, ...known, expiresAt: row.expires_at } : null;
    },
    async end(sessionId) {
      await store.remove(sessionId);
      tell(sessionId);
    },
    onEnd(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    close: () => clearInterval(sweep),
  };
}
