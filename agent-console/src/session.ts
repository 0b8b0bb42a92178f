/** Who is signed in, from `GET /v1/session`. */
import type { LocalizedText } from '@civicline/protocol';

export interface Session {
  agent: { id: string; name: string };
  organisation: { id: string; name: LocalizedText };
  roles: ('agent' | 'auditor')[];
  /** RFC 3339. */
  expiresAt: string;
}

export type SessionAnswer = { kind: 'signed-in'; session: Session } | { kind: 'signed-out' } | { kind: 'unreachable' };

/** Never throws: a network that fails is one of the answers. */
export async function fetchSession(): Promise<SessionAnswer> {
  try {
    const response = await fetch('/v1/session', { headers: { accept: 'application/json' }, cache: 'no-store' });
    if (response.status === 401) return { kind: 'signed-out' };
    if (!response.ok) return { kind: 'unreachable' };
    return { kind: 'signed-in', session: (await response.json()) as Session };
  } catch {
    return { kind: 'unreachable' };
  }
}

/** Signing in ends on the page where it began. */
export const SIGN_IN_URL = '/sign-in?return=/console/';
export const SIGN_OUT_URL = '/sign-out';
