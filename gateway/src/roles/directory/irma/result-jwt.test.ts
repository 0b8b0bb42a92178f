import { expect } from 'chai';
import { exportSPKI, generateKeyPair, SignJWT } from 'jose';
import { createIrmaClient, type IrmaClient } from './client.ts';
import { createResultVerifier } from './result-jwt.ts';
import { type StandInServer, startStandInServer } from './testing/stand-in-server.ts';

type KeyPair = Awaited<ReturnType<typeof generateKeyPair>>;

const RESULT = {
  token: 'zWXmCuFPlTe2wRfKSjqQ',
  status: 'DONE',
  type: 'disclosing',
  proofStatus: 'VALID',
  disclosed: [],
};

describe('result JWTs', () => {
  let own: KeyPair;
  let other: KeyPair;
  let server: StandInServer;
  let client: IrmaClient;

  before(async () => {
    own = await generateKeyPair('RS256', { extractable: true });
    other = await generateKeyPair('RS256', { extractable: true });
  });
  beforeEach(async () => {
    server = await startStandInServer();
    await publish(own);
    client = createIrmaClient({ url: server.url, token: 'key' });
  });
  afterEach(() => server.stop());

  async function publish({ publicKey }: KeyPair): Promise<void> {
    const pem = await exportSPKI(publicKey);
    server.answer = (_request, response) => response.end(pem);
  }

  interface Variation {
    key?: CryptoKey | Uint8Array;
    algorithm?: string;
    issuer?: string;
    subject?: string;
    /** Seconds from now. */
    expires?: number | null;
    claims?: Record<string, unknown>;
  }

  function sign(variation: Variation = {}): Promise<string> {
    const {
      key = own.privateKey,
      algorithm = 'RS256',
      issuer = 'irmaserver',
      subject = 'disclosing_result',
    } = variation;
    const now = Math.floor(Date.now() / 1000);
    const jwt = new SignJWT({ ...RESULT, ...variation.claims })
      .setProtectedHeader({ alg: algorithm, typ: 'JWT' })
      .setIssuer(issuer)
      .setSubject(subject)
      .setIssuedAt(now - 200);
    if (variation.expires !== null) jwt.setExpirationTime(now + (variation.expires ?? 120));
    return jwt.sign(key);
  }

  const outcome = (jwt: string) =>
    client.verifyResultJwt(jwt).then(
      () => 'accepted',
      (error: { code: string }) => error.code,
    );

  it('are accepted from the server, whose key is asked for once', async () => {
    const result = await client.verifyResultJwt(await sign());
    expect(result).to.deep.equal(RESULT);
    expect(await outcome(await sign({ claims: { type: 'signing' }, subject: 'signing_result' }))).to.equal('accepted');
    expect(await outcome(await sign({ claims: { type: 'issuing' }, subject: 'issuing_result' }))).to.equal('accepted');
    expect(server.requests).to.deep.equal(['GET /publickey']);
  });

  it('are accepted with the odd second between the clocks', async () => {
    expect(await outcome(await sign({ expires: -5 }))).to.equal('accepted');
  });

  it('are refused when anything about them is wrong', async () => {
    const pem = new TextEncoder().encode(await exportSPKI(own.publicKey));
    const [header, payload] = (await sign()).split('.');
    const unsigned = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${payload}.`;
    const wrong: Record<string, string> = {
      'another key': await sign({ key: other.privateKey }),
      'the public key as a shared secret': await sign({ key: pem, algorithm: 'HS256' }),
      'no signature': unsigned,
      'a cut signature': `${header}.${payload}.AAAA`,
      expired: await sign({ expires: -60 }),
      'without an end': await sign({ expires: null }),
      'another issuer': await sign({ issuer: 'somebody' }),
      'another subject': await sign({ subject: 'signing_result' }),
      'the documentation’s subject': await sign({ subject: 'verification_result' }),
      'no result in it': await sign({ claims: { status: 'FINISHED' } }),
      'no JWT': 'x',
      nothing: '',
    };
    for (const [name, jwt] of Object.entries(wrong)) {
      expect(await outcome(jwt), name).to.equal('IRMA_RESULT_UNTRUSTED');
    }
    expect(server.requests.length).to.equal(1);
  });

  it('cannot be verified while the server is away, and can when it is back', async () => {
    const answering = server.answer;
    server.answer = (_request, response) => response.writeHead(503).end();
    expect(await outcome(await sign())).to.equal('IRMA_UNREACHABLE');
    server.answer = (_request, response) => response.end('not a key');
    expect(await outcome(await sign())).to.equal('IRMA_UNREACHABLE');
    server.answer = answering;
    expect(await outcome(await sign())).to.equal('accepted');
  });

  describe('when the server was given another key', () => {
    let now = 0;
    let fetched = 0;
    let published: KeyPair;
    let verify: ReturnType<typeof createResultVerifier>;

    beforeEach(() => {
      now = 0;
      fetched = 0;
      published = own;
      const fetchPem = () => {
        fetched += 1;
        return exportSPKI(published.publicKey);
      };
      verify = createResultVerifier('irmaserver', fetchPem, () => now);
    });

    it('are verified with the new one, also several at once', async () => {
      await verify(await sign());
      published = other;
      now = 60_000;
      const jwts = await Promise.all([1, 2, 3].map(() => sign({ key: other.privateKey })));
      const results = await Promise.all(jwts.map(verify));
      expect(results.map(({ status }) => status)).to.deep.equal(['DONE', 'DONE', 'DONE']);
      expect(fetched).to.equal(2);
    });

    it('are not a way to make the gateway ask for the key time and again', async () => {
      await verify(await sign());
      const forged = await sign({ key: other.privateKey });
      for (now = 0; now < 10_000; now += 1_000) await verify(forged).catch(() => {});
      expect(fetched).to.equal(2);
    });
  });
});
