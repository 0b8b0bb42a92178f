/** How pauses between tries grow. */
export interface BackOff {
  /** After the first failure, milliseconds. */
  firstMs: number;
  /** However many failures, milliseconds. */
  longestMs: number;
  /**
   * Which share of the pause is left to chance, so that those who failed together do not return together: from 0, none
   * of it, to 1, all of it. A half if absent.
   */
  jitter?: number;
}

/**
 * Milliseconds to wait before the next try: doubles with each failure from `firstMs` up to `longestMs`, less a random
 * part of at most `jitter`.
 *
 * @param failures tries that failed in a row; 1 or less for the first
 * @param random gives a number from 0 up to 1
 */
export function backOff(failures: number, { firstMs, longestMs, jitter = 0.5 }: BackOff, random = Math.random): number {
  const longest = Math.min(longestMs, firstMs * 2 ** Math.max(0, failures - 1));
  return Math.round(longest * (1 - jitter + jitter * random()));
}
