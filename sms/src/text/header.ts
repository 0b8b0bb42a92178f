/** User data headers, 3GPP TS 23.040 §9.2.3.24: the element that makes several SMS one. */

export interface Concatenation {
  reference: number;
  /** How many parts, 1 to 255. */
  total: number;
  /** Which of them, from 1. */
  part: number;
}

const CONCATENATED_8_BIT = 0x00;
const CONCATENATED_16_BIT = 0x08;

/** The whole header, its length octet included, with a reference of 8 bits (6 octets) or 16 bits (7 octets). */
export function concatenationHeader({ reference, total, part }: Concatenation, bits: 8 | 16 = 8): Buffer {
  return bits === 8
    ? Buffer.from([5, CONCATENATED_8_BIT, 3, reference & 0xff, total, part])
    : Buffer.from([6, CONCATENATED_16_BIT, 4, (reference >> 8) & 0xff, reference & 0xff, total, part]);
}

/**
 * Takes user data that begins with a header apart. A header that runs past the data is none: everything is body then.
 * A concatenation that cannot be (part 0, or beyond the total) is ignored, as TS 23.040 asks.
 */
export function readHeader(userData: Buffer): { concatenation: Concatenation | null; body: Buffer } {
  const end = 1 + (userData[0] ?? 0);
  if (end > userData.length) return { concatenation: null, body: userData };
  let concatenation: Concatenation | null = null;
  for (let at = 1; at + 2 <= end; ) {
    const [identifier = 0, length = 0] = userData.subarray(at, at + 2);
    const data = userData.subarray(at + 2, Math.min(at + 2 + length, end));
    if (data.length === length) concatenation = readConcatenation(identifier, data) ?? concatenation;
    at += 2 + length;
  }
  return { concatenation, body: userData.subarray(end) };
}

function readConcatenation(identifier: number, data: Buffer): Concatenation | null {
  const bits = identifier === CONCATENATED_8_BIT && data.length === 3 ? 8 : 16;
  if (bits === 16 && !(identifier === CONCATENATED_16_BIT && data.length === 4)) return null;
  const reference = bits === 8 ? data.readUInt8(0) : data.readUInt16BE(0);
  const [total = 0, part = 0] = data.subarray(-2);
  return part >= 1 && part <= total ? { reference, total, part } : null;
}
