/** What is sealed and how it looks on the wire, for every backend alike. */
import type { ChannelName, SealedPart } from '../messages.ts';
import { SealingError } from './errors.ts';
import { allocate, type Bytes, TAG_BYTES, X25519_BYTES } from './key-schedule.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });

/** HPKE's `info`: keys that seal parts cannot be made to open anything else. */
export const INFO: Bytes = encoder.encode('civicline sealed part v1');

/** Lengths tell contents apart, so only their multiple of this is seen. */
const PADDED_TO = 128;
/** `SealedPart.sealed` has at most 40,000 characters: 234 × 128 bytes, the ephemeral key and the tag. */
export const CONTENT_LIMIT = 29_952;

/** A channel's public key as `GET /v1/channels` gives it. */
export interface SealingPublicKey {
  id: string;
  /** X25519, 32 bytes in base64url. */
  publicKey: string;
}

/** A channel's private key as its configuration holds it. */
export interface SealingPrivateKey {
  keyId: string;
  /** X25519, 32 bytes in base64url. */
  privateKey: string;
}

export interface SealingKeys extends SealingPrivateKey {
  publicKey: string;
}

/** The additional authenticated data, the channel's name: a part of one channel does not open as that of another. */
export const ASSOCIATED_DATA: Record<ChannelName, Bytes> = {
  app: encoder.encode('app'),
  sms: encoder.encode('sms'),
  email: encoder.encode('email'),
};

/** JSON in UTF-8, padded with spaces. */
export function encodeContent(content: unknown): Bytes {
  const json = JSON.stringify(content);
  if (json === undefined) throw new TypeError('The content has no JSON form.');
  // UTF-8 has three bytes at most for one unit of UTF-16.
  const bytes = allocate(json.length * 3 + PADDED_TO);
  const { written } = encoder.encodeInto(json, bytes);
  const length = Math.ceil(written / PADDED_TO) * PADDED_TO;
  if (length > CONTENT_LIMIT) throw new SealingError('SEALING_CONTENT_TOO_LARGE');
  return bytes.subarray(0, length).fill(0x20, written);
}

export function decodeContent(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(bytes));
  } catch {
    // JSON.parse quotes the text in its message.
    throw new SealingError('SEALED_PART_MALFORMED');
  }
}

/** The one of `keys` that the part was sealed for. */
export function keyFor<Key extends SealingPrivateKey>(part: SealedPart, keys: readonly Key[]): Key {
  const key = keys.find(({ keyId }) => keyId === part.keyId);
  if (!key) throw new SealingError('SEALED_PART_UNKNOWN_KEY');
  return key;
}

/** The ephemeral public key, and the ciphertext with its tag. */
export function splitEnvelope(envelope: Bytes): { enc: Bytes; ciphertext: Bytes } {
  if (envelope.length < X25519_BYTES + TAG_BYTES) throw new SealingError('SEALED_PART_MALFORMED');
  return { enc: envelope.subarray(0, X25519_BYTES), ciphertext: envelope.subarray(X25519_BYTES) };
}
