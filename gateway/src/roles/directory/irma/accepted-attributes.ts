import type { Language } from '@civicline/protocol';
import type { SessionResult } from './schemas.ts';

/** Why a session's result proves nothing. */
export type RefusalReason = 'not-finished' | 'cancelled' | 'timed-out' | 'proof-expired' | 'proof-invalid';

export type Acceptance =
  | { accepted: true; attributes: { id: string; value: string }[] }
  | { accepted: false; reason: RefusalReason };

/**
 * The attributes that a session has proved, or why it has not. A disclosure may be DONE with a proof that is not VALID
 * (an expired credential, for one): both are required. Attributes without a value, and those that nobody asked for,
 * are left out.
 * @param language in which an attribute is given whose values the scheme translates
 */
export function acceptedAttributes(result: SessionResult, language: Language = 'nl'): Acceptance {
  const reason = refusalReason(result);
  if (reason) return { accepted: false, reason };
  const attributes = result.disclosed.flat().flatMap(({ id, rawvalue, value, status }) => {
    if (status !== 'PRESENT' || rawvalue === null) return [];
    return [{ id, value: value?.[language] ?? value?.en ?? rawvalue }];
  });
  return { accepted: true, attributes };
}

function refusalReason({ status, type, proofStatus }: SessionResult): RefusalReason | null {
  if (status === 'CANCELLED') return 'cancelled';
  if (status === 'TIMEOUT') return 'timed-out';
  if (status !== 'DONE') return 'not-finished';
  if (proofStatus === 'EXPIRED') return 'proof-expired';
  return proofStatus === 'VALID' && type !== 'issuing' ? null : 'proof-invalid';
}
