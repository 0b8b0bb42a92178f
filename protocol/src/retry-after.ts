/** A date as HTTP writes it, and as recipients must still read it (RFC 9110 §5.6.7). */
const IMF_FIXDATE = /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;
const RFC_850 = /^[A-Z][a-z]+day, \d{2}-[A-Z][a-z]{2}-\d{2} \d{2}:\d{2}:\d{2} GMT$/;
const ASCTIME = /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun) [A-Z][a-z]{2} [ \d]\d \d{2}:\d{2}:\d{2} \d{4}$/;

/**
 * Milliseconds from `now` (UTC milliseconds) until the time that a Retry-After header names (RFC 9110 §10.2.3), in seconds or
 * as a date; 0 for a date that has passed. undefined: no header, or none that the standard knows. The answer may be as long
 * as the header says: the caller sets a limit.
 */
export function readRetryAfter(header: string | null | undefined, now: number): number | undefined {
  const text = header?.trim() ?? '';
  if (/^\d+$/.test(text)) return Math.min(Number(text) * 1_000, Number.MAX_SAFE_INTEGER);
  const at = IMF_FIXDATE.test(text) || RFC_850.test(text) ? Date.parse(text) : dateOfAsctime(text);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}

/** It names no zone and means UTC. */
function dateOfAsctime(text: string): number {
  return ASCTIME.test(text) ? Date.parse(`${text} GMT`) : Number.NaN;
}
