import { localizedTextSchema } from '@civicline/protocol';
import { parseCookie, stringifySetCookie } from 'cookie';
import { type Express, type Response, urlencoded } from 'express';
import { EncryptJWT, jwtDecrypt } from 'jose';
import { z } from 'zod';
import { AppError, type Logger, mount, operation, ownOriginOnly, ownPagePolicy } from '../../../platform/http/index.ts';
import type { Organisations } from '../organisations/index.ts';
import { AGENT_SESSION, type SignInGuards, signedInOf } from './guards.ts';
import { sendSignInPage } from './pages.ts';
import { type IdentityProvider, type PendingSignIn, type Person, SignInTooWeakError } from './provider.ts';
import { SESSION_MS, type Sessions } from './sessions.ts';

export const sessionOperation = operation({
  method: 'get',
  path: '/v1/session',
  tag: 'Agents',
  summary: 'Who is signed in.',
  description:
    'Sign in by sending the browser to `/sign-in?return=/console/`; sign out with a form that posts to `/sign-out`.',
  security: AGENT_SESSION,
  answers: {
    200: {
      description: 'The person behind the session cookie.',
      schema: z.object({
        agent: z.object({ id: z.string(), name: z.string() }),
        organisation: z.object({ id: z.string(), name: localizedTextSchema }),
        roles: z.array(z.enum(['agent', 'auditor'])),
        expiresAt: z.iso.datetime(),
      }),
    },
    401: { description: 'Nobody is signed in: `NOT_SIGNED_IN`.' },
  },
});

/** What operators may find in the log. */
export const signInLogCodes = {
  SIGN_IN_UNAVAILABLE: 'The OpenID provider does not answer.',
  SIGN_IN_FAILED: 'A sign-in was cancelled, took too long, or its answer was not genuine.',
  SIGN_IN_TOO_WEAK: 'The provider confirmed less than CIVICLINE_OIDC_ACR asks for.',
  LOGOUT_TOKEN_INVALID: 'The OpenID provider, or somebody else, posted a logout token that is not genuine.',
  SIGN_IN_UNKNOWN: 'Somebody whom the provider knows, but the organisations file does not, tried to sign in.',
};

const PENDING_SECONDS = 600;

export interface SignInRouteOptions {
  provider: IdentityProvider;
  sessions: Sessions;
  guards: SignInGuards;
  organisations: Organisations;
  publicUrl: string;
  sessionKey: Buffer;
  cookieName: string;
  log: Logger;
}

