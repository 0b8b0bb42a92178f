export { decodeGsm, encodeGsm } from './gsm.ts';
export { type Concatenation, concatenationHeader, readHeader } from './header.ts';
export { type Originator, originatorOf } from './originator.ts';
export type { ReferenceBits } from './room.ts';
export { type SegmentedText, segment } from './segment.ts';
export { sizeOfText, type TextSize } from './size.ts';
export { decodeUcs2, encodeUcs2 } from './ucs2.ts';
