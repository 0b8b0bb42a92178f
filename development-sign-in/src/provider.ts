import { generateKeyPairSync, randomBytes } from 'node:crypto';
import type { Provider } from 'oidc-provider';
import type { Person } from './page.ts';

export interface ProviderOptions {
  issuer: string;
  clientId: string;
  clientSecret: string;
  redirectUris: readonly string[];
  people: readonly Person[];
}

/** An OpenID provider for one client, with keys of its own that live as long as the process. */
export function createProvider(options: ProviderOptions): Promise<Provider> {
  return withoutWarnings(async () => {
    const library = await import('oidc-provider');
    return build(library.Provider, options);
  });
}

function build(
  OpenIdProvider: typeof Provider,
  { issuer, clientId, clientSecret, redirectUris, people }: ProviderOptions,
): Provider {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return new OpenIdProvider(issuer, {
    clients: [
      {
        client_id: clientId,
        client_secret: clientSecret,
        redirect_uris: [...redirectUris],
        token_endpoint_auth_method: 'client_secret_basic',
      },
    ],
    jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256' }] },
    cookies: { keys: [randomBytes(32).toString('base64url')] },
    scopes: ['openid', 'email', 'profile'],
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
    // One client, and a page that says who asks: there is nothing to consent to.
    loadExistingGrant: async (ctx) => {
      const accountId = ctx.oidc.session?.accountId;
      if (!accountId) return undefined;
      const grant = new ctx.oidc.provider.Grant({ accountId, clientId });
      grant.addOIDCScope('openid email profile');
      await grant.save();
      return grant;
    },
    findAccount: (_ctx, sub) => {
      const person = people.find((known) => known.sub === sub);
      if (!person) return undefined;
      return { accountId: sub, claims: () => ({ sub, email: person.email, email_verified: true, name: person.name }) };
    },
    conformIdTokenClaims: false,
    features: { devInteractions: { enabled: false }, rpInitiatedLogout: { enabled: false } },
    interactions: { url: (_ctx, interaction) => `/people/${interaction.uid}` },
    ttl: { Interaction: 600, Session: 600, Grant: 600, AccessToken: 600, IdToken: 600 },
    renderError: (ctx, error) => {
      ctx.type = 'text';
      ctx.body = `${error.error}: ${error.error_description ?? ''}`;
    },
  });
}

/**
 * The library warns operators of a store in memory and of Node.js 20. Both are meant here: nothing of a development
 * sign-in needs to outlive its process, and our tests run it on every Node.js that Civicline supports.
 */
async function withoutWarnings<T>(work: () => Promise<T>): Promise<T> {
  const { warn } = console;
  console.warn = (...message: unknown[]) => {
    if (!String(message[0]).includes('oidc-provider')) warn(...message);
  };
  try {
    return await work();
  } finally {
    console.warn = warn;
  }
}
