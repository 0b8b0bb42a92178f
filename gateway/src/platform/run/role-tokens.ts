/**
 * How roles that are processes of their own prove to each other who they are: every request and every answer carries a
 * JSON Web Token (RFC 7519, EdDSA by RFC 8037) that its maker signed with a key of its own, for this one other role, this
 * one call and this very body, good for a minute. The clocks of the two may differ by two minutes.
 */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomUUID,
} from 'node:crypto';
import { type JWTPayload, jwtVerify, SignJWT } from 'jose';

const LIFETIME_SECONDS = 60;
const CLOCK_SKEW_SECONDS = 120;
const ALGORITHM = 'EdDSA';

/** Ed25519; `x`, the public part, is what the other role is given. Both 32 bytes in base64url. */
export interface RoleKey {
  privateKey: string;
  publicKey: string;
}

export function generateRoleKey(): RoleKey {
  const { d = '', x = '' } = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
  return { privateKey: d, publicKey: x };
}

export function publicKeyOfRole(privateKey: string): string {
  return String(createPublicKey(importPrivateKey(privateKey)).export({ format: 'jwk' }).x);
}

/** A token does not prove what it should. */
export class RoleTokenError extends Error {
  readonly code = 'ROLE_TOKEN_REFUSED';
}

/** What a token vouches for. */
export interface Claims {
  from: string;
  to: string;
  /** What is called, such as `submit`; of an answer, the id of the token that it answers. */
  about: string;
  body: Buffer | string;
}

/** Resolves with the token and its id. */
export type SignRoleToken = (claims: Claims) => Promise<{ token: string; id: string }>;

/** Resolves with the token's id. Throws {@link RoleTokenError}, also for a token that says something else. */
export type VerifyRoleToken = (token: string, claims: Claims) => Promise<string>;

/** `now`: UTC milliseconds. */
export function createRoleTokenSigner(privateKey: string, now: () => number): SignRoleToken {
  const key = importPrivateKey(privateKey);
  return async ({ from, to, about, body }) => {
    const id = randomUUID();
    const issuedAt = Math.floor(now() / 1000);
    const token = await new SignJWT({ about, digest: digestOf(body) })
      .setProtectedHeader({ alg: ALGORITHM })
      .setIssuer(from)
      .setAudience(to)
      .setJti(id)
      .setIssuedAt(issuedAt)
      .setExpirationTime(issuedAt + LIFETIME_SECONDS)
      .sign(key);
    return { token, id };
  };
}

/** `publicKeys`: the current one, and during a rotation others. */
export function createRoleTokenVerifier(publicKeys: readonly string[], now: () => number): VerifyRoleToken {
  const keys = publicKeys.map(importPublicKey);
  return async (token, { from, to, about, body }) => {
    const payload = await firstThatVerifies(keys, token, { issuer: from, audience: to, currentDate: new Date(now()) });
    if (payload.about !== about) throw new RoleTokenError('The token is about another call.');
    if (payload.digest !== digestOf(body)) throw new RoleTokenError('The token is for another body.');
    return String(payload.jti);
  };
}

async function firstThatVerifies(
  keys: readonly KeyObject[],
  token: string,
  expected: { issuer: string; audience: string; currentDate: Date },
): Promise<JWTPayload> {
  const options = {
    ...expected,
    algorithms: [ALGORITHM],
    clockTolerance: CLOCK_SKEW_SECONDS,
    maxTokenAge: LIFETIME_SECONDS,
    requiredClaims: ['jti', 'exp', 'iat'],
  };
  for (const key of keys) {
    const verified = await jwtVerify(token, key, options).catch(() => null);
    if (verified) return verified.payload;
  }
  throw new RoleTokenError('The token is missing, expired, or not signed for this by a known key.');
}

function digestOf(body: Buffer | string): string {
  return createHash('sha256').update(body).digest('base64url');
}

function importPrivateKey(privateKey: string): KeyObject {
  // RFC 8410 §7: an Ed25519 key in PKCS #8 is this prefix and the 32 bytes.
  const prefix = Buffer.from('302e020100300506032b657004220420', 'hex');
  const key = Buffer.concat([prefix, Buffer.from(privateKey, 'base64url')]);
  return createPrivateKey({ key, format: 'der', type: 'pkcs8' });
}

function importPublicKey(x: string): KeyObject {
  return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
}
