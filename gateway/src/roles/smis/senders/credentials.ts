import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/**
 * API keys of senders: `cvl_<key id>_<secret>`. The id finds the row, the secret (256 random bits) is compared by a keyed
 * digest; the key itself is shown once and stored nowhere. The prefix lets scanners recognise a leaked key.
 */
export interface ApiKey {
  /** 16 hexadecimal digits; not secret. */
  id: string;
  secret: string;
}

const KEY = /^cvl_([0-9a-f]{16})_([A-Za-z0-9_-]{43})$/;

export function makeApiKey(): ApiKey {
  return { id: randomBytes(8).toString('hex'), secret: randomBytes(32).toString('base64url') };
}

export function writeApiKey({ id, secret }: ApiKey): string {
  return `cvl_${id}_${secret}`;
}

/** null: that is none. */
export function readApiKey(text: string): ApiKey | null {
  const [, id, secret] = KEY.exec(text) ?? [];
  return id && secret ? { id, secret } : null;
}

/** Of a secret for the sealer's digests: bound to the key's id, so that digests cannot change places. */
export function digestContext(keyId: string): string {
  return `api key:${keyId}`;
}

/** Whether any of `digests` is `stored`; takes the same time whichever it is, and if none. */
export function matches(stored: string, digests: readonly string[]): boolean {
  return digests.map((digest) => timingSafeEqual(sha256(stored), sha256(digest))).includes(true);
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
