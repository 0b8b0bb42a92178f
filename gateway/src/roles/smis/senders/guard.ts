import type { Request, RequestHandler, Response } from 'express';
import { AppError, type SecurityScheme } from '../../../platform/http/index.ts';
import type { Sealer } from '../../../platform/storage/index.ts';
import type { ReadAccessToken } from './access-tokens.ts';
import { digestContext, matches, readApiKey } from './credentials.ts';
import { keepRecent } from './recent.ts';
import type { Scope } from './schemas.ts';
import { allowedScopes, type SenderStore, type StoredKey, type StoredSender } from './store.ts';

/** The security scheme of all operations for senders. */
export const SENDER: SecurityScheme = {
  name: 'sender',
  scheme: {
    type: 'http',
    scheme: 'bearer',
    description:
      'API key of a sender (`cvl_…`), or a JWT access token (RFC 9068) of the issuer that the gateway trusts.',
  },
};

/** How late another process's change to a sender or key is seen: revocation, scopes, quotas. */
const RECENT_MS = 3_000;

/**
 * Says who makes a request: by API key, or by access token when there is an issuer. What is wrong, expired, revoked or
 * of somebody else gets one and the same answer.
 */
export function createGuard(options: {
  store: SenderStore;
  sealer: Sealer;
  readAccessToken: ReadAccessToken | null;
  now: () => number;
}) {
  const { store, sealer, readAccessToken, now } = options;
  const recentKeys = keepRecent<{ key: StoredKey; sender: StoredSender } | null>({ forMs: RECENT_MS, now });
  const recentClients = keepRecent<StoredSender | null>({ forMs: RECENT_MS, now });
  const recentSenders = keepRecent<StoredSender>({ forMs: RECENT_MS, now });

  async function loadKey(id: string) {
    const key = await store.key(id);
    const sender = key && (await store.senderById(key.senderId));
    if (!key || !sender) return null;
    recentSenders.put(sender.id, sender);
    return { key, sender };
  }

  async function loadClient(clientId: string) {
    const sender = await store.senderByClient(clientId);
    if (sender) recentSenders.put(sender.id, sender);
    return sender;
  }

  async function byApiKey(text: string): Promise<Caller | null> {
    const given = readApiKey(text);
    if (!given) return null;
    const known = await recentKeys.get(given.id, () => loadKey(given.id));
    if (!known || !matches(known.key.digest, sealer.digests(given.secret, digestContext(given.id)))) return null;
    const { key, sender } = known;
    if (key.revokedAt !== null || (key.expiresAt !== null && key.expiresAt <= now())) return null;
    return callerOf(sender, key.scopes);
  }

  async function byAccessToken(text: string): Promise<Caller | null> {
    const token = await readAccessToken?.(text);
    if (!token) return null;
    const sender = await recentClients.get(token.clientId, () => loadClient(token.clientId));
    return sender && callerOf(sender, token.scopes);
  }

  /** null: any scope will do. */
  function require(scope: Scope | null): RequestHandler {
    return async (request, response, next) => {
      const credential = bearerOf(request);
      const caller = credential.startsWith('cvl_') ? await byApiKey(credential) : await byAccessToken(credential);
      if (!caller) {
        response.setHeader('WWW-Authenticate', 'Bearer');
        throw new AppError(401, 'CREDENTIAL_REFUSED', 'Send a valid credential: Authorization: Bearer …');
      }
      if (scope !== null && !caller.scopes.includes(scope)) {
        throw scopeMissing();
      }
      response.locals.sender = caller.sender;
      response.locals.senderScopes = caller.scopes;
      next();
    };
  }

  return {
    require,
    senderOf: (response: Response) => response.locals.sender as StoredSender,
    allows: (response: Response, scope: Scope) => (response.locals.senderScopes as Scope[]).includes(scope),
    /** A sender that made a request lately. */
    recentSender: (id: string) => recentSenders.peek(id),
  };
}

interface Caller {
  sender: StoredSender;
  scopes: Scope[];
}

/** null: it was revoked. */
function callerOf(sender: StoredSender, scopes: readonly string[] | null): Caller | null {
  return sender.revokedAt === null ? { sender, scopes: allowedScopes(sender, scopes) } : null;
}

function bearerOf(request: Request): string {
  const [, credential = ''] = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '') ?? [];
  return credential;
}

/** `detail`: which scope, where only some requests of a kind need it. */
export function scopeMissing(detail?: string): AppError {
  return new AppError(
    403,
    'SCOPE_MISSING',
    'This credential does not allow that.',
    detail === undefined ? {} : { detail },
  );
}
