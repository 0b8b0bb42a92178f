/** `@civicline/protocol/sealing/node`: sealed parts, synchronous, and HPKE itself. */
import { createHash, randomBytes } from 'node:crypto';
import type { ChannelName, SealedPart } from '../messages.ts';
import { SealingError } from './errors.ts';
import { type Bytes, X25519_BYTES } from './key-schedule.ts';
import { type HpkeKey, importPrivateKey, importPublicKey, open, prepare, seal } from './node-hpke.ts';
import {
  ASSOCIATED_DATA,
  decodeContent,
  encodeContent,
  INFO,
  keyFor,
  type SealingKeys,
  type SealingPrivateKey,
  type SealingPublicKey,
  splitEnvelope,
} from './part.ts';

export { SealingError } from './errors.ts';
export * as hpke from './node-hpke.ts';
export { CONTENT_LIMIT, type SealingKeys, type SealingPrivateKey, type SealingPublicKey } from './part.ts';

const info = prepare(INFO);

/** Key objects of the keys that were used, as long as somebody holds these. */
const publicKeys = new WeakMap<SealingPublicKey, HpkeKey>();
const privateKeys = new WeakMap<SealingPrivateKey, HpkeKey>();

/** A fresh pair: every 32 bytes are a private key (RFC 7748, section 5). `keyId` is a digest of the public key. */
export function generateSealingKeysSync(): SealingKeys {
  const privateBytes = randomBytes(X25519_BYTES);
  const { publicBytes } = importPrivateKey(privateBytes);
  const keyId = createHash('sha256').update(publicBytes).digest('hex').slice(0, 16);
  return { keyId, publicKey: textOf(publicBytes), privateKey: textOf(privateBytes) };
}

/**
 * The public half, such as a channel publishes it. Throws SealingError `SEALING_KEY_INVALID`.
 */
export function publicKeyOf(key: SealingPrivateKey): SealingPublicKey {
  return { id: key.keyId, publicKey: textOf(privateKeyOf(key).publicBytes) };
}

/**
 * Seals `content` (anything that JSON can say) for a channel: HPKE base mode, RFC 9180. Throws {@link SealingError}
 * `SEALING_KEY_INVALID`, `SEALING_CONTENT_TOO_LARGE`.
 */
export function sealPartSync(channel: ChannelName, publicKey: SealingPublicKey, content: unknown): SealedPart {
  const plain = encodeContent(content);
  const recipient = recipientOf(publicKey);
  try {
    const { enc, ciphertext } = seal(recipient, info, plain, ASSOCIATED_DATA[channel]);
    return { keyId: publicKey.id, sealed: Buffer.concat([enc, ciphertext]).toString('base64url') };
  } catch (error) {
    throw new SealingError('SEALING_KEY_INVALID', error);
  }
}

/** The content. Throws {@link SealingError} `SEALED_PART_*`, and `SEALING_KEY_INVALID` for a key of ours. */
export function openPartSync(channel: ChannelName, keys: readonly SealingPrivateKey[], part: SealedPart): unknown {
  const recipient = privateKeyOf(keyFor(part, keys));
  const sealed = splitEnvelope(bytesOf(part.sealed, 'SEALED_PART_MALFORMED'));
  return decodeContent(opened(recipient, sealed, ASSOCIATED_DATA[channel]));
}

function opened(recipient: HpkeKey, sealed: { enc: Bytes; ciphertext: Bytes }, aad: Bytes): Bytes {
  try {
    return open(recipient, info, sealed, aad);
  } catch (error) {
    throw new SealingError('SEALED_PART_BROKEN', error);
  }
}

function recipientOf(key: SealingPublicKey): HpkeKey {
  return kept(publicKeys, key, () => importPublicKey(bytesOf(key.publicKey, 'SEALING_KEY_INVALID')));
}

function privateKeyOf(key: SealingPrivateKey): HpkeKey {
  return kept(privateKeys, key, () => importPrivateKey(bytesOf(key.privateKey, 'SEALING_KEY_INVALID')));
}

function kept<Key extends object>(keys: WeakMap<Key, HpkeKey>, key: Key, make: () => HpkeKey): HpkeKey {
  const known = keys.get(key);
  if (known) return known;
  const made = make();
  keys.set(key, made);
  return made;
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url');
}

/** Strict, unlike Buffer's own decoder: one text, one value. */
function bytesOf(text: string, code: 'SEALED_PART_MALFORMED' | 'SEALING_KEY_INVALID'): Buffer<ArrayBuffer> {
  const bytes = Buffer.from(text, 'base64url');
  if (bytes.toString('base64url') !== text) throw new SealingError(code);
  return bytes;
}
