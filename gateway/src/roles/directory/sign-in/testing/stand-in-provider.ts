/** An OpenID provider's stand-in for unit tests: signs in at once, with the claims that a test gives it. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';

export interface StandInProvider {
  issuer: string;
  /** Claims of the next ID token; undefined leaves one out. */
  claims: Record<string, unknown>;
  /** Parameters of the last authorization request. */
  asked: URLSearchParams;
  /** Signs a token as the provider does; with `forged`, by somebody else's key. */
  sign(claims: JWTPayload, forged?: boolean): Promise<string>;
  stop(): Promise<void>;
}

export async function startStandInProvider(clientId: string): Promise<StandInProvider> {
  const own = await generateKeyPair('ES256');
  const other = await generateKeyPair('ES256');
  const jwk = { ...(await exportJWK(own.publicKey)), alg: 'ES256', kid: 'own', use: 'sig' };
  const standIn: StandInProvider = {
    issuer: '',
    claims: {},
    asked: new URLSearchParams(),
    sign: (claims, forged = false) =>
      new SignJWT(claims)
        .setProtectedHeader({ alg: 'ES256', kid: 'own' })
        .setIssuer(standIn.issuer)
        .setAudience(clientId)
        .sign((forged ? other : own).privateKey),
    stop: async () => {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', standIn.issuer);
    const json = (body: object) => response.setHeader('content-type', 'application/json').end(JSON.stringify(body));
    switch (pathname) {
      case '/.well-known/openid-configuration':
        return void json({
          issuer: standIn.issuer,
          authorization_endpoint: `${standIn.issuer}/authorize`,
          token_endpoint: `${standIn.issuer}/token`,
          jwks_uri: `${standIn.issuer}/keys`,
          id_token_signing_alg_values_supported: ['ES256'],
        });
      case '/keys':
        return void json({ keys: [jwk] });
      case '/authorize': {
        standIn.asked = searchParams;
        const back = new URL(searchParams.get('redirect_uri') ?? '');
        back.searchParams.set('code', 'one-time');
        back.searchParams.set('state', searchParams.get('state') ?? '');
        return void response.writeHead(302, { location: back.href }).end();
      }
      case '/token': {
        const now = Math.floor(Date.now() / 1000);
        const claims = {
          nonce: standIn.asked.get('nonce'),
          iat: now,
          exp: now + 60,
          auth_time: now,
          ...standIn.claims,
        };
        return void json({ token_type: 'Bearer', access_token: 'unused', id_token: await standIn.sign(claims) });
      }
      default:
        return void response.writeHead(404).end();
    }
  }
  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  standIn.issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return standIn;
}
