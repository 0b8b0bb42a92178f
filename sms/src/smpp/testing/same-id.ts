import { canonicalCarrierId, inOtherBase } from '../carrier-id.ts';

/** Whether two notations may be of one id. */
export function isSameId(a: string, b: string): boolean {
  const [one, other] = [canonicalCarrierId(a), canonicalCarrierId(b)];
  return one === other || inOtherBase(one).includes(other);
}
