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

export const AGENTS: AuditEntry['agents'] = [
  { id: 'agent-a', name: 'Demo agent A' },
  { id: 'agent-b', name: 'Demo agent B' },
];

export const AUDIT: AuditEntry[] = Array.from({ length: 120 }, (_, index) => ({
  id: index + 1,
  at: new Date(Date.UTC(2025, 2, 1, 9, index)).toISOString(),
  agents: index % 3 === 0 ? AGENTS.slice(1) : AGENTS,
  callId: `0195${String(index).padStart(4, '0')}-7c2a-7b1e-9d53-6f1c2a9b0e11`,
  attributes: [
    {
      id: 'civicline-demo.gemeente.personalData.fullname',
      label: { nl: 'Naam', fr: 'Nom', de: 'Name', en: 'Name' },
    },
    {
      id: 'civicline-demo.gemeente.personalData.bsn',
      label: {
        nl: 'Burgerservicenummer',
        fr: 'Numéro de citoyen',
        de: 'Bürgerservicenummer',
        en: 'Citizen service number',
      },
    },
  ],
  reason: index % 3 === 0 ? 'answered' : 'ringing',
}));
