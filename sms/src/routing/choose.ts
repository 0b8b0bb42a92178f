/** Which routes may carry an SMS to a number, in the order in which they are tried. Pure. */

export interface Offer {
  name: string;
  priority: number;
  prefixes: readonly { prefix: string; price: number }[];
}

export interface Choice<T extends Offer> {
  route: T;
  /** Millionths of a euro per segment. */
  price: number;
}

/**
 * All routes with a prefix of `to` (E.164): the longest prefix first, then the lowest priority, then the cheapest, then as
 * in the file.
 */
export function choose<T extends Offer>(routes: readonly T[], to: string): Choice<T>[] {
  return routes
    .flatMap((route) => {
      const match = longestMatch(route, to);
      return match ? [{ route, price: match.price, length: match.prefix.length }] : [];
    })
    .sort((a, b) => b.length - a.length || a.route.priority - b.route.priority || a.price - b.price)
    .map(({ route, price }) => ({ route, price }));
}

function longestMatch({ prefixes }: Offer, to: string): Offer['prefixes'][number] | null {
  let longest: Offer['prefixes'][number] | null = null;
  for (const entry of prefixes) {
    if (to.startsWith(entry.prefix) && entry.prefix.length > (longest?.prefix.length ?? 0)) longest = entry;
  }
  return longest;
}
