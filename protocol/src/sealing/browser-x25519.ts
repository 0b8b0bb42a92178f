import type { Bytes } from './key-schedule.ts';

/** X25519 (RFC 7748): both 32 bytes. Rejects a result of zeros (RFC 9180, section 7.1.4) and wrong lengths. */
export type X25519 = (scalar: Bytes, point: Bytes) => Promise<Bytes>;

/** The base point: with it, a private key gives its public key. */
export const BASE_POINT: Bytes = Uint8Array.of(9, ...new Uint8Array(31));

/** PKCS #8 of an X25519 private key (RFC 8410), up to its 32 bytes. */
const PKCS8_PREFIX = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x6e, 4, 0x22, 4, 0x20];

let chosen: Promise<X25519> | undefined;

/** WebCrypto's where it has one, since it runs in constant time; else that of noble, which is loaded only then. */
export function chooseX25519(): Promise<X25519> {
  chosen ??= works(webCryptoX25519).then((does) => (does ? webCryptoX25519 : nobleX25519));
  return chosen;
}

export const webCryptoX25519: X25519 = async (scalar, point) => {
  const pkcs8 = Uint8Array.from([...PKCS8_PREFIX, ...scalar]);
  const privateKey = await crypto.subtle.importKey('pkcs8', pkcs8, 'X25519', false, ['deriveBits']);
  const publicKey = await crypto.subtle.importKey('raw', point, 'X25519', true, []);
  return new Uint8Array(await crypto.subtle.deriveBits({ name: 'X25519', public: publicKey }, privateKey, 256));
};

export const nobleX25519: X25519 = async (scalar, point) => {
  const { x25519 } = await import('@noble/curves/ed25519.js');
  return x25519.getSharedSecret(scalar, point) as Bytes;
};

async function works(x25519: X25519): Promise<boolean> {
  try {
    await x25519(new Uint8Array(32).fill(1), BASE_POINT);
    return true;
  } catch {
    return false;
  }
}
