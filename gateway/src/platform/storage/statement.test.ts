import { expect } from 'chai';
import type { Kysely } from 'kysely';
import { createStatement } from './statement.ts';
import { eachEngine } from './testing/index.ts';

interface Tables {
  things: { id: string; size: number; colour: string | null };
}
type Sql = Kysely<Tables>;

describe('a statement that is built once', () => {
  eachEngine((open) => {
    async function withThings() {
      const database = await open();
      await database.migrate('things', [
        {
          name: 'things',
          async up(sql) {
            await sql.schema
              .createTable('things')
              .addColumn('id', 'text', (column) => column.primaryKey())
              .addColumn('size', 'integer', (column) => column.notNull())
              .addColumn('colour', 'text')
              .execute();
          },
        },
      ]);
      return database.withTables<Tables>();
    }

    let built: number;
    const adding = createStatement((sql: Sql, row: { id: string; size: number; colour?: string | null }) => {
      built++;
      const { id, ...changing } = row;
      return sql
        .insertInto('things')
        .values({ colour: 'none', ...row })
        .onConflict((conflict) => conflict.column('id').doUpdateSet(changing));
    });
    const finding = createStatement((sql: Sql, { ids, larger }: { ids: string[]; larger: number }) => {
      built++;
      return sql.selectFrom('things').selectAll().where('id', 'in', ids).where('size', '>', larger).orderBy('id');
    });
    beforeEach(() => {
      built = 0;
    });

    it('runs with the values of each call', async () => {
      const { write, sql } = await withThings();
      for (const [index, id] of ['a', 'b', 'c'].entries()) await write((sql) => adding(sql, { id, size: index }));
      expect((await finding(sql, { ids: ['a', 'b'], larger: 0 })).rows).to.deep.equal([
        { id: 'b', size: 1, colour: 'none' },
      ]);
      expect((await finding(sql, { ids: ['c', 'b'], larger: 0 })).rows.map(({ id }) => id)).to.deep.equal(['b', 'c']);
    });

    it('is built once for each set of values that are there, and each length of a list', async () => {
      const { write, sql } = await withThings();
      await write((sql) => adding(sql, { id: 'a', size: 1, colour: 'red' }));
      const afterFirst = built;
      await write((sql) => adding(sql, { id: 'a', size: 2, colour: null }));
      expect(built).to.equal(afterFirst);
      expect((await finding(sql, { ids: ['a'], larger: 1 })).rows).to.deep.equal([{ id: 'a', size: 2, colour: null }]);
      // What is absent stays as it is.
      await write((sql) => adding(sql, { id: 'a', size: 3, colour: 'blue' }));
      await write((sql) => adding(sql, { id: 'a', size: 4 }));
      expect((await finding(sql, { ids: ['a', 'x'], larger: 1 })).rows).to.deep.equal([
        { id: 'a', size: 4, colour: 'blue' },
      ]);
    });

    it('says how many rows it changed', async () => {
      const { write } = await withThings();
      const painting = createStatement((sql: Sql, { size, colour }: { size: number; colour: string }) =>
        sql.updateTable('things').set({ colour }).where('size', '=', size),
      );
      await write((sql) => adding(sql, { id: 'a', size: 1 }));
      const changed = async (size: number) =>
        (await write((sql) => painting(sql, { size, colour: 'red' }))).numAffectedRows;
      expect([await changed(1), await changed(2)]).to.deep.equal([1n, 0n]);
    });

    it('refuses to be built from what a value is, rather than from that it is there', async () => {
      const { sql } = await withThings();
      const doubled = createStatement((sql: Sql, { size }: { size: number }) =>
        sql
          .selectFrom('things')
          .selectAll()
          .where('size', '=', size * 2),
      );
      expect(() => doubled(sql, { size: 1 })).to.throw(TypeError, 'The value size');
    });
  });
});
