/**
 * How ids of a carrier are compared. The answer to a submit_sm and the receipt often write one id in two ways: in other
 * case, with leading zeros or without, one of them in hexadecimal and the other in decimal.
 */

const LONGEST = 100;

/**
 * One form for all notations that differ in case and leading zeros only. Whatever is not printable ASCII does not count;
 * no carrier's id is as long as what is cut off.
 */
export function canonicalCarrierId(id: string): string {
  const printable = id.replaceAll(/[^\x21-\x7e]/g, '').toLowerCase();
  return printable.replace(/^0+(?=[\da-f])/, '').slice(0, LONGEST);
}

/**
 * What the other side may have written in the other base, in canonical form: for a number in decimal digits the same
 * number in hexadecimal, and for one in hexadecimal digits the same in decimal. Two ids may answer to one of these, so an id that
 * is equal as it stands goes first.
 */
export function inOtherBase(canonical: string): string[] {
  const others: string[] = [];
  if (/^\d{1,20}$/.test(canonical)) others.push(BigInt(canonical).toString(16));
  if (/^[\da-f]{1,16}$/.test(canonical)) others.push(BigInt(`0x${canonical}`).toString(10));
  return others.filter((other) => other !== canonical);
}
