import { expect } from 'chai';
import fc from 'fast-check';
import { type Database, deleteMany, insertMany, selectMany, updateMany } from './index.ts';
import { eachEngine } from './testing/index.ts';

interface Thing {
  id: string;
  at: number | null;
  text: string | null;
}

describe('hundreds of rows by one statement', () =>
  eachEngine((open) => {
    let database: Database;
    beforeEach(async () => {
      database = await open();
      await database.migrate('things', [
        {
          name: 'things',
          up: (sql) =>
            sql.schema
              .createTable('things')
              .addColumn('id', 'text', (column) => column.primaryKey())
              .addColumn('at', 'bigint')
              .addColumn('text', 'text')
              .execute(),
        },
      ]);
    });
    const insert = (rows: Thing[], options = {}) => database.write((sql) => insertMany(sql, 'things', rows, options));
    const select = (ids: string[]) => selectMany<Thing>(database.sql, 'things', 'id', ids);
    const sorted = (rows: Thing[]) => rows.sort((a, b) => (a.id < b.id ? -1 : 1));

    it('gives back what was put in, of any size and kind', async () => {
      const thing = fc.record({
        id: fc.uuid(),
        at: fc.option(fc.maxSafeInteger()),
        // PostgreSQL has no place for U+0000, nor has UTF-8 for half a surrogate pair.
        text: fc.option(fc.string({ unit: 'binary' }).map((text) => text.replaceAll('\0', ''))),
      });
      await fc.assert(
        fc.asyncProperty(fc.uniqueArray(thing, { selector: ({ id }) => id, maxLength: 400 }), async (rows) => {
          const ids = rows.map(({ id }) => id);
          await insert(rows);
          expect(sorted(await select(ids))).to.deep.equal(sorted(rows));
          const changed = rows.map(({ id, at }) => ({ id, at: at === null ? 1 : null, text: `now ${id}` }));
          await database.write((sql) => updateMany(sql, 'things', 'id', changed));
          expect(sorted(await select(ids))).to.deep.equal(sorted(changed));
          await database.write((sql) => deleteMany(sql, 'things', 'id', ids));
          expect(await select(ids)).to.deep.equal([]);
        }),
        { numRuns: 30 },
      );
    });

    it('takes thousands at once', async () => {
      const rows = Array.from({ length: 20_000 }, (_, i) => ({ id: `id ${i}`, at: i, text: 'x'.repeat(50) }));
      await insert(rows);
      expect(await select(rows.map(({ id }) => id))).to.have.length(20_000);
    });

    it('leaves rows that are there alone when told so, and otherwise inserts none', async () => {
      await insert([{ id: '1', at: 1, text: 'first' }]);
      const rows = [
        { id: '1', at: 2, text: 'second' },
        { id: '2', at: 2, text: 'second' },
      ];
      const error = await insert(rows).catch((reason: unknown) => reason);
      expect(error).to.have.property('code', 'STORAGE_REFUSED');
      expect(await select(['2'])).to.deep.equal([]);
      await insert(rows, { ignoreConflicts: true });
      expect((await select(['1', '2'])).map(({ text }) => text).sort()).to.deep.equal(['first', 'second']);
    });

    it('looks by numbers, skips what is not there, and does nothing for nothing', async () => {
      await insert([{ id: '1', at: 1_700_000_000_000, text: null }]);
      await insert([]);
      await database.write((sql) => updateMany(sql, 'things', 'id', []));
      await database.write((sql) => updateMany(sql, 'things', 'id', [{ id: 'unknown', at: 1 }]));
      await database.write((sql) => deleteMany(sql, 'things', 'id', []));
      expect(await select([])).to.deep.equal([]);
      const found = await selectMany(database.sql, 'things', 'at', [1_700_000_000_000, 5]);
      expect(found).to.deep.equal([{ id: '1', at: 1_700_000_000_000, text: null }]);
    });
  }));
