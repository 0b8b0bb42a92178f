/** HPKE on node:crypto, synchronous: several times the speed of WebCrypto, whose every step waits for another thread. */
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto';
import { SealingError } from './errors.ts';
import {
  type Bytes,
  concat,
  deriveKeys,
  type HmacSteps,
  nonceAt,
  type PreparedInfo,
  prepareInfo,
  type Schedule,
  TAG_BYTES,
  X25519_BYTES,
} from './key-schedule.ts';

export type { PreparedInfo, Schedule } from './key-schedule.ts';

/** A key in both of its forms: making a key object costs as much as using it. */
export interface HpkeKey {
  object: KeyObject;
  /** The public key, 32 bytes. */
  publicBytes: Bytes;
}

export interface Sealed {
  /** The ephemeral public key, 32 bytes. */
  enc: Bytes;
  /** Encrypted, with the tag of 16 bytes behind it. */
  ciphertext: Bytes;
}

/** PKCS #8 of an X25519 private key (RFC 8410), up to its 32 bytes. */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b656e04220420', 'hex');

/** `bytes`: 32. A JSON Web Key is ten times cheaper here than DER, which goes through OpenSSL's decoders. */
export function importPublicKey(bytes: Uint8Array): HpkeKey {
  const publicBytes = checked(bytes);
  const x = publicBytes.toString('base64url');
  return { object: createPublicKey({ key: { kty: 'OKP', crv: 'X25519', x }, format: 'jwk' }), publicBytes };
}

/** `bytes`: 32. */
export function importPrivateKey(bytes: Uint8Array): HpkeKey {
  const key = Buffer.concat([PKCS8_PREFIX, checked(bytes)]);
  const object = createPrivateKey({ key, format: 'der', type: 'pkcs8' });
  return { object, publicBytes: publicBytesOf(object) };
}

function checked(bytes: Uint8Array): Buffer<ArrayBuffer> {
  if (bytes.length !== X25519_BYTES) throw new SealingError('SEALING_KEY_INVALID');
  return Buffer.from(bytes);
}

/**
 * For one use. The public key comes encoded from the generation itself: exporting a key that was just generated can
 * block the thread for ever, because the export holds the pair's lock, and the finished generation, when it is collected
 * as garbage meanwhile, wants it too (Node 20, `~KeyGenJob` below `ExportJWKEdKey`).
 */
function generateEphemeral(): HpkeKey {
  const { publicKey, privateKey } = generateKeyPairSync('x25519', { publicKeyEncoding: { format: 'jwk' } });
  // @types/node knows only KeyObject here.
  const { x = '' } = publicKey as unknown as JsonWebKey;
  return { object: privateKey, publicBytes: Buffer.from(x, 'base64url') };
}

function publicBytesOf(key: KeyObject): Bytes {
  return Buffer.from(key.export({ format: 'jwk' }).x ?? '', 'base64url');
}

export function prepare(info: Bytes): PreparedInfo {
  return run(prepareInfo(info));
}

/** RFC 9180, SetupBaseS. `ephemeral` is given by tests alone. Throws when the recipient's key is of small order. */
export function setupSender(recipient: HpkeKey, info: PreparedInfo, ephemeral = generateEphemeral()) {
  const dh = exchange(ephemeral, recipient);
  const keys = run(deriveKeys(dh, ephemeral.publicBytes, recipient.publicBytes, info));
  return { enc: ephemeral.publicBytes, keys };
}

/** RFC 9180, SetupBaseR. Throws when `enc` is of small order. */
export function setupRecipient(enc: Uint8Array, recipient: HpkeKey, info: PreparedInfo): Schedule {
  const sender = importPublicKey(enc);
  return run(deriveKeys(exchange(recipient, sender), sender.publicBytes, recipient.publicBytes, info));
}

/** OpenSSL refuses a result of zeros, as RFC 9180, section 7.1.4 demands. */
function exchange(own: HpkeKey, other: HpkeKey): Bytes {
  return diffieHellman({ privateKey: own.object, publicKey: other.object }) as Buffer<ArrayBuffer>;
}

export function encrypt(keys: Schedule, sequence: number, plain: Uint8Array, aad: Uint8Array): Bytes {
  const cipher = createCipheriv('aes-128-gcm', keys.key, nonceAt(keys.baseNonce, sequence)).setAAD(aad);
  const encrypted = cipher.update(plain) as Buffer<ArrayBuffer>;
  // GCM is a stream: nothing is left for the end.
  cipher.final();
  return concat(encrypted, cipher.getAuthTag() as Buffer<ArrayBuffer>);
}

/** Throws when it was changed. */
export function decrypt(keys: Schedule, sequence: number, ciphertext: Uint8Array, aad: Uint8Array): Bytes {
  const decipher = createDecipheriv('aes-128-gcm', keys.key, nonceAt(keys.baseNonce, sequence), {
    authTagLength: TAG_BYTES,
  })
    .setAAD(aad)
    .setAuthTag(ciphertext.subarray(-TAG_BYTES));
  const plain = decipher.update(ciphertext.subarray(0, -TAG_BYTES));
  // Throws when the tag is not right; GCM holds nothing back until then.
  decipher.final();
  return plain as Buffer<ArrayBuffer>;
}

/** RFC 9180's single-shot SealBase. */
export function seal(recipient: HpkeKey, info: PreparedInfo, plain: Uint8Array, aad: Uint8Array): Sealed {
  const { enc, keys } = setupSender(recipient, info);
  return { enc, ciphertext: encrypt(keys, 0, plain, aad) };
}

/** RFC 9180's single-shot OpenBase. Throws when anything does not belong together. */
export function open(recipient: HpkeKey, info: PreparedInfo, { enc, ciphertext }: Sealed, aad: Uint8Array): Bytes {
  return decrypt(setupRecipient(enc, recipient, info), 0, ciphertext, aad);
}

function run<Result>(steps: HmacSteps<Result>): Result {
  let step = steps.next();
  while (!step.done) {
    const [key, message] = step.value;
    step = steps.next(createHmac('sha256', key).update(message).digest() as Buffer<ArrayBuffer>);
  }
  return step.value;
}
