/** Dutch area and service codes of two digits after the zero; all others have three (Nummerplan telefoon). */
const DUTCH_SHORT_AREAS = /^(10|13|15|20|23|24|26|30|33|35|36|38|40|43|45|46|50|53|55|58|7\d|8[24578]|91|6)/;
const BELGIAN_AREAS = /^(4[5-9]\d|[789]0\d|[2349]|\d\d)/;

/**
 * An E.164 number as people write it: national form for the Netherlands and Belgium (`085 000 00 01`), else
 * international (`+49 30 12 34 56`). Only for reading: dialling always uses the E.164 number.
 */
export function formatPhoneNumber(e164: string): string {
  const [, country = '', rest = ''] = /^\+(31|32|33|49|352|44|\d\d)(\d+)$/.exec(e164) ?? [];
  if (country === '') return e164;
  if (country === '31') return nationally(rest, DUTCH_SHORT_AREAS.exec(rest)?.[0] ?? rest.slice(0, 3));
  if (country === '32') return nationally(rest, BELGIAN_AREAS.exec(rest)?.[0] ?? rest.slice(0, 2));
  return `+${country} ${inGroups(rest)}`;
}

/** An 8-digit code in two groups of four. */
export function formatCode(code: string): string {
  return code.replace(/(\d{4})(?=\d)/g, '$1 ');
}

function nationally(rest: string, area: string): string {
  return `0${area} ${inGroups(rest.slice(area.length))}`;
}

/** Pairs, with three digits first when the count is odd: 0000001 → 000 00 01. */
function inGroups(digits: string): string {
  const first = digits.length % 2 === 0 ? '' : digits.slice(0, 3);
  const pairs = digits.slice(first.length).match(/\d\d/g) ?? [];
  return [first, ...pairs].filter(Boolean).join(' ');
}
