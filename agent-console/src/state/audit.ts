/** The audit as the auditor's screen reads it: `GET /v1/audit?before=&limit=`. */

export interface AuditEntry {
  id: number;
  /** RFC 3339. */
  at: string;
  callId: string;
  /** On what occasion it was shown. */
  reason: 'ringing' | 'answered' | 'reload' | 'transfer';
  /** To whom. */
  agentIds: string[];
  /** Ids only; values are never kept. */
  attributeIds: string[];
}

export interface AuditPage {
  entries: AuditEntry[];
  /** `before` of the next page, which is older; null when this is the last. */
  next: number | null;
}

const PAGE_SIZE = 50;

/** Never throws. `before`: `next` of the page shown last, null for the newest. */
export async function fetchAuditPage(
  before: number | null,
): Promise<{ kind: 'page'; page: AuditPage } | { kind: 'failed' } | { kind: 'signed-out' }> {
  const query = new URLSearchParams({
    limit: String(PAGE_SIZE),
    ...(before === null ? {} : { before: String(before) }),
  });
  try {
    const response = await fetch(`/v1/audit?${query}`, { headers: { accept: 'application/json' }, cache: 'no-store' });
    if (response.status === 401) return { kind: 'signed-out' };
    if (!response.ok) return { kind: 'failed' };
    return { kind: 'page', page: (await response.json()) as AuditPage };
  } catch {
    return { kind: 'failed' };
  }
}
