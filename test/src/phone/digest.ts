/**
 * SIP digest authentication (RFC 3261 §22 with RFC 2617 and RFC 7616): the answer to a challenge. Pure.
 */
import { createHash } from 'node:crypto';
import type { Header, SipResponse } from './sip-message.ts';

export interface Credentials {
  user: string;
  password: string;
}

export interface Challenge {
  /** The header in which the answer goes: challenges of the server, or of a proxy before it. */
  answerIn: 'Authorization' | 'Proxy-Authorization';
  realm: string;
  nonce: string;
  algorithm: 'MD5' | 'SHA-256';
  opaque: string | undefined;
  qop: 'auth' | undefined;
  /** The nonce was too old, the password right. */
  stale: boolean;
}

const HASHES = { MD5: 'md5', 'SHA-256': 'sha256' } as const;

/** The first challenge of a 401 or 407 that this phone can answer; undefined when there is none. */
export function challengeOf(response: SipResponse): Challenge | undefined {
  const answerIn = response.status === 407 ? 'Proxy-Authorization' : 'Authorization';
  const name = response.status === 407 ? 'proxy-authenticate' : 'www-authenticate';
  return response.headers
    .filter((header) => header.name.toLowerCase() === name)
    .map((header) => parseChallenge(header.value, answerIn))
    .find((challenge) => challenge !== undefined);
}

export interface DigestInput {
  challenge: Challenge;
  credentials: Credentials;
  method: string;
  uri: string;
  /** How many requests answered this nonce, this one included. */
  nonceCount: number;
  /** Random text of the client. */
  clientNonce: string;
}

/** The header that answers a challenge. */
export function digestHeader(input: DigestInput): Header {
  const { challenge, credentials, method, uri, clientNonce } = input;
  const hash = (text: string) => createHash(HASHES[challenge.algorithm]).update(text).digest('hex');
  const count = input.nonceCount.toString(16).padStart(8, '0');
  const secret = hash(`${credentials.user}:${challenge.realm}:${credentials.password}`);
  const request = hash(`${method}:${uri}`);
  const response = challenge.qop
    ? hash(`${secret}:${challenge.nonce}:${count}:${clientNonce}:${challenge.qop}:${request}`)
    : hash(`${secret}:${challenge.nonce}:${request}`);
  const fields = [
    `username="${quote(credentials.user)}"`,
    `realm="${quote(challenge.realm)}"`,
    `nonce="${quote(challenge.nonce)}"`,
    `uri="${uri}"`,
    `response="${response}"`,
    `algorithm=${challenge.algorithm}`,
    ...(challenge.opaque === undefined ? [] : [`opaque="${quote(challenge.opaque)}"`]),
    ...(challenge.qop ? [`qop=${challenge.qop}`, `nc=${count}`, `cnonce="${clientNonce}"`] : []),
  ];
  return { name: challenge.answerIn, value: `Digest ${fields.join(', ')}` };
}

function parseChallenge(value: string, answerIn: Challenge['answerIn']): Challenge | undefined {
  const scheme = /^\s*Digest\s+/i.exec(value);
  if (!scheme) return undefined;
  const fields: Record<string, string> = {};
  for (const [, name = '', quoted, bare] of value
    .slice(scheme[0].length)
    .matchAll(/([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))/g)) {
    fields[name.toLowerCase()] = quoted === undefined ? (bare ?? '') : quoted.replace(/\\(.)/g, '$1');
  }
  const { realm, nonce, opaque, qop, stale } = fields;
  const algorithm = (fields.algorithm ?? 'MD5').toUpperCase();
  if (realm === undefined || nonce === undefined || (algorithm !== 'MD5' && algorithm !== 'SHA-256')) return undefined;
  const offered = qop?.split(',').map((entry) => entry.trim()) ?? [];
  if (offered.length > 0 && !offered.includes('auth')) return undefined;
  return {
    answerIn,
    realm,
    nonce,
    algorithm,
    opaque,
    qop: offered.length > 0 ? 'auth' : undefined,
    stale: stale?.toLowerCase() === 'true',
  };
}

function quote(text: string): string {
  return text.replace(/["\\]/g, '\\$&');
}
