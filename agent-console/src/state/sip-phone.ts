/** With what the agent's own SIP phone registers, from `GET /v1/agents/me/sip-phone`. */
export interface SipPhone {
  user: string;
  password: string;
  /** The phone registers with each of them. */
  servers: { domain: string; sipUri: string }[];
}

/** Never throws; null when it cannot be had now. */
export async function fetchSipPhone(): Promise<SipPhone | null> {
  try {
    const response = await fetch('/v1/agents/me/sip-phone', { cache: 'no-store' });
    return response.ok ? ((await response.json()) as SipPhone) : null;
  } catch {
    return null;
  }
}
