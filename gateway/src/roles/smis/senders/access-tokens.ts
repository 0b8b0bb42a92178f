import { createHash } from 'node:crypto';
import { createRemoteJWKSet, errors, type JWTVerifyGetKey, jwtVerify } from 'jose';
import { AppError } from '../../../platform/http/index.ts';
import type { TokenIssuer } from './index.ts';
import { keepRecent } from './recent.ts';

/** What a valid access token says. */
export interface AccessToken {
  /** The client that obtained it. */
  clientId: string;
  scopes: string[];
  /** UTC milliseconds. */
  expiresAt: number;
}

/** null: not valid. Throws 503 ISSUER_UNAVAILABLE when the issuer's keys cannot be had, so nothing can be said. */
export type ReadAccessToken = (token: string) => Promise<AccessToken | null>;

/** Asymmetric ones only: with a symmetric one, whoever can check could also forge. */
const ALGORITHMS = ['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA'];
const CLOCK_TOLERANCE_SECONDS = 5;
/** How long a token that was checked once is believed; then its signature is checked again. */
const BELIEVED_MS = 30_000;

/** Checks JWT access tokens (RFC 9068) of one issuer. Its keys are fetched when first needed, and kept. */
export function createAccessTokens(options: {
  issuer: TokenIssuer;
  now: () => number;
  /** For tests: the issuer's keys without HTTP. */
  keys?: JWTVerifyGetKey;
}): ReadAccessToken {
  const { issuer, now } = options;
  const keys = options.keys ?? createRemoteJWKSet(new URL(issuer.keysUrl), { timeoutDuration: 5_000 });

  const verify = async (token: string): Promise<AccessToken | null> => {
    try {
      const { payload } = await jwtVerify(token, keys, {
        issuer: issuer.issuer,
        audience: issuer.audience,
        typ: 'at+jwt',
        algorithms: ALGORITHMS,
        requiredClaims: ['exp', 'iat', 'sub', 'jti', 'client_id'],
        clockTolerance: CLOCK_TOLERANCE_SECONDS,
        currentDate: new Date(now()),
      });
      const { client_id: clientId, scope = '', exp = 0 } = payload;
      if (typeof clientId !== 'string' || typeof scope !== 'string') return null;
      return { clientId, scopes: scope.split(' '), expiresAt: exp * 1_000 };
    } catch (error) {
      if (isTokensFault(error)) return null;
      throw new AppError(503, 'ISSUER_UNAVAILABLE', 'Access tokens cannot be checked now. Try again soon.');
    }
  };

  // Kept by digest, so that no token stands in memory longer than its request.
  const believed = keepRecent<AccessToken>({ forMs: BELIEVED_MS, now });

  return async (token) => {
    const digest = createHash('sha256').update(token).digest('base64');
    const known = believed.peek(digest);
    if (known) return known.expiresAt + CLOCK_TOLERANCE_SECONDS * 1_000 > now() ? known : null;
    const read = await verify(token);
    if (read) believed.put(digest, read);
    return read;
  };
}

/** The rest are faults of the issuer or the way to it. */
function isTokensFault(error: unknown): boolean {
  return (
    error instanceof errors.JWTClaimValidationFailed ||
    error instanceof errors.JWTExpired ||
    error instanceof errors.JWTInvalid ||
    error instanceof errors.JWSInvalid ||
    error instanceof errors.JWSSignatureVerificationFailed ||
    error instanceof errors.JWKSNoMatchingKey ||
    error instanceof errors.JWKSMultipleMatchingKeys ||
    error instanceof errors.JOSEAlgNotAllowed ||
    error instanceof errors.JOSENotSupported
  );
}
