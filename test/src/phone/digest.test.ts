import { expect } from 'chai';
import { challengeOf, digestHeader } from './digest.ts';
import type { SipResponse } from './sip-message.ts';

function challenged(...values: string[]): SipResponse {
  const headers = values.map((value) => ({ name: 'WWW-Authenticate', value }));
  return { kind: 'response', status: 401, reason: 'Unauthorized', headers, body: '' };
}

/** RFC 7616 §3.9.1 and RFC 2617 §3.5 print what the answers must be. */
const RFC_7616 =
  'realm="http-auth@example.org", qop="auth, auth-int", nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"';
const MUFASA = { user: 'Mufasa', password: 'Circle of Life' };

function answer(challenge: string, password: string, clientNonce: string): string | undefined {
  const parsed = challengeOf(challenged(challenge));
  if (!parsed) return undefined;
  const credentials = { ...MUFASA, password };
  const { value } = digestHeader({
    challenge: parsed,
    credentials,
    method: 'GET',
    uri: '/dir/index.html',
    nonceCount: 1,
    clientNonce,
  });
  return /response="([0-9a-f]+)"/.exec(value)?.[1];
}

describe('digest authentication', () => {
  it('gives the answers that RFC 7616 and RFC 2617 print', () => {
    const clientNonce = 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ';
    expect(answer(`Digest ${RFC_7616}, algorithm=MD5`, MUFASA.password, clientNonce)).to.equal(
      '8ca523f5e9506fed4657c9700eebdbec',
    );
    expect(answer(`Digest ${RFC_7616}, algorithm=SHA-256`, MUFASA.password, clientNonce)).to.equal(
      '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1',
    );
    const old =
      'Digest realm="testrealm@host.com", qop="auth,auth-int", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c403ebaf9f0171e9517f40e41"';
    expect(answer(old, 'Circle Of Life', '0a4f113b')).to.equal('6629fae49393a05397450978507c4ef1');
  });

  it('takes the first challenge that it can answer, and knows a stale one', () => {
    const challenge = challengeOf(
      challenged(
        'Basic realm="x"',
        'Digest realm="x", nonce="1", algorithm=SHA-512-256',
        'Digest realm="a \\"b\\"", nonce="2", stale=TRUE',
      ),
    );
    expect(challenge).to.deep.include({ realm: 'a "b"', nonce: '2', algorithm: 'MD5', qop: undefined, stale: true });
    expect(challengeOf(challenged('Digest realm="x", nonce="1", qop="auth-int"'))).to.equal(undefined);
  });
});
