import { encodeGsm, tearsEscape } from './gsm.ts';
import { type ReferenceBits, ROOM } from './room.ts';
import { encodeUcs2, tearsPair } from './ucs2.ts';

export interface SegmentedText {
  encoding: 'gsm' | 'ucs2';
  /** User data without headers: septets, one per octet, or UTF-16BE. At least one; empty text is one empty segment. */
  segments: Buffer[];
}

/**
 * Divides a text into the user data of one SMS or of its parts (3GPP TS 23.038 and 23.040 §9.2.3.24): 160 septets or 153
 * per part, 70 UTF-16 code units or 67 per part; one less with a 16-bit reference. Never splits an escaped character or a
 * surrogate pair, and never changes a character: one that GSM lacks makes the whole text UCS-2.
 */
export function segment(text: string, reference: ReferenceBits = 8): SegmentedText {
  const septets = encodeGsm(text);
  const encoding = septets ? 'gsm' : 'ucs2';
  const bytes = septets ?? encodeUcs2(text);
  const cuts = cut(bytes, encoding, reference);
  return { encoding, segments: cuts.map((end, i) => bytes.subarray(cuts[i - 1] ?? 0, end)) };
}

/** Where each segment ends. */
function cut(bytes: Buffer, encoding: 'gsm' | 'ucs2', reference: ReferenceBits): number[] {
  const room = ROOM[encoding];
  if (bytes.length <= room.one) return [bytes.length];
  const tears = encoding === 'gsm' ? tearsEscape : tearsPair;
  const unit = encoding === 'gsm' ? 1 : 2;
  const ends: number[] = [];
  for (let end = 0; end < bytes.length; ) {
    end = Math.min(end + room.part[reference], bytes.length);
    if (end < bytes.length && tears(bytes, end)) end -= unit;
    ends.push(end);
  }
  return ends;
}
