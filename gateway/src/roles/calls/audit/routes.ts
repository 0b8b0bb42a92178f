import type { Express } from 'express';
import { z } from 'zod';
import { inDigits, mount, operation } from '../../../platform/http/index.ts';
import { AGENT_SESSION, type SignIn, signedInOf } from '../../directory/sign-in/index.ts';
import type { Audit } from './store.ts';

const entrySchema = z.object({
  id: z.number().int(),
  at: z.string().describe('RFC 3339'),
  callId: z.string(),
  reason: z.enum(['ringing', 'answered', 'reload', 'transfer']),
  agentIds: z.array(z.string()).describe('to whom it was shown'),
  attributeIds: z.array(z.string()).describe('IRMA attribute ids; values are never kept'),
});

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
      before: inDigits(z.int().min(1)).optional().describe('id of the oldest entry that was read'),
      after: inDigits(z.int().min(0)).optional().describe('id of the newest entry that was read, 0 to begin'),
      limit: inDigits(z.int().min(1).max(1000)).default(100),
    })
    .refine(({ before, after }) => before === undefined || after === undefined, 'is either before or after'),
  answers: {
    200: {
      description: 'A page of entries; `next` is the `before`, or `after`, of the following page; null at the end.',
      schema: z.object({ entries: z.array(entrySchema), next: z.number().int().nullable() }),
    },
    401: { description: 'Nobody is signed in.' },
    403: { description: 'Not an auditor.' },
  },
});

export function mountAudit(http: Express, audit: Audit, signIn: Pick<SignIn, 'requireRole'>): void {
  mount(http, auditOperation, [signIn.requireRole('auditor')], async ({ query }, response) => {
    const { organisation } = signedInOf(response);
    const entries = await audit.page(organisation.id, query);
    response.json({
      entries: entries.map(({ organisationId, at, ...entry }) => ({ ...entry, at: new Date(at).toISOString() })),
      next: entries.length === query.limit ? entries.at(-1)?.id : null,
    });
  });
}
