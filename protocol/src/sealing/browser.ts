/** `@civicline/protocol/sealing` in a browser: WebCrypto; it needs a secure context (https, or localhost). */
import type { ChannelName, SealedPart } from '../messages.ts';
import { BASE_POINT, chooseX25519, type X25519 } from './browser-x25519.ts';
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
  X25519_BYTES,
} from './key-schedule.ts';
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
export { CONTENT_LIMIT, type SealingKeys, type SealingPrivateKey, type SealingPublicKey } from './part.ts';

let preparedInfo: Promise<PreparedInfo> | undefined;

/** A fresh pair; `keyId` is a digest of the public key. */
export async function generateSealingKeys(): Promise<SealingKeys> {
  const x25519 = await chooseX25519();
  const privateBytes = randomScalar();
  const publicBytes = await x25519(privateBytes, BASE_POINT);
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', publicBytes));
  const keyId = Array.from(digest.subarray(0, 8), (byte) => byte.toString(16).padStart(2, '0')).join('');
  return { keyId, publicKey: toBase64Url(publicBytes), privateKey: toBase64Url(privateBytes) };
}

/**
 * Seals `content` (anything that JSON can say) for a channel: HPKE base mode, RFC 9180. Throws {@link SealingError}
 * `SEALING_KEY_INVALID`, `SEALING_CONTENT_TOO_LARGE`.
 */
export async function sealPart(
  channel: ChannelName,
  publicKey: SealingPublicKey,
  content: unknown,
): Promise<SealedPart> {
  const plain = encodeContent(content);
  const recipient = keyBytes(publicKey.publicKey);
  const { enc, keys } = await setupSender(await chooseX25519(), recipient, randomScalar()).catch((error: unknown) => {
    throw new SealingError('SEALING_KEY_INVALID', error);
  });
  const aes = await crypto.subtle.importKey('raw', keys.key, 'AES-GCM', false, ['encrypt']);
  const ciphertext = await crypto.subtle.encrypt(gcm(keys, channel), aes, plain);
  return { keyId: publicKey.id, sealed: toBase64Url(concat(enc, new Uint8Array(ciphertext))) };
}

/** The content. Throws {@link SealingError} `SEALED_PART_*`, and `SEALING_KEY_INVALID` for a key of ours. */
export async function openPart(
  channel: ChannelName,
  keys: readonly SealingPrivateKey[],
  part: SealedPart,
): Promise<unknown> {
  const privateKey = keyBytes(keyFor(part, keys).privateKey);
  const { enc, ciphertext } = splitEnvelope(fromBase64Url(part.sealed, 'SEALED_PART_MALFORMED'));
  try {
    const schedule = await setupRecipient(await chooseX25519(), enc, privateKey);
    const aes = await crypto.subtle.importKey('raw', schedule.key, 'AES-GCM', false, ['decrypt']);
    const plain = await crypto.subtle.decrypt(gcm(schedule, channel), aes, ciphertext);
    return decodeContent(new Uint8Array(plain));
  } catch (error) {
    throw error instanceof SealingError ? error : new SealingError('SEALED_PART_BROKEN', error);
  }
}

/** RFC 9180, SetupBaseS; `scalar` is the ephemeral private key. */
export async function setupSender(
  x25519: X25519,
  recipient: Bytes,
  scalar: Bytes,
  info = prepared(),
): Promise<{ enc: Bytes; keys: Schedule }> {
  const [enc, dh] = await Promise.all([x25519(scalar, BASE_POINT), x25519(scalar, recipient)]);
  return { enc, keys: await run(deriveKeys(dh, enc, recipient, await info)) };
}

/** RFC 9180, SetupBaseR. */
export async function setupRecipient(
  x25519: X25519,
  enc: Bytes,
  privateKey: Bytes,
  info = prepared(),
): Promise<Schedule> {
  const [publicKey, dh] = await Promise.all([x25519(privateKey, BASE_POINT), x25519(privateKey, enc)]);
  return run(deriveKeys(dh, enc, publicKey, await info));
}

export function prepare(info: Bytes): Promise<PreparedInfo> {
  return run(prepareInfo(info));
}

function prepared(): Promise<PreparedInfo> {
  preparedInfo ??= prepare(INFO);
  return preparedInfo;
}

function gcm(keys: Schedule, channel: ChannelName): AesGcmParams {
  return { name: 'AES-GCM', iv: nonceAt(keys.baseNonce, 0), additionalData: ASSOCIATED_DATA[channel] };
}

async function run<Result>(steps: HmacSteps<Result>): Promise<Result> {
  let step = steps.next();
  while (!step.done) {
    const [key, message] = step.value;
    const hmac = await crypto.subtle.importKey('raw', key, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
    step = steps.next(new Uint8Array(await crypto.subtle.sign('HMAC', hmac, message)));
  }
  return step.value;
}

/** Every 32 bytes are a private key: X25519 clamps them (RFC 7748, section 5). */
function randomScalar(): Bytes {
  return crypto.getRandomValues(new Uint8Array(X25519_BYTES));
}

function keyBytes(text: string): Bytes {
  const bytes = fromBase64Url(text, 'SEALING_KEY_INVALID');
  if (bytes.length !== X25519_BYTES) throw new SealingError('SEALING_KEY_INVALID');
  return bytes;
}

function toBase64Url(bytes: Bytes): string {
  const binary = Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** Strict: one text, one value. */
function fromBase64Url(text: string, code: 'SEALED_PART_MALFORMED' | 'SEALING_KEY_INVALID'): Bytes {
  try {
    const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
    const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
    if (toBase64Url(bytes) === text) return bytes;
  } catch {
    // Falls through: not base64 at all.
  }
  throw new SealingError(code);
}
