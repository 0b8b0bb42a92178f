/** What an answer of the Message API means for one SMS. The codes are the vendor's own, named with their number. */

export type Verdict =
  | { kind: 'accepted' }
  /** Surely not sent; the same again later. */
  | { kind: 'slower'; reason: string }
  /** Surely not sent, and nothing else will be before this is over. */
  | { kind: 'down'; reason: string }
  /** Surely not sent, and nothing will be until the operator has talked with the vendor. */
  | { kind: 'stopped'; reason: string }
  | { kind: 'refused'; permanent: boolean; reason: string }
  /** May have been sent. */
  | { kind: 'unknown' };

const SUCCESS = 0;
const RATE_LIMIT = 30;
const MAINTENANCE = 34;
/** To invalid (9, 10), To blacklisted, mobile not authorized: no other way will do either. */
const NUMBER = new Set([9, 10, 32, 36]);
/** Gateway not active, application without right, key invalid (12, 14), IP address denied, trial expired or used up. */
const ACCOUNT = new Set([2, 11, 12, 14, 15, 35, 37]);

/** `httpStatus` of the answer and the ResultCode in its body; null when the body had none. */
export function verdictOf(httpStatus: number, resultCode: number | null): Verdict {
  if (resultCode !== null) return ofCode(resultCode);
  const reason = `HTTP_${httpStatus}`;
  if (httpStatus === 403 || httpStatus === 429 || httpStatus === 503) return { kind: 'slower', reason };
  // A success that cannot be read, or a failure behind which the message may have been taken.
  if (httpStatus < 300 || httpStatus >= 500) return { kind: 'unknown' };
  if (httpStatus === 400) return { kind: 'refused', permanent: false, reason };
  return { kind: 'down', reason };
}

function ofCode(code: number): Verdict {
  const reason = `RINGRING_${code}`;
  if (code === SUCCESS) return { kind: 'accepted' };
  if (code === RATE_LIMIT) return { kind: 'slower', reason };
  if (code === MAINTENANCE) return { kind: 'down', reason };
  if (ACCOUNT.has(code)) return { kind: 'stopped', reason };
  return { kind: 'refused', permanent: NUMBER.has(code), reason };
}

const NEVER_SENT = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
  'UND_ERR_CONNECT_TIMEOUT',
]);
/** The other side has not shown that it is who it should be, so it was told nothing. */
const TLS = /^(ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|HOSTNAME_MISMATCH)/;

/** What it means that `fetch` rejected. */
export function verdictOfError(error: unknown): Verdict {
  const code = codeOf(error);
  return NEVER_SENT.has(code) || TLS.test(code) ? { kind: 'down', reason: code } : { kind: 'unknown' };
}

function codeOf(error: unknown): string {
  const cause = (error as { cause?: unknown } | null)?.cause ?? error;
  return String((cause as { code?: unknown } | null)?.code ?? '');
}
