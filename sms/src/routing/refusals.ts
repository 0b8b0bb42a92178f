/** Refusals of one SMS, which say nothing about the route: any other SMS may do well there. */

/** Found out before a carrier was asked; by these it will not go on this route, however often it is tried. */
const NEVER_HERE = new Set(['TEXT_TOO_LONG', 'SENDER_INVALID']);

const OF_THE_SMS = new Set([
  ...NEVER_HERE,
  'PDU_FIELD_INVALID',
  'EXPIRED',
  'ESME_RINVMSGLEN',
  'ESME_RINVSRCADR',
  'ESME_RINVSRCTON',
  'ESME_RINVSRCNPI',
  'ESME_RINVESMCLASS',
  'ESME_RINVEXPIRY',
  // From (5, 6), text empty or too long, TimeValidity malformed or out of range, SenderId.
  ...[5, 6, 7, 8, 19, 22, 31].map((code) => `RINGRING_${code}`),
]);

/** Whether a route says by itself, and hence will say again, that the SMS cannot go there. */
export function isNeverHere(reason: string): boolean {
  return NEVER_HERE.has(reason);
}

/** Whether it was the SMS that was wrong. */
export function isOfTheSms(reason: string): boolean {
  return OF_THE_SMS.has(reason);
}
