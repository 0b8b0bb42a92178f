import type { Express } from 'express';
import type { Logger } from '../../../platform/http/index.ts';
import type { Database } from '../../../platform/storage/index.ts';
import type { Organisations } from '../organisations/index.ts';
import { createGuards, type SignInGuards } from './guards.ts';
import { createIdentityProvider, type ProviderOptions } from './provider.ts';
import { mountSignIn, sessionOperation } from './routes.ts';
import { createSessions, type Sessions, type SignedIn } from './sessions.ts';

export { createSessionAdministration } from './administration.ts';
export { AGENT_SESSION, signedInOf } from './guards.ts';
export { signInLogCodes } from './routes.ts';
export type { SignedIn } from './sessions.ts';

export interface SignIn extends SignInGuards {
  /** For sockets: who the Cookie header of a handshake says it is; null when nobody. */
  agentFromCookie(cookieHeader: string | undefined): Promise<SignedIn | null>;
  whenEnded: Sessions['whenEnded'];
  /** The person did something: see {@link Sessions.seen}. */
  seen: Sessions['seen'];
  /** The ids of all who are signed in. */
  agentsSignedIn: Sessions['agents'];
  mount(http: Express): void;
  close(): void;
}

export interface SignInSettings {
  publicUrl: string;
  /** 32 bytes: encrypts what a browser keeps while it is at the provider. */
  sessionKey: Buffer;
  signIn: Omit<ProviderOptions, 'redirectUri'> & {
    /** A sign-in ends when the agent did nothing for so long. */
    idleMinutes: number;
  };
}

export const signInOperations = [sessionOperation];

/** Signing in by OpenID Connect, for the people of the organisations file. */
export async function createSignIn(options: {
  config: SignInSettings;
  database: Database;
  organisations: Organisations;
  log: Logger;
  now: () => number;
}): Promise<SignIn> {
  const { config, database, organisations, log, now } = options;
  const { publicUrl, sessionKey, signIn } = config;
  // The prefix binds the cookie to this very host; browsers accept it over TLS only.
  const cookieName = publicUrl.startsWith('https:') ? '__Host-civicline-session' : 'civicline-session';
  const sessions = await createSessions({
    database,
    organisations,
    cookieName,
    sessionKey,
    idleMs: signIn.idleMinutes * 60_000,
    now,
  });
  const guards = createGuards(sessions, publicUrl);
  const provider = createIdentityProvider({ ...signIn, redirectUri: `${publicUrl}/sign-in/callback` });
  return {
    ...guards,
    agentFromCookie: sessions.fromCookies,
    whenEnded: sessions.whenEnded,
    seen: sessions.seen,
    agentsSignedIn: sessions.agents,
    mount: (http) =>
      mountSignIn(http, { provider, sessions, guards, organisations, publicUrl, sessionKey, cookieName, log }),
    close: sessions.close,
  };
}
