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
  if (httpStatus === 403 || httpStatus === 429) return { kind: 'slower', reason };
  if (httpStatus === 503) return { kind: 'down', reason };
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

const NEVER_CONNECTED = new Set(['ECONNREFUSED', 'UND_ERR_CONNECT_TIMEOUT']);
/** What failed was to connect; the same codes come from connections that were there, too. */
const BEFORE_CONNECTED = new Set(['getaddrinfo', 'connect']);
/** The other side has not shown that it is who it should be, so it was told nothing. */
const TLS = /^(ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|HOSTNAME_MISMATCH)/;

/** What it means that `fetch` rejected. */
export function verdictOfError(error: unknown): Verdict {
  const causes = causesOf(error);
  if (!causes.every(isBeforeSending)) return { kind: 'unknown' };
  return { kind: 'down', reason: String(causes[0]?.code) };
}

interface Cause {
  code?: unknown;
  syscall?: unknown;
}

/** Several where a name has several addresses and each was tried. */
function causesOf(error: unknown): Cause[] {
  const cause = (error as { cause?: unknown } | null)?.cause ?? error ?? {};
  return cause instanceof AggregateError && cause.errors.length > 0 ? cause.errors : [cause];
}

function isBeforeSending({ code, syscall }: Cause): boolean {
  return NEVER_CONNECTED.has(String(code)) || BEFORE_CONNECTED.has(String(syscall)) || TLS.test(String(code));
}
