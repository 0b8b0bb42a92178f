/** How one claim is dealt out: every share of a lane gets its turn, and who got less goes first. */

/** The shares, in their order, from the one after `last` on and then round. */
export function beginningAfter<Share extends { share: string }>(last: string | undefined, heads: Share[]): Share[] {
  const start = last === undefined ? 0 : heads.findIndex(({ share }) => share > last);
  return start <= 0 ? heads : [...heads.slice(start), ...heads.slice(0, start)];
}

export interface Turn {
  share: string;
  /** How many items this claim took from it before. */
  had: number;
}

export interface Portion extends Turn {
  count: number;
}

/** Deals `total` out evenly; the first get what does not divide. */
export function portionsOf(total: number, turns: Turn[]): Portion[] {
  const [base, rest] = [Math.floor(total / turns.length), total % turns.length];
  return turns.map((turn, i) => ({ ...turn, count: base + (i < rest ? 1 : 0) }));
}

/** Those that gave all they were asked for may have more; who had less comes first. */
export function turnsLeft(portions: Portion[], items: readonly { share: string }[]): Turn[] {
  const given = new Map<string, number>();
  for (const { share } of items) given.set(share, (given.get(share) ?? 0) + 1);
  return portions
    .filter(({ share, count }) => (given.get(share) ?? 0) === count)
    .map(({ share, had, count }) => ({ share, had: had + count }))
    .sort((a, b) => a.had - b.had);
}
