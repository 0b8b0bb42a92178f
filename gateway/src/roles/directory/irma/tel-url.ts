/**
 * The URL by which the Yivi app, after the disclosure, has the phone dial and then key the code by itself, such as
 * `tel:+31501234567,12345678`. A comma is a pause of about two seconds in the dialers of iOS and Android; it is not in
 * RFC 3966, where `;` would begin a parameter that dialers treat each in their own way, and `#` ends the URL.
 * @throws RangeError without repeating what was wrong: the code is a secret
 */
export function telUrl({ number, pauses, code }: { number: string; pauses: number; code: string }): string {
  if (!/^\+[1-9]\d{6,14}$/.test(number)) throw new RangeError('not an E.164 number');
  if (!/^\d+$/.test(code)) throw new RangeError('not a code of digits');
  if (!Number.isInteger(pauses) || pauses < 1) throw new RangeError('at least one pause is needed before the code');
  return `tel:${number}${','.repeat(pauses)}${code}`;
}
