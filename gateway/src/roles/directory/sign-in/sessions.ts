import { createHmac, randomBytes } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { parseCookie } from 'cookie';
import type { Database } from '../../../platform/storage/index.ts';
import type { Agent, Organisation, Organisations } from '../organisations/index.ts';
import type { Person, SignedOut } from './provider.ts';
import { createSignInStore, migrations } from './store.ts';

/** A person who has signed in, as the organisations file knows them now. */
export interface SignedIn {
  /** Names this sign-in, for {@link Sessions.whenEnded}; not a secret. */
  sessionId: string;
  agent: Agent;
  organisation: Organisation;
  /** UTC milliseconds. */
  expiresAt: number;
}

export interface Sessions {
  /** Signs in whom the provider vouched for, and returns the secret for the cookie. */
  begin(agentId: string, person: Pick<Person, 'sub' | 'sid'>): Promise<string>;
  /** Who the cookies of a request say it is; null when nobody, or nobody any more. */
  fromCookies(cookieHeader: string | undefined): Promise<SignedIn | null>;
  /** The person behind the sign-in did something: it is not idle. */
  seen(sessionId: string): Promise<void>;
  end(sessionId: string): Promise<void>;
  /** Ends every sign-in of one person, or what the provider signed out. */
  endAll(whose: { agentId: string } | SignedOut): Promise<void>;
  /**
   * Hears that a sign-in has ended, by signing out or by time: at once when that happened here, within a minute when at
   * another gateway. A sign-in is not idle while `inUse` says so. Returns how to stop listening.
   */
  whenEnded(sessionId: string, listener: () => void, inUse?: () => boolean): () => void;
  /** The ids of all who are signed in. */
  agents(): Promise<Set<string>>;
  /** Ends what has expired; happens every minute by itself. */
  sweep(): Promise<void>;
  close(): void;
}

/** A working day. */
export const SESSION_MS = 12 * 60 * 60 * 1000;
const SWEEP_MS = 60_000;
/** How exactly it is known when somebody was last seen: one write a minute at most. */
const SEEN_MS = 60_000;
const SWEEP_PAGE = 500;

/** Sessions live in the database, so that signing out ends them at once and a restart does not. */
export async function createSessions(options: {
  database: Database;
  organisations: Organisations;
  cookieName: string;
  /** Another one signs everybody out. */
  sessionKey: Buffer;
  /** How long nobody may do anything before the sign-in ends, in milliseconds. */
  idleMs: number;
  now: () => number;
}): Promise<Sessions> {
  const { database, organisations, cookieName, sessionKey, idleMs, now } = options;
  await database.migrate('sign-in', migrations);
  const store = createSignInStore(database);
  /** Its events are the ids of sessions. */
  const ended = new EventEmitter<Record<string, []>>().setMaxListeners(0);
  /** The secret itself is in the browser's cookie only. */
  const digestOf = (secret: string) => createHmac('sha256', sessionKey).update(secret).digest('base64url');
  const inUse = new Map<string, Set<() => boolean>>();
  async function sweep(): Promise<void> {
    const used = [...inUse].filter(([, uses]) => [...uses].some((use) => use())).map(([sessionId]) => sessionId);
    for (let i = 0; i < used.length; i += SWEEP_PAGE) await store.seen(used.slice(i, i + SWEEP_PAGE), now());
    await store.removeExpired(now(), now() - idleMs);
    // Also those that another gateway has removed.
    const watched = ended.eventNames() as string[];
    for (let i = 0; i < watched.length; i += SWEEP_PAGE) {
      const page = watched.slice(i, i + SWEEP_PAGE);
      const present = await store.present(page);
      for (const sessionId of page) if (!present.has(sessionId)) ended.emit(sessionId);
    }
  }
  // What fails now is tried again in a minute; an expired row counts for nothing anyway.
  const sweeping = setInterval(() => void sweep().catch(() => undefined), SWEEP_MS);
  sweeping.unref();

  return {
    async begin(agentId, { sub, sid }) {
      const secret = randomBytes(32).toString('base64url');
      const created = now();
      await store.add({
        digest: digestOf(secret),
        agent_id: agentId,
        created_at: created,
        expires_at: created + SESSION_MS,
        seen_at: created,
        subject: digestOf(`sub ${sub}`),
        provider_session: sid === undefined ? null : digestOf(`sid ${sid}`),
      });
      return secret;
    },
    async fromCookies(cookieHeader) {
      const secret = parseCookie(cookieHeader ?? '')[cookieName];
      if (!secret) return null;
      const sessionId = digestOf(secret);
      const row = await store.find(sessionId, now(), now() - idleMs);
      const known = row && organisations.agent(row.agent_id);
      return known ? { sessionId, ...known, expiresAt: row.expires_at } : null;
    },
    async seen(sessionId) {
      const row = await store.find(sessionId, now(), now() - idleMs);
      if (row && now() - row.seen_at >= SEEN_MS) await store.seen([sessionId], now());
    },
    async endAll(whose) {
      const removed = await ('agentId' in whose
        ? store.removeWhere('agent_id', whose.agentId)
        : 'sid' in whose
          ? store.removeWhere('provider_session', digestOf(`sid ${whose.sid}`))
          : store.removeWhere('subject', digestOf(`sub ${whose.sub}`)));
      for (const sessionId of removed) ended.emit(sessionId);
    },
    async end(sessionId) {
      await store.remove(sessionId);
      ended.emit(sessionId);
    },
    whenEnded(sessionId, listener, use = () => false) {
      ended.on(sessionId, listener);
      const uses = inUse.get(sessionId) ?? new Set();
      inUse.set(sessionId, uses.add(use));
      return () => {
        ended.off(sessionId, listener);
        uses.delete(use);
        if (uses.size === 0) inUse.delete(sessionId);
      };
    },
    agents: () => store.agents(now(), now() - idleMs),
    sweep,
    close: () => clearInterval(sweeping),
  };
}
