import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';

/** Keeps numbers and texts in the side-car's database from whoever reads its file without the key. */
export interface Cipher {
  /** `id`: what it belongs to; sealed for one message, it does not open for another. */
  seal(id: string, value: unknown): Buffer;
  open(id: string, sealed: Buffer): unknown;
  /** Keyed, so that it tells nothing about what was digested. */
  digest(text: string): string;
}

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** AES-256-GCM. `key`: 32 bytes. */
export function createCipher(key: Buffer): Cipher {
  const digestKey = createHmac('sha256', key).update('digests').digest();
  return {
    seal(id, value) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(id));
      return Buffer.concat([nonce, cipher.update(JSON.stringify(value), 'utf8'), cipher.final(), cipher.getAuthTag()]);
    },
    open(id, sealed) {
      const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, NONCE_BYTES), {
        authTagLength: TAG_BYTES,
      });
      decipher.setAAD(Buffer.from(id)).setAuthTag(sealed.subarray(-TAG_BYTES));
      const text = Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]);
      return JSON.parse(text.toString('utf8'));
    },
    digest: (text) => createHmac('sha256', digestKey).update(text).digest('base64url'),
  };
}

/** What was sealed before, and for what. */
export interface Sealed {
  id: string;
  sealed: Buffer;
}

/** The key does not fit what was sealed: to go on without it would lose all that. */
export class KeyError extends Error {
  readonly code: 'SIDE_CAR_KEY_MISSING' | 'SIDE_CAR_KEY_WRONG';

  constructor(code: KeyError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * With the key in `file`, which is made, readable by its owner alone, when there is none and nothing was sealed before
 * (`example` null). Throws {@link KeyError} when it is missing or does not open `example`.
 */
export function cipherIn(file: string, example: Sealed | null): Cipher {
  const name = basename(file);
  if (example === null) makeKey(file);
  else if (!existsSync(file)) {
    throw new KeyError('SIDE_CAR_KEY_MISSING', `${name} is missing: the messages here cannot be read without ${file}.`);
  }
  const cipher = createCipher(keyIn(file));
  if (example === null || opens(cipher, example)) return cipher;
  throw new KeyError('SIDE_CAR_KEY_WRONG', `${name} is another key: the messages here were not sealed with ${file}.`);
}

function makeKey(file: string): void {
  try {
    writeFileSync(file, randomBytes(32).toString('base64url'), { mode: 0o600, flag: 'wx', flush: true });
  } catch (error) {
    if ((error as { code?: string }).code !== 'EEXIST') throw error;
  }
}

function keyIn(file: string): Buffer {
  const key = Buffer.from(readFileSync(file, 'utf8').trim(), 'base64url');
  if (key.length === 32) return key;
  throw new Error(`${file} does not hold 32 bytes in base64url`);
}

function opens(cipher: Cipher, { id, sealed }: Sealed): boolean {
  try {
    cipher.open(id, sealed);
    return true;
  } catch {
    return false;
  }
}
