import { expect } from 'chai';
import type { Database } from '../../../platform/storage/index.ts';
import { eachEngine } from '../../../platform/storage/testing/index.ts';
import { type Audit, type AuditFilter, auditMigrations, createAudit, type PageRange, type Showing } from './store.ts';

describe('audit', () =>
  eachEngine((open) => {
    let database: Database;
    let audit: Audit;

    beforeEach(async () => {
      database = await open();
      await database.migrate('audit', auditMigrations(database.engine));
      audit = createAudit(database);
    });

    const showing = (changes: Partial<Showing> = {}): Showing => ({
      at: 1_700_000_000_000,
      organisationId: 'voorbeeldstad',
      callId: '01920000-0000-7000-8000-000000000001',
      reason: 'ringing',
      agentIds: ['agent-a'],
      attributeIds: ['test.gemeente.personalData.bsn'],
      ...changes,
    });

    it('gives back what was recorded, page by page, to the own organisation only', async () => {
      await audit.record([showing(), showing({ organisationId: 'other' }), showing({ reason: 'answered' })]);
      await audit.record([]);
      const page = (range: PageRange) => audit.page('voorbeeldstad', range);
      const [first, ...rest] = await page({ after: 0, limit: 1 });
      expect(rest).to.deep.equal([]);
      expect(first).to.deep.include(showing());
      const second = await page({ after: first?.id ?? 0, limit: 10 });
      expect(second.map(({ reason }) => reason)).to.deep.equal(['answered']);
      expect(await page({ after: second[0]?.id ?? 0, limit: 10 })).to.deep.equal([]);

      expect((await page({ limit: 10 })).map(({ reason }) => reason)).to.deep.equal(['answered', 'ringing']);
      const newest = await page({ limit: 1 });
      expect(newest).to.deep.equal(second);
      expect(await page({ before: newest[0]?.id ?? 0, limit: 10 })).to.deep.equal([first]);
      expect(await page({ before: first?.id ?? 0, limit: 10 })).to.deep.equal([]);
    });

    it('finds what an agent saw, what was shown of a call, and when', async () => {
      const call = '01920000-0000-7000-8000-000000000002';
      await audit.record([
        showing({ agentIds: ['agent-a', 'agent-b'] }),
        showing({ agentIds: ['agent-ab'], at: 1_700_000_001_000 }),
        showing({ agentIds: ['agent-b'], at: 1_700_000_002_000, callId: call }),
      ]);
      const found = async (filter: AuditFilter) =>
        (await audit.page('voorbeeldstad', { after: 0, limit: 10 }, filter)).map(({ agentIds }) => agentIds.join());
      expect(await found({ agent: 'agent-a' })).to.deep.equal(['agent-a,agent-b']);
      expect(await found({ agent: 'agent-b' })).to.deep.equal(['agent-a,agent-b', 'agent-b']);
      expect(await found({ agent: 'agent-b', call })).to.deep.equal(['agent-b']);
      expect(await found({ from: 1_700_000_001_000 })).to.deep.equal(['agent-ab', 'agent-b']);
      expect(await found({ from: 1_700_000_001_000, until: 1_700_000_002_000 })).to.deep.equal(['agent-ab']);
    });

    it('refuses to change or delete an entry', async () => {
      await audit.record([showing()]);
      const tables = database.withTables<{ audit: { id: number; reason: string } }>();
      const attempts = [
        tables.write((sql) => sql.updateTable('audit').set({ reason: 'reload' }).execute()),
        tables.write((sql) => sql.deleteFrom('audit').execute()),
      ];
      for (const attempt of await Promise.allSettled(attempts)) {
        expect(attempt).to.have.nested.property('reason.message').that.includes('AUDIT_APPEND_ONLY');
      }
      expect(await audit.page('voorbeeldstad', { limit: 10 })).to.have.length(1);
    });
  }));
