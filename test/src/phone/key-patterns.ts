/** Codes that tell mistakes apart: all digits different, and true repeats that a doubled digit cannot be told from. */
export const TELLING_CODES = ['12345678', '11223344'];

/** Tone and gap in milliseconds: what phones and networks send, from leisurely to no gap at all. */
export const KEY_PATTERNS: [toneMs: number, gapMs: number][] = [
  [100, 100],
  [100, 60],
  [70, 70],
  [60, 60],
  [40, 100],
  [40, 80],
  [100, 40],
  [100, 20],
  [100, 0],
  [200, 0],
  [200, 5],
  [200, 20],
  [200, 40],
  [500, 20],
  [60, 40],
  [40, 0],
  [40, 20],
  [40, 40],
  [40, 60],
];
