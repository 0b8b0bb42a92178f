/**
 * HPKE in base mode (RFC 9180): DHKEM(X25519, HKDF-SHA-256), HKDF-SHA-256, AES-128-GCM. This is all of it but the
 * primitives: from the Diffie-Hellman value to the key and nonce of AES-128-GCM.
 *
 * node:crypto computes HMAC at once, WebCrypto only later. So that the key schedule stands here once for both, it is
 * written as a generator that hands out what is to be computed and is resumed with the result.
 */
export type Bytes = Uint8Array<ArrayBuffer>;

/** Yields the key and message of an HMAC-SHA-256, wants the 32 bytes of its result. */
export type HmacSteps<Result> = Generator<readonly [key: Bytes, message: Bytes], Result, Bytes>;

/** What depends on `info` alone; compute it once. */
export interface PreparedInfo {
  context: Bytes;
  keyMessage: Bytes;
  nonceMessage: Bytes;
}

export interface Schedule {
  sharedSecret: Bytes;
  secret: Bytes;
  /** 16 bytes. */
  key: Bytes;
  /** 12 bytes. */
  baseNonce: Bytes;
}

export const X25519_BYTES = 32;
export const TAG_BYTES = 16;
const SECRET_BYTES = 32;
const KEY_BYTES = 16;
const NONCE_BYTES = 12;

const MODE_BASE = 0x00;
const KEM_X25519 = [0x00, 0x20];
const KDF_HKDF_SHA256 = [0x00, 0x01];
const AEAD_AES_128_GCM = [0x00, 0x01];

/** Room for so many bytes, whatever stands there. Node has it at hand; elsewhere each array is made by itself. */
export const allocate: (length: number) => Bytes =
  typeof Buffer === 'undefined' ? (length) => new Uint8Array(length) : Buffer.allocUnsafe;

const VERSION = ascii('HPKE-v1');
const KEM_SUITE = concat(ascii('KEM'), Uint8Array.from(KEM_X25519));
const HPKE_SUITE = concat(ascii('HPKE'), Uint8Array.from([...KEM_X25519, ...KDF_HKDF_SHA256, ...AEAD_AES_128_GCM]));

const EMPTY: Bytes = new Uint8Array(0);
/** HMAC pads its key with zeros, so this is the empty salt; WebCrypto takes no empty key. */
const EMPTY_SALT: Bytes = new Uint8Array(32);
/** HKDF-Expand's counter: everything here fits in its first block. */
const FIRST_BLOCK = Uint8Array.of(1);

const EAE_PRK = extractMessage(KEM_SUITE, 'eae_prk', EMPTY);
const SHARED_SECRET = expandPrefix(KEM_SUITE, 'shared_secret', SECRET_BYTES);
const SECRET = extractMessage(HPKE_SUITE, 'secret', EMPTY);

export function* prepareInfo(info: Bytes): HmacSteps<PreparedInfo> {
  const pskIdHash = yield [EMPTY_SALT, extractMessage(HPKE_SUITE, 'psk_id_hash', EMPTY)];
  const infoHash = yield [EMPTY_SALT, extractMessage(HPKE_SUITE, 'info_hash', info)];
  const context = concat(Uint8Array.of(MODE_BASE), pskIdHash, infoHash);
  return {
    context,
    keyMessage: concat(expandPrefix(HPKE_SUITE, 'key', KEY_BYTES), context, FIRST_BLOCK),
    nonceMessage: concat(expandPrefix(HPKE_SUITE, 'base_nonce', NONCE_BYTES), context, FIRST_BLOCK),
  };
}

/** `dh`: the X25519 value of the two parties; `enc`: the ephemeral public key; `recipient`: the recipient's. */
export function* deriveKeys(dh: Bytes, enc: Bytes, recipient: Bytes, info: PreparedInfo): HmacSteps<Schedule> {
  const eaePrk = yield [EMPTY_SALT, concat(EAE_PRK, dh)];
  const sharedSecret = yield [eaePrk, concat(SHARED_SECRET, enc, recipient, FIRST_BLOCK)];
  const secret = yield [sharedSecret, SECRET];
  const key = yield [secret, info.keyMessage];
  const nonce = yield [secret, info.nonceMessage];
  return { sharedSecret, secret, key: key.subarray(0, KEY_BYTES), baseNonce: nonce.subarray(0, NONCE_BYTES) };
}

/** The nonce of the nth encryption under one key, from 0 (RFC 9180, section 5.2). */
export function nonceAt(baseNonce: Bytes, sequence: number): Bytes {
  if (sequence === 0) return baseNonce;
  const nonce = Uint8Array.from(baseNonce);
  const tail = new DataView(nonce.buffer, NONCE_BYTES - 4, 4);
  tail.setUint32(0, tail.getUint32(0) ^ sequence);
  return nonce;
}

/** The message of LabeledExtract. */
function extractMessage(suite: Bytes, label: string, material: Bytes): Bytes {
  return concat(VERSION, suite, ascii(label), material);
}

/** How the message of LabeledExpand begins, up to its `info`. */
function expandPrefix(suite: Bytes, label: string, length: number): Bytes {
  return concat(Uint8Array.of(length >> 8, length & 0xff), VERSION, suite, ascii(label));
}

export function concat(...parts: Bytes[]): Bytes {
  let length = 0;
  for (const part of parts) length += part.length;
  const whole = allocate(length);
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

function ascii(text: string): Bytes {
  return new TextEncoder().encode(text);
}
