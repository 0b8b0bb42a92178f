/** Who can sign in at the stand-in, as `GET /v1/session` answers, and an audit to page through. */

import type { Session } from '../session.ts';
import type { AuditEntry } from '../state/audit.ts';

const organisation: Session['organisation'] = {
  id: 'voorbeeldstad',
  name: {
    nl: 'Gemeente Voorbeeldstad',
    fr: 'Commune de Voorbeeldstad',
    de: 'Gemeinde Voorbeeldstad',
    en: 'Municipality of Voorbeeldstad',
  },
};
const expiresAt = '2035-01-01T00:00:00Z';

export const PEOPLE: Record<string, Session> = {
  agent: { agent: { id: 'agent-a', name: 'Demo agent A' }, organisation, roles: ['agent'], expiresAt },
  auditor: { agent: { id: 'auditor', name: 'Demo auditor' }, organisation, roles: ['auditor'], expiresAt },
  both: { agent: { id: 'agent-a', name: 'Demo agent A' }, organisation, roles: ['agent', 'auditor'], expiresAt },
};

export const AUDIT: AuditEntry[] = Array.from({ length: 120 }, (_, index) => ({
  id: index + 1,
  at: new Date(Date.UTC(2025, 2, 1, 9, index)).toISOString(),
  agentIds: index % 3 === 0 ? ['agent-b'] : ['agent-a', 'agent-b'],
  callId: `0195${String(index).padStart(4, '0')}-7c2a-7b1e-9d53-6f1c2a9b0e11`,
  attributeIds: ['civicline-demo.gemeente.personalData.fullname', 'civicline-demo.gemeente.personalData.bsn'],
  reason: index % 3 === 0 ? 'answered' : 'ringing',
}));
