export { decodeGsm, encodeGsm } from './gsm.ts';
export { type Concatenation, concatenationHeader, readHeader } from './header.ts';
export { countSegments, type ReferenceBits, type Segment, type SegmentedText, segment } from './segment.ts';
export { decodeUcs2, encodeUcs2 } from './ucs2.ts';
