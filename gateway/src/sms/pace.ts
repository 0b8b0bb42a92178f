/**
 * How many SMS may be in hand at once. What is in hand cannot be overtaken by something urgent, so it is not more than
 * what leaves within {@link AHEAD_MS}; yet enough that a carrier's window is always full.
 */
const AHEAD_MS = 500;
const FEWEST = 64;
/** Also of memory, and of what a crash leaves unknown. */
const MOST = 4_000;
const MEASURE_MS = 250;

export function createPace(now: () => number) {
  let limit = FEWEST;
  let finished = 0;
  let since = now();

  function measure(): void {
    const ms = now() - since;
    if (ms < MEASURE_MS) return;
    const fitting = (finished / ms) * AHEAD_MS;
    // Half way each time: a short pause is not yet a slow carrier.
    limit = Math.round(Math.min(MOST, Math.max(FEWEST, (limit + fitting) / 2)));
    finished = 0;
    since = now();
  }

  return {
    /** One has left, or could not. */
    finished(): void {
      finished++;
      measure();
    },
    limit: () => limit,
  };
}
