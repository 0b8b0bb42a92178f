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
  /** Absent when the provider gives none, or says that it has not checked it. */
  email?: string;
}

/** The OpenID Connect provider, as relying party: authorization code flow with PKCE (RFC 7636), state and nonce. */
export interface IdentityProvider {
  begin(returnTo: string): Promise<{ url: URL; pending: PendingSignIn }>;
  /** Throws when the answer is not the one to `pending`, or the provider refuses it. */
  complete(callbackUrl: URL, pending: PendingSignIn): Promise<Person>;
  /** Where a browser goes to sign out at the provider as well; null when it offers no such place. */
  endSessionUrl(returnTo: string): Promise<URL | null>;
}

export interface ProviderOptions {
  issuer: string;
  clientId: string;
  clientSecret: string;
  redirectUri: string;
}

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
      });
      const claims = tokens.claims();
      if (!claims) throw new Error('The provider sent no ID token.');
      // Many providers put the mail address in the user information only.
      const { email, email_verified: verified } =
        claims.email === undefined && provider.serverMetadata().userinfo_endpoint
          ? await oidc.fetchUserInfo(provider, tokens.access_token, claims.sub)
          : claims;
      return { sub: claims.sub, ...(typeof email === 'string' && mayBeTrusted(verified) ? { email } : {}) };
    },

    async endSessionUrl(returnTo) {
      const provider = await discover();
      if (!provider.serverMetadata().end_session_endpoint) return null;
      return oidc.buildEndSessionUrl(provider, { post_logout_redirect_uri: returnTo });
    },
  };
}

/** `email_verified` (OpenID Connect Core §5.1), which some providers write as text, and others leave out. */
export function mayBeTrusted(verified: unknown): boolean {
  return verified === undefined || verified === true || verified === 'true';
}
