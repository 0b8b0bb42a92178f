/** The audit as the auditor's screen reads it: `GET /v1/audit`, and as a table `GET /v1/audit.csv`. */
import type { LocalizedText } from '@civicline/protocol';

export interface AuditEntry {
  id: number;
  /** RFC 3339. */
  at: string;
  callId: string;
  /** On what occasion it was shown. */
  reason: 'ringing' | 'answered' | 'reload' | 'transfer';
  /** To whom. */
  agents: { id: string; name: string }[];
  /** Values are never kept. */
  attributes: { id: string; label: LocalizedText }[];
}

export interface AuditPage {
  entries: AuditEntry[];
  /** `before` of the next page, which is older; null when this is the last. */
  next: number | null;
  /** All agents of the organisation, to choose one from. */
  people: { id: string; name: string }[];
}

/** Which entries; all where nothing is said. */
export interface AuditFilter {
  /** Id. */
  agent?: string;
  /** Id. */
  call?: string;
  /** RFC 3339: not earlier, and earlier than. */
  from?: string;
  until?: string;
}

const PAGE_SIZE = 50;

/** Never throws. `before`: `next` of the page shown last, null for the newest. */
export async function fetchAuditPage(
  before: number | null,
  filter: AuditFilter = {},
): Promise<{ kind: 'page'; page: AuditPage } | { kind: 'failed' } | { kind: 'signed-out' }> {
  const query = new URLSearchParams({
    ...filter,
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

/** Where the browser gets the same entries as a table, all of them. */
export function auditTableUrl(filter: AuditFilter = {}): string {
  return `/v1/audit.csv?${new URLSearchParams({ ...filter })}`;
}
