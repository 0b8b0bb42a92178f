import { once } from 'node:events';
import type { LocalizedText } from '@civicline/protocol';
import type { Express } from 'express';
import { z } from 'zod';
import { inDigits, mount, operation } from '../../../platform/http/index.ts';
import type { Organisation, Organisations } from '../../directory/organisations/index.ts';
import { AGENT_SESSION, type SignIn, signedInOf } from '../../directory/sign-in/index.ts';
import { csvLine } from './csv.ts';
import type { Audit, AuditEntry, AuditFilter } from './store.ts';

const localizedSchema = z.record(z.string(), z.string()).describe('by language');
const personSchema = z.object({ id: z.string(), name: z.string() });

const entrySchema = z.object({
  id: z.number().int(),
  at: z.string().describe('RFC 3339'),
  callId: z.string(),
  reason: z.enum(['ringing', 'answered', 'reload', 'transfer']),
  agents: z.array(personSchema).describe('to whom it was shown, with the name of today; the id where nobody has it'),
  attributes: z
    .array(z.object({ id: z.string(), label: localizedSchema }))
    .describe('IRMA attribute ids with their labels; values are never kept'),
});

const filterShape = {
  agent: z
    .string()
    .regex(/^[a-z0-9-]{1,64}$/, 'is the id of an agent')
    .optional()
    .describe('shown to this agent'),
  call: z.uuid().optional().describe('of this call'),
  from: z.iso.datetime({ offset: true }).optional().describe('not earlier, RFC 3339'),
  until: z.iso.datetime({ offset: true }).optional().describe('earlier than this, RFC 3339'),
};

const refusals = { 401: { description: 'Nobody is signed in.' }, 403: { description: 'Not an auditor.' } };

export const auditOperation = operation({
  method: 'get',
  path: '/v1/audit',
  tag: 'Audit',
  summary: 'Who was shown which attributes of which call',
  description:
    "The auditor's own organisation, newest first; with `after` oldest first, for whoever keeps a copy. Entries cannot be changed or deleted.",
  security: AGENT_SESSION,
  query: z
    .object({
      ...filterShape,
      before: inDigits(z.int().min(1)).optional().describe('id of the oldest entry that was read'),
      after: inDigits(z.int().min(0)).optional().describe('id of the newest entry that was read, 0 to begin'),
      limit: inDigits(z.int().min(1).max(1000)).default(100),
    })
    .refine(({ before, after }) => before === undefined || after === undefined, 'is either before or after'),
  answers: {
    200: {
      description: 'A page of entries; `next` is the `before`, or `after`, of the following page; null at the end.',
      schema: z.object({
        entries: z.array(entrySchema),
        next: z.number().int().nullable(),
        people: z.array(personSchema).describe('all agents of the organisation, to choose one from'),
      }),
    },
    ...refusals,
  },
});

export const auditExportOperation = operation({
  method: 'get',
  path: '/v1/audit.csv',
  tag: 'Audit',
  summary: 'The audit as a table',
  description:
    'Comma-separated values (RFC 4180), oldest first, with a byte order mark. No cell is a formula to a spreadsheet: one that would be begins with an apostrophe.',
  security: AGENT_SESSION,
  query: z.object(filterShape),
  answers: { 200: { description: 'All entries that fit.', type: 'text/csv' }, ...refusals },
});

const EXPORT_PAGE = 1000;
const COLUMNS = ['time', 'call', 'reason', 'agents', 'agent ids', 'attributes', 'attribute ids'];

export function mountAudit(
  http: Express,
  options: { audit: Audit; organisations: Organisations; signIn: Pick<SignIn, 'requireRole'> },
): void {
  const { audit, organisations, signIn } = options;
  const guards = [signIn.requireRole('auditor')];

  mount(http, auditOperation, guards, async ({ query }, response) => {
    const { organisation } = signedInOf(response);
    const entries = await audit.page(organisation.id, query, filterOf(query));
    const agents = organisation.agents.filter(({ roles }) => roles.includes('agent'));
    response.json({
      entries: entries.map((entry) => viewOf(entry, organisations)),
      next: entries.length === query.limit ? entries.at(-1)?.id : null,
      people: agents.map(({ id, name }) => ({ id, name })),
    });
  });

  mount(http, auditExportOperation, guards, async ({ query }, response) => {
    const { organisation } = signedInOf(response);
    response.set({ 'Cache-Control': 'no-store', 'Content-Disposition': 'attachment; filename="audit.csv"' });
    response.type('text/csv; charset=utf-8').write(`\uFEFF${csvLine(COLUMNS)}`);
    let after = 0;
    for (;;) {
      const entries = await audit.page(organisation.id, { after, limit: EXPORT_PAGE }, filterOf(query));
      const lines = entries.map((entry) => lineOf(viewOf(entry, organisations), organisation));
      // Nobody reads on who has gone away, and nothing is gathered for who reads slowly.
      if (!response.write(lines.join('')) && !response.closed) {
        await Promise.race([once(response, 'drain'), once(response, 'close')]);
      }
      after = entries.at(-1)?.id ?? after;
      if (entries.length < EXPORT_PAGE || response.closed) break;
    }
    response.end();
  });
}

function filterOf(query: {
  agent?: string | undefined;
  call?: string | undefined;
  from?: string | undefined;
  until?: string | undefined;
}): AuditFilter {
  const { agent, call, from, until } = query;
  return { agent, call, from: from && Date.parse(from), until: until && Date.parse(until) } as AuditFilter;
}

function viewOf({ id, at, callId, reason, agentIds, attributeIds }: AuditEntry, organisations: Organisations) {
  const attributes = organisations.attributeViews(attributeIds.map((id) => ({ id, value: '' })));
  return {
    id,
    at: new Date(at).toISOString(),
    callId,
    reason,
    agents: agentIds.map((id) => ({ id, name: organisations.agent(id)?.agent.name ?? id })),
    attributes: attributes.map(({ id, label }) => ({ id, label })),
  };
}

function lineOf({ at, callId, reason, agents, attributes }: ReturnType<typeof viewOf>, { language }: Organisation) {
  const inWords = (label: LocalizedText) => label[language] ?? Object.values(label)[0] ?? '';
  return csvLine([
    at,
    callId,
    reason,
    agents.map(({ name }) => name).join('; '),
    agents.map(({ id }) => id).join('; '),
    attributes.map(({ label }) => inWords(label)).join('; '),
    attributes.map(({ id }) => id).join('; '),
  ]);
}