/** `/sign-in`, `/sign-in/callback`, `/sign-in/back-channel-logout`, `/sign-out` and `/v1/session`. */
export function mountSignIn(http: Express, options: SignInRouteOptions): void {
  const { provider, sessions, guards, organisations, publicUrl, log } = options;
  const cookies = cookieWriter(options);

  http.get('/sign-in', async (request, response) => {
    const returnTo = ownPath(request.query.return, publicUrl);
    try {
      const { url, pending } = await provider.begin(returnTo);
      cookies.setPending(response, await sealPending(pending, options.sessionKey));
      response.setHeader('Cache-Control', 'no-store').redirect(303, url.href);
    } catch (error) {
      log.warn({ code: 'SIGN_IN_UNAVAILABLE', error }, 'the OpenID provider does not answer');
      ownPagePolicy(request, response, () => sendSignInPage(request, response, 'unavailable'));
    }
  });

  http.get('/sign-in/callback', ownPagePolicy, async (request, response) => {
    const sealed = parseCookie(request.headers.cookie ?? '')[cookies.pendingName];
    const pending = await openPending(sealed, options.sessionKey);
    cookies.clearPending(response);
    if (!pending) return sendSignInPage(request, response, 'failed');
    let person: Person;
    try {
      person = await provider.complete(new URL(request.originalUrl, publicUrl), pending);
    } catch (error) {
      if (error instanceof SignInTooWeakError) {
        log.warn({ code: error.code }, 'somebody signed in with less than is asked for');
        return sendSignInPage(request, response, 'too-weak');
      }
      log.warn({ code: 'SIGN_IN_FAILED', error }, 'a sign-in was not completed');
      return sendSignInPage(request, response, 'failed');
    }
    const known = find(organisations, person);
    if (!known) {
      log.warn({ code: 'SIGN_IN_UNKNOWN' }, 'somebody signed in who is not in the organisations file');
      return sendSignInPage(request, response, 'no-access');
    }
    cookies.setSession(response, await sessions.begin(known.agent.id, person));
    log.info({ agentId: known.agent.id }, 'signed in');
    response.setHeader('Cache-Control', 'no-store').redirect(303, pending.returnTo);
  });

  http.post('/sign-out', ownOriginOnly(publicUrl), async (request, response) => {
    const signedIn = await sessions.fromCookies(request.headers.cookie);
    if (signedIn && request.query.everywhere === 'true') await sessions.endAll({ agentId: signedIn.agent.id });
    else if (signedIn) await sessions.end(signedIn.sessionId);
    cookies.clearSession(response);
    // Signing out here must not depend on the provider.
    const url = await provider.endSessionUrl(`${publicUrl}/console/`).catch(() => null);
    response.setHeader('Cache-Control', 'no-store').redirect(303, url?.href ?? '/console/');
  });

  // OpenID Connect Back-Channel Logout 1.0: the provider itself posts here, without a cookie.
  http.post(
    '/sign-in/back-channel-logout',
    urlencoded({ extended: false, limit: '16kb' }),
    async (request, response) => {
      const token: unknown = Object(request.body).logout_token;
      try {
        await sessions.endAll(await provider.readLogoutToken(String(token)));
      } catch (error) {
        log.warn({ code: 'LOGOUT_TOKEN_INVALID', error }, 'a back-channel logout was refused');
        throw new AppError(400, 'LOGOUT_TOKEN_INVALID', 'The logout token is not genuine.');
      }
      response.setHeader('Cache-Control', 'no-store').end();
    },
  );

  mount(http, sessionOperation, [guards.requireSignIn], (_input, response) => {
    const { agent, organisation, expiresAt } = signedInOf(response);
    response.json({
      agent: { id: agent.id, name: agent.name },
      organisation: { id: organisation.id, name: organisation.name },
      roles: agent.roles,
      expiresAt: new Date(expiresAt).toISOString(),
    });
  });
}

function find(organisations: Organisations, { sub, email }: Person) {
  return organisations.agentBySignIn(sub) ?? (email === undefined ? undefined : organisations.agentBySignIn(email));
}

/** The path to go back to after signing in; anything that would leave our own origin becomes the console. */
function ownPath(wanted: unknown, publicUrl: string): string {
  if (typeof wanted !== 'string' || !URL.canParse(wanted, publicUrl)) return '/console/';
  const { pathname, search } = new URL(wanted, publicUrl);
  // Looked at as the browser will: of `/.//elsewhere` only `//elsewhere` is left, which names another host.
  const isOurs = [wanted, pathname].every((path) => new URL(path, publicUrl).origin === new URL(publicUrl).origin);
  return isOurs ? pathname + search : '/console/';
}

function sealPending(pending: PendingSignIn, key: Buffer): Promise<string> {
  return new EncryptJWT({ ...pending })
    .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
    .setExpirationTime(`${PENDING_SECONDS} s`)
    .encrypt(key);
}

async function openPending(sealed: string | undefined, key: Buffer): Promise<PendingSignIn | null> {
  if (!sealed) return null;
  try {
    const { payload } = await jwtDecrypt(sealed, key);
    return payload as unknown as PendingSignIn;
  } catch {
    return null;
  }
}

function cookieWriter({ publicUrl, cookieName }: SignInRouteOptions) {
  const secure = publicUrl.startsWith('https:');
  // As the session's: no neighbouring host can set it, so nobody can be made to complete a stranger's sign-in.
  const pendingName = secure ? '__Host-civicline-sign-in' : 'civicline-sign-in';
  const write = (response: Response, name: string, value: string, seconds: number) =>
    response.append(
      'Set-Cookie',
      stringifySetCookie({ name, value, path: '/', maxAge: seconds, httpOnly: true, sameSite: 'lax', secure }),
    );
  return {
    pendingName,
    setPending: (response: Response, value: string) => write(response, pendingName, value, PENDING_SECONDS),
    clearPending: (response: Response) => write(response, pendingName, '', 0),
    setSession: (response: Response, value: string) => write(response, cookieName, value, SESSION_MS / 1000),
    clearSession: (response: Response) => write(response, cookieName, '', 0),
  };
}
