import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { createSealer, insertMany } from '../../../platform/storage/index.ts';
import { eachEngine } from '../../../platform/storage/testing.ts';
import { createCarrierIds } from './carrier-ids.ts';
import { migrationsFor, type Tables } from './tables.ts';

eachEngine((open) => {
  describe('the tables of the SMS channel', () => {
    it('have ids of carriers as digests, those of an older version too', async () => {
      const database = await open();
      const ids = createCarrierIds(createSealer([randomBytes(32)]));
      const migrations = migrationsFor(database.engine, ids);
      await database.migrate('sms', migrations.slice(0, 3));
      const own = '0190a1b2-0000-7000-8000-000000000001';
      const count = 2_500;
      await database.write(async (sql) => {
        const segments = Array.from({ length: count }, (_, i) => ({
          carrier: `first 32470-${i}`,
          attempt_id: 'x',
          left_at: i,
        }));
        await insertMany(sql, 'sms_segments', segments);
        const receipt = { state: 'delivered', reason: null, received_at: 1 };
        await insertMany(sql, 'sms_early_receipts', [
          { carrier: 'first 00C0FFEE', ...receipt },
          { carrier: `second ${own}`, ...receipt },
        ]);
      });
      await database.migrate('sms', migrations);
      const { sql } = database.withTables<Tables>();
      const segments = await sql.selectFrom('sms_segments').selectAll().execute();
      const early = await sql.selectFrom('sms_early_receipts').selectAll().execute();
      expect(segments.length).to.equal(count);
      expect(JSON.stringify([segments, early])).not.to.match(/32470|c0ffee|first|second/i);
      const [key] = ids.keysOf('first', '32470-2499');
      expect(segments.find(({ carrier }) => carrier === key)).to.include({ left_at: 2_499 });
      const kept = new Map(early.map((row) => [row.carrier, row.attempt_id]));
      expect(kept.get(ids.keysOf('first', 'c0ffee')[0])).to.equal(null);
      expect(kept.get(ids.keysOf('second', own)[0])).to.equal(own);
    });
  });
});
