import { createRemoteJWKSet, jwtVerify } from 'jose';
import * as oidc from 'openid-client';

/** What must be remembered between leaving for the OpenID provider and coming back. */
export interface PendingSignIn {
  state: string;
  nonce: string;
  codeVerifier: string;
  returnTo: string;
}

/** Who the provider says somebody is. */
export interface Person {
  sub: string;
  /** The provider's own session, which a back-channel logout may name. */
  sid?: string;
  /** Absent when the provider gives none, or does not vouch for it. */
  email?: string;
}

/** Whom a back-channel logout signs out: one session of the provider, or everything of one person. */
export type SignedOut = { sid: string } | { sub: string };

/** The provider's answer is genuine, but the person proved less than the installation asks for. */
export class SignInTooWeakError extends Error {
  readonly code = 'SIGN_IN_TOO_WEAK';
}

/** The OpenID Connect provider, as relying party: authorization code flow with PKCE (RFC 7636), state and nonce. */
export interface IdentityProvider {
  begin(returnTo: string): Promise<{ url: URL; pending: PendingSignIn }>;
  /**
   * Throws when the answer is not the one to `pending`, or the provider refuses it; {@link SignInTooWeakError} when the
   * person signed in with less than the accepted `acr` values.
   */
  complete(callbackUrl: URL, pending: PendingSignIn): Promise<Person>;
  /** Where a browser goes to sign out at the provider as well; null when it offers no such place. */
  endSessionUrl(returnTo: string): Promise<URL | null>;
  /** Checks a logout token (OpenID Connect Back-Channel Logout 1.0 §2.6). Throws when it is not genuine. */
  readLogoutToken(token: string): Promise<SignedOut>;
}

export interface ProviderOptions {
  issuer: string;
  clientId: string;
  clientSecret: string;
  redirectUri: string;
  /** Authentication context classes, one of which the provider must confirm; empty: any. */
  acr: readonly string[];
  /** How long ago the person may have signed in at the provider, in seconds. */
  maxAgeSeconds: number;
  /** The provider vouches for every address although it leaves out `email_verified`. */
  trustEmail: boolean;
}

const LOGOUT_EVENT = 'http://schemas.openid.net/event/backchannel-logout';
/** Whatever a provider signs with, a shared secret is not among it. */
const SIGNATURES = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'];

/** Looks the provider up at first use, and again after a failure: it may start later than the gateway. */
export function createIdentityProvider(options: ProviderOptions): IdentityProvider {
  let found: Promise<oidc.Configuration> | null = null;
  const discover = (): Promise<oidc.Configuration> => {
    found ??= oidc
      .discovery(new URL(options.issuer), options.clientId, {}, oidc.ClientSecretBasic(options.clientSecret), {
        // The configuration allows plain HTTP on the loopback address only.
        execute: options.issuer.startsWith('http:') ? [oidc.allowInsecureRequests] : [],
        timeout: 10,
      })
      .catch((error: unknown) => {
        found = null;
        throw error;
      });
    return found;
  };
  let keys: ReturnType<typeof createRemoteJWKSet> | null = null;
  const keysOf = (provider: oidc.Configuration) => {
    const { jwks_uri: uri } = provider.serverMetadata();
    if (!uri) throw new Error('The provider publishes no keys.');
    keys ??= createRemoteJWKSet(new URL(uri));
    return keys;
  };

  return {
    async begin(returnTo) {
      const provider = await discover();
      const pending = {
        state: oidc.randomState(),
        nonce: oidc.randomNonce(),
        codeVerifier: oidc.randomPKCECodeVerifier(),
        returnTo,
      };
      const url = oidc.buildAuthorizationUrl(provider, {
        redirect_uri: options.redirectUri,
        scope: 'openid email profile',
        state: pending.state,
        nonce: pending.nonce,
        code_challenge: await oidc.calculatePKCECodeChallenge(pending.codeVerifier),
        code_challenge_method: 'S256',
        max_age: String(options.maxAgeSeconds),
        ...(options.acr.length > 0 ? { acr_values: options.acr.join(' ') } : {}),
      });
      return { url, pending };
    },

    async complete(callbackUrl, pending) {
      const provider = await discover();
      const tokens = await oidc.authorizationCodeGrant(provider, callbackUrl, {
        expectedState: pending.state,
        expectedNonce: pending.nonce,
        pkceCodeVerifier: pending.codeVerifier,
        idTokenExpected: true,
        maxAge: options.maxAgeSeconds,
      });
      const claims = tokens.claims();
      if (!claims) throw new Error('The provider sent no ID token.');
      if (options.acr.length > 0 && !options.acr.includes(String(claims.acr))) {
        throw new SignInTooWeakError('The person signed in with less than is asked for.');
      }
      // Many providers put the mail address in the user information only.
      const { email, email_verified: verified } =
        claims.email === undefined && provider.serverMetadata().userinfo_endpoint
          ? await oidc.fetchUserInfo(provider, tokens.access_token, claims.sub)
          : claims;
      return {
        sub: claims.sub,
        ...(typeof claims.sid === 'string' ? { sid: claims.sid } : {}),
        ...(typeof email === 'string' && isVouchedFor(verified, options.trustEmail) ? { email } : {}),
      };
    },

    async endSessionUrl(returnTo) {
      const provider = await discover();
      if (!provider.serverMetadata().end_session_endpoint) return null;
      return oidc.buildEndSessionUrl(provider, { post_logout_redirect_uri: returnTo });
    },

    async readLogoutToken(token) {
      const provider = await discover();
      const { payload } = await jwtVerify(token, keysOf(provider), {
        issuer: provider.serverMetadata().issuer,
        audience: options.clientId,
        algorithms: SIGNATURES,
        requiredClaims: ['iat', 'jti', 'events'],
        maxTokenAge: '10 minutes',
        clockTolerance: '2 minutes',
      });
      const { events, nonce, sid, sub } = payload;
      const isLogout = typeof events === 'object' && events !== null && LOGOUT_EVENT in events;
      // An ID token carries a nonce, and must not pass for a logout.
      if (!isLogout || nonce !== undefined) throw new Error('This is not a logout token.');
      if (typeof sid === 'string') return { sid };
      if (typeof sub === 'string') return { sub };
      throw new Error('The logout token names nobody.');
    },
  };
}

/**
 * Whether `email_verified` (OpenID Connect Core §5.1) says that the provider has checked the address. Some providers write
 * it as text; where they leave it out, `trusted` decides.
 */
export function isVouchedFor(verified: unknown, trusted: boolean): boolean {
  return verified === undefined ? trusted : verified === true || verified === 'true';
}
