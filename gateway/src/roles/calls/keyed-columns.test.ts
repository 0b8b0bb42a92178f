import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { createSealer, moveKeys } from '../../platform/storage/index.ts';
import { eachEngine } from '../../platform/storage/testing/index.ts';
import { callMigrations } from './engine/index.ts';
import { defineCalls } from './index.ts';
import { migrations, sealedFor } from './requests/store.ts';

describe('what calls have sealed', () =>
  eachEngine((open) => {
    it('is moved to another key, each value for the row that it belongs to', async () => {
      const [own, shared] = [randomBytes(32), randomBytes(32)];
      const sealer = createSealer([shared]);
      const database = (await open()).withTables<{
        calls: Record<string, unknown>;
        call_requests: Record<string, unknown>;
      }>();
      await database.migrate('call-requests', migrations);
      await database.migrate('calls', callMigrations);
      const request = {
        code_sealed: sealer.seal('12345678', sealedFor.code('r')),
        irma_token_sealed: sealer.seal('token', sealedFor.irmaToken('r')),
        pairing_sealed: sealer.seal('pairing', sealedFor.pairing('r')),
        attributes_sealed: sealer.seal('attributes', sealedFor.attributes('r')),
      };
      const usual = { organisation_id: 'o', state: 'ready', id: 'r' };
      await database.write(async (sql) => {
        await sql
          .insertInto('call_requests')
          .values({
            ...usual,
            ...request,
            purpose_id: 'p',
            language: 'nl',
            token_digest: 't',
            sequence: 1,
            code_digest: 'c',
            created_at: 1,
          })
          .execute();
        await sql
          .insertInto('calls')
          .values({ ...usual, id: 'c', arrived_at: 1, data: '{}', personal: sealer.seal('{}', 'call:c') })
          .execute();
      });
      const columns = defineCalls().keyedColumns ?? [];
      expect(await moveKeys(database.withTables(), createSealer([own, shared]), columns)).to.deep.equal({
        moved: 5,
        broken: 0,
      });
      const after = createSealer([own]);
      const row = await database.sql.selectFrom('call_requests').selectAll().executeTakeFirstOrThrow();
      expect(after.open(String(row.code_sealed), sealedFor.code('r'))).to.equal('12345678');
      expect(after.open(String(row.irma_token_sealed), sealedFor.irmaToken('r'))).to.equal('token');
      expect(after.open(String(row.pairing_sealed), sealedFor.pairing('r'))).to.equal('pairing');
      expect(after.open(String(row.attributes_sealed), sealedFor.attributes('r'))).to.equal('attributes');
      const call = await database.sql.selectFrom('calls').select('personal').executeTakeFirstOrThrow();
      expect(after.open(String(call.personal), 'call:c')).to.equal('{}');
    });
  }));
