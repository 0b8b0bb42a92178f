/** How a sender proves to SMIS who it is: a key, or access tokens that it gets with a private key of its own. */
import { createPrivateKey, type KeyObject, webcrypto } from 'node:crypto';
import { allowInsecureRequests, clientCredentialsGrant, discovery, PrivateKeyJwt } from 'openid-client';
import { SenderError } from './errors.ts';

/** Gives a token that is good now; `fresh`: SMIS refused the one before. */
export type AccessTokens = (options?: { fresh?: boolean }) => Promise<string>;

export interface ClientCredentials {
  /** The authorisation server's issuer identifier (RFC 8414 or OpenID Connect Discovery). */
  issuer: string;
  clientId: string;
  /** PEM (PKCS #8): RSA or EC P-256. */
  privateKey: string;
  /** The key's id at the authorisation server, when it knows several. */
  keyId?: string;
  scope?: string;
  /** RFC 8707: SMIS's own identifier, for issuers that want to know whom a token is for. */
  resource?: string;
}

/** A token is replaced this long before it ends. */
const MARGIN_MS = 30_000;
const ASSUMED_SECONDS = 60;

/** Client credentials grant (RFC 6749 §4.4) with private_key_jwt (RFC 7523); a token is used until shortly before its end. */
export function clientCredentials(client: ClientCredentials, now: () => number = Date.now): AccessTokens {
  let current: { token: string; until: number } | null = null;
  let asking: Promise<string> | null = null;

  async function ask(): Promise<string> {
    try {
      const issuer = new URL(client.issuer);
      const local = issuer.protocol === 'http:' && ['127.0.0.1', 'localhost', '[::1]'].includes(issuer.hostname);
      const key = await importKey(createPrivateKey(client.privateKey));
      const authentication = PrivateKeyJwt(client.keyId === undefined ? key : { key, kid: client.keyId });
      const found = await discovery(issuer, client.clientId, undefined, authentication, {
        ...(local && { execute: [allowInsecureRequests] }),
      });
      const { scope, resource } = client;
      const answer = await clientCredentialsGrant(found, { ...(scope && { scope }), ...(resource && { resource }) });
      const seconds = answer.expiresIn() ?? ASSUMED_SECONDS;
      current = { token: answer.access_token, until: now() + seconds * 1000 - MARGIN_MS };
      return answer.access_token;
    } catch (error) {
      // What the library says may quote the request.
      const name = error instanceof Error ? error.name : 'error';
      throw new SenderError('TOKEN_UNAVAILABLE', `The authorisation server gave no access token (${name}).`);
    }
  }

  return async ({ fresh = false } = {}) => {
    if (!fresh && current && now() < current.until) return current.token;
    asking ??= ask().finally(() => {
      asking = null;
    });
    return asking;
  };
}

async function importKey(key: KeyObject): Promise<CryptoKey> {
  const der = key.export({ type: 'pkcs8', format: 'der' });
  const algorithm =
    key.asymmetricKeyType === 'ec'
      ? { name: 'ECDSA', namedCurve: 'P-256' }
      : { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
  return webcrypto.subtle.importKey('pkcs8', der, algorithm, false, ['sign']) as Promise<CryptoKey>;
}
