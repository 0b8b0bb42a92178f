import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import Provider from 'oidc-provider';
import { clientCredentials, createSender, SenderError } from './index.ts';

/** Against oidc-provider, an authorisation server that is not ours. */
describe('access tokens of a sender', () => {
  let server: Server;
  let issuer: string;
  let asked: number;
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });

  beforeEach(async () => {
    asked = 0;
    server = createServer();
    await once(server.listen(0, '127.0.0.1'), 'listening');
    issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const clientOf = (client_id: string, { publicKey }: typeof rsa, alg: 'RS256' | 'ES256') => ({
      client_id,
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
      token_endpoint_auth_method: 'private_key_jwt' as const,
      token_endpoint_auth_signing_alg: alg,
      jwks: { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: client_id, use: 'sig', alg }] } as never,
    });
    const provider = new Provider(issuer, {
      clients: [clientOf('rsa', rsa, 'RS256'), clientOf('ec', ec, 'ES256')],
      features: { clientCredentials: { enabled: true }, devInteractions: { enabled: false } },
      ttl: { ClientCredentials: 600 },
      jwks: { keys: [rsa.privateKey.export({ format: 'jwk' }) as never] },
    });
    const answer = provider.callback();
    server.on('request', (request, response) => {
      if (request.url === '/token') asked++;
      answer(request, response);
    });
  });
  afterEach(() => {
    server.close();
    server.closeAllConnections();
  });

  const pem = ({ privateKey }: typeof rsa) => privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;

  it('are got with a private key, RSA or EC, and used until shortly before their end', async () => {
    let now = Date.now();
    for (const [clientId, pair] of [
      ['rsa', rsa],
      ['ec', ec],
    ] as const) {
      asked = 0;
      const tokens = clientCredentials({ issuer, clientId, privateKey: pem(pair) }, () => now);
      const [first, same] = await Promise.all([tokens(), tokens()]);
      expect(first).to.be.a('string').and.to.equal(same);
      expect(await tokens()).to.equal(first);
      expect(asked).to.equal(1);
      now += 580_000;
      expect(await tokens()).not.to.equal(first);
      await tokens({ fresh: true });
      expect(asked).to.equal(3);
    }
  });

  it('are said not to be had, without the key or the request', async () => {
    const privateKey = pem(rsa);
    const wrong = [
      { issuer, clientId: 'nobody', privateKey },
      { issuer, clientId: 'ec', privateKey },
      { issuer, clientId: 'rsa', privateKey: 'no key' },
      { issuer: 'http://127.0.0.1:9', clientId: 'rsa', privateKey },
    ];
    for (const client of wrong) {
      const error = await clientCredentials(client)().catch((reason: unknown) => reason);
      expect(error).to.be.instanceOf(SenderError);
      expect((error as SenderError).code).to.equal('TOKEN_UNAVAILABLE');
      expect((error as SenderError).message).not.to.match(/PRIVATE|eyJ/);
    }
  });

  it('are renewed once when SMIS refuses one', async () => {
    const seen: (string | undefined)[] = [];
    const smis = createServer((request, response) => {
      seen.push(request.headers.authorization);
      response.writeHead(401).end();
    });
    await once(smis.listen(0, '127.0.0.1'), 'listening');
    const url = `http://127.0.0.1:${(smis.address() as AddressInfo).port}`;
    const sender = createSender({
      url,
      accessToken: clientCredentials({ issuer, clientId: 'rsa', privateKey: pem(rsa) }),
    });
    await sender.message('x').catch(() => undefined);
    smis.close();
    expect(new Set(seen).size).to.equal(2);
    expect(seen).to.have.length(2);
  });
});
