import { createCipheriv, createDecipheriv, createHash, createHmac, hkdfSync, randomBytes } from 'node:crypto';

/**
 * Encryption of what must not be readable in the database: AES-256-GCM (NIST SP 800-38D) under keys that live in the
 * configuration only. `context` says what is sealed and for whom, such as `attributes:<call id>`; it is authenticated,
 * so that a sealed value that was moved to another row does not open.
 */
export interface Sealer {
  seal(plain: string, context: string): string;
  /** Throws {@link SealError} when the value was changed, moved, or sealed under a key that is not there. */
  open(sealed: string, context: string): string;
  /**
   * Keyed digests by which a secret can be looked up without being stored: the first is the one to store, all of them
   * are the ones to look for (one per key).
   */
  digests(value: string, context: string): [string, ...string[]];
  /** Of the key that seals now: what it sealed or covered begins with this and a dot. */
  readonly keyId: string;
  /**
   * A digest under any key → one that nobody can compute without the current key as well: for values that can be
   * guessed, such as phone numbers, and are no longer at hand when the key changes.
   */
  cover(digest: string): string;
  /** What {@link Sealer.cover} may have made of the digests of a value, now and with earlier keys. */
  coveredDigests(value: string, context: string): string[];
}

/** A sealed value does not open. */
export class SealError extends Error {
  readonly code = 'SEAL_BROKEN';
}

interface Keys {
  id: string;
  sealing: Buffer;
  digesting: Buffer;
}

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** `dataKeys`: 32 bytes each; the first seals, all of them open. */
export function createSealer(dataKeys: readonly Buffer[]): Sealer {
  const keys = dataKeys.map(derive);
  const [current] = keys;
  if (!current) throw new SealError('There is no data key.');
  const byId = new Map(keys.map((key) => [key.id, key]));
  const coverBy = (key: Keys, digest: string) => `${key.id}.${keyedDigest(key, 'covered digest', digest)}`;

  return {
    seal(plain, context) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', current.sealing, nonce).setAAD(Buffer.from(context));
      const text = Buffer.concat([nonce, cipher.update(plain, 'utf8'), cipher.final(), cipher.getAuthTag()]);
      return `${current.id}.${text.toString('base64url')}`;
    },
    open(sealed, context) {
      const [id = '', text = ''] = sealed.split('.');
      const key = byId.get(id);
      if (!key) throw new SealError(`There is no data key ${id}.`);
      const bytes = Buffer.from(text, 'base64url');
      try {
        const decipher = createDecipheriv('aes-256-gcm', key.sealing, bytes.subarray(0, NONCE_BYTES), {
          // A shorter tag would be taken, and guessed.
          authTagLength: TAG_BYTES,
        })
          .setAAD(Buffer.from(context))
          .setAuthTag(bytes.subarray(-TAG_BYTES));
        return decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES), undefined, 'utf8') + decipher.final('utf8');
      } catch {
        throw new SealError('A sealed value was changed or belongs elsewhere.');
      }
    },
    digests(value, context) {
      const digest = (key: Keys) => keyedDigest(key, context, value);
      return [digest(current), ...keys.slice(1).map(digest)];
    },
    keyId: current.id,
    cover: (digest) => coverBy(current, digest),
    coveredDigests(value, context) {
      let known: string[] = [];
      const covered: string[] = [];
      for (const key of keys.toReversed()) {
        known.push(keyedDigest(key, context, value));
        const byThis = known.map((digest) => coverBy(key, digest));
        covered.push(...byThis);
        known = [...known, ...byThis];
      }
      return covered;
    },
  };
}

function keyedDigest(key: Keys, context: string, value: string): string {
  return createHmac('sha256', key.digesting).update(`${context}\0${value}`).digest('base64url');
}

/** One key per purpose (HKDF, RFC 5869), and a name that tells nothing about the key. */
function derive(dataKey: Buffer): Keys {
  const part = (purpose: string) => Buffer.from(hkdfSync('sha256', dataKey, '', `civicline ${purpose}`, 32));
  return {
    id: createHash('sha256').update(part('key id')).digest('hex').slice(0, 8),
    sealing: part('sealing'),
    digesting: part('digest'),
  };
}
