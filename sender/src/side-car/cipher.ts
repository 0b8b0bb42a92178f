import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';

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

/** The key in `file`, which is made when it is not there, readable by its owner alone. */
export function keyIn(file: string): Buffer {
  try {
    writeFileSync(file, randomBytes(32).toString('base64url'), { mode: 0o600, flag: 'wx', flush: true });
  } catch (error) {
    if ((error as { code?: string }).code !== 'EEXIST') throw error;
  }
  const key = Buffer.from(readFileSync(file, 'utf8').trim(), 'base64url');
  if (key.length === 32) return key;
  throw new Error(`${file} does not hold 32 bytes in base64url`);
}
