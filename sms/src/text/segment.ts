import { encodeGsm, tearsEscape } from './gsm.ts';
import { type ReferenceBits, ROOM } from './room.ts';
import { encodeUcs2, tearsPair } from './ucs2.ts';

export interface Segment {
  /** User data without its header: septets, one per octet, or UTF-16BE. */
  bytes: Buffer;
  /** Unicode code points. */
  characters: number;
}

export interface SegmentedText {
  encoding: 'gsm' | 'ucs2';
  /** At least one, in order; empty text is one empty segment. */
  segments: Segment[];
  /** Unicode code points. */
  characters: number;
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
  if (cuts.length === 1) {
    const characters = countCharacters(text);
    return { encoding, segments: [{ bytes, characters }], characters };
  }
  const count = encoding === 'gsm' ? countGsm : countUcs2;
  const segments = cuts.map((end, i) => {
    const part = bytes.subarray(cuts[i - 1] ?? 0, end);
    return { bytes: part, characters: count(part) };
  });
  return { encoding, segments, characters: segments.reduce((sum, { characters }) => sum + characters, 0) };
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

function countCharacters(text: string): number {
  let pairs = 0;
  for (let i = 0; i + 1 < text.length; i++) {
    if ((text.charCodeAt(i) & 0xfc00) === 0xd800 && (text.charCodeAt(i + 1) & 0xfc00) === 0xdc00) pairs++;
  }
  return text.length - pairs;
}

function countGsm(septets: Buffer): number {
  let escapes = 0;
  for (let i = 1; i <= septets.length; i++) if (tearsEscape(septets, i)) escapes++;
  return septets.length - escapes;
}

function countUcs2(octets: Buffer): number {
  let pairs = 0;
  for (let i = 2; i < octets.length; i += 2) if (tearsPair(octets, i)) pairs++;
  return octets.length / 2 - pairs;
}
