/** UCS-2 as SMS carries it (data_coding 8): UTF-16, big-endian, 3GPP TS 23.038 §6.2.3. */

/** Every UTF-16 code unit of `text`, two octets each. */
export function encodeUcs2(text: string): Buffer {
  return Buffer.from(text, 'utf16le').swap16();
}

/** The text of UTF-16BE octets; an odd last octet, which can be nothing, is left out. */
export function decodeUcs2(octets: Uint8Array): string {
  const even = octets.length - (octets.length % 2);
  return Buffer.from(octets.subarray(0, even)).swap16().toString('utf16le');
}

/** Whether an octet sequence that is cut at `end` would tear a surrogate pair. */
export function tearsPair(octets: Uint8Array, end: number): boolean {
  return isSurrogate(octets[end - 2], 0xd8) && isSurrogate(octets[end], 0xdc);
}

function isSurrogate(octet: number | undefined, prefix: number): boolean {
  return octet !== undefined && (octet & 0xfc) === prefix;
}
