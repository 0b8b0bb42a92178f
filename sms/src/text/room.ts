/** Octets of text that fit: user data is 140 octets, a concatenation header takes 6 of them (7 with 16 bits). */
export const ROOM = {
  gsm: { one: 160, part: { 8: 153, 16: 152 } },
  ucs2: { one: 140, part: { 8: 134, 16: 132 } },
} as const;

/** Bits of the number that the parts of one SMS share. */
export type ReferenceBits = 8 | 16;
