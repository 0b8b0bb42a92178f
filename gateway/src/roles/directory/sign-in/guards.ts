import type { RequestHandler, Response } from 'express';
import { AppError, ownOriginOnly, type SecurityScheme } from '../../../platform/http/index.ts';
import type { Agent } from '../organisations/index.ts';
import type { Sessions, SignedIn } from './sessions.ts';

/** The security scheme of all operations for signed-in people. */
export const AGENT_SESSION: SecurityScheme = {
  name: 'agent-session',
  scheme: {
    type: 'apiKey',
    in: 'cookie',
    name: 'civicline-session',
    description: 'Set by signing in at `/sign-in`; over TLS its name begins with `__Host-`.',
  },
};

export interface SignInGuards {
  /** Lets signed-in people through, whatever their roles. */
  requireSignIn: RequestHandler;
  /** Lets agents through. */
  requireAgent: RequestHandler;
  requireRole(role: Agent['roles'][number]): RequestHandler;
}

/** Guards by session cookie; each refuses changes that come from another origin, too. */
export function createGuards(sessions: Sessions, publicUrl: string): SignInGuards {
  const ownOrigin = ownOriginOnly(publicUrl);
  const guard =
    (allowed: (signedIn: SignedIn) => boolean): RequestHandler =>
    async (request, response, next) => {
      const signedIn = await sessions.fromCookies(request.headers.cookie);
      if (!signedIn) throw new AppError(401, 'NOT_SIGNED_IN', 'Nobody is signed in.');
      if (!allowed(signedIn)) throw new AppError(403, 'ROLE_MISSING', 'Your roles do not include this.');
      response.locals.signedIn = signedIn;
      await sessions.seen(signedIn.sessionId);
      ownOrigin(request, response, next);
    };
  const requireRole: SignInGuards['requireRole'] = (role) => guard(({ agent }) => agent.roles.includes(role));
  return { requireSignIn: guard(() => true), requireAgent: requireRole('agent'), requireRole };
}

/** Who a guard let through. */
export function signedInOf(response: Response): SignedIn {
  return response.locals.signedIn as SignedIn;
}
