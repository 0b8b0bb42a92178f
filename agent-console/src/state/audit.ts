/** The audit as the auditor's screen reads it: `GET /v1/audit?after=&limit=`. */

export interface AuditEntry {
  id: string;
  /** RFC 3339. */
  at: string;
  agentId: string;
  agentName: string;
  callId: string;
  attributeIds: string[];
  /** On what occasion, such as `ringing`. */
  reason: string;
}

export interface AuditPage {
  entries: AuditEntry[];
  /** Where the next page begins; null on the last. */
  next: string | null;
}

const PAGE_SIZE = 50;

/** Never throws. `after`: `next` of the page before, null for the first. */
export async function fetchAuditPage(
  after: string | null,
): Promise<{ kind: 'page'; page: AuditPage } | { kind: 'failed' } | { kind: 'signed-out' }> {
  const query = new URLSearchParams({ limit: String(PAGE_SIZE), ...(after === null ? {} : { after }) });
  try {
    const response = await fetch(`/v1/audit?${query}`, { headers: { accept: 'application/json' }, cache: 'no-store' });
    if (response.status === 401) return { kind: 'signed-out' };
    if (!response.ok) return { kind: 'failed' };
    return { kind: 'page', page: (await response.json()) as AuditPage };
  } catch {
    return { kind: 'failed' };
  }
}
