import { expect } from 'chai';
import type { Kysely } from 'kysely';
import { type Database, openDatabase } from './index.ts';
import { eachEngine } from './testing/index.ts';

interface Tables {
  locks: { name: string; times: number };
}

describe('works that share a commit', () =>
  eachEngine((_open, place) => {
    let databases: Database<Tables>[];

    beforeEach(async () => {
      const where = place();
      const first = (await openDatabase(where)).withTables<Tables>();
      // A SQLite file belongs to one gateway.
      const isShared = first.engine === 'postgresql';
      databases = [first, isShared ? (await openDatabase(where)).withTables<Tables>() : first];
      await first.write(async (sql) => {
        await sql.schema.createTable('locks').addColumn('name', 'text').addColumn('times', 'integer').execute();
        for (const name of ['turn', 'other']) await sql.insertInto('locks').values({ name, times: 0 }).execute();
      });
    });
    afterEach(() => Promise.all(databases.map((database) => database.close())));

    const lock = (name: string) => async (sql: Kysely<Tables>) => {
      await sql
        .updateTable('locks')
        .set(({ eb }) => ({ times: eb('times', '+', 1) }))
        .where('name', '=', name)
        .execute();
    };

    it('run as they came, after those that are to be first', async () => {
      const ran: number[] = [];
      const add = (n: number, first: boolean) => databases[0]?.write(async () => void ran.push(n), { first });
      await Promise.all([add(1, false), add(2, true), add(3, false), add(4, true)]);
      expect(ran).to.deep.equal([2, 4, 1, 3]);
    });

    it('never make two gateways wait for each other when one that all want is first', async () => {
      const [one, two] = databases as [Database<Tables>, Database<Tables>];
      for (let n = 0; n < 20; n++) {
        await Promise.all([
          one.write(lock('turn'), { first: true }),
          one.write(lock('other')),
          two.write(lock('other')),
          two.write(lock('turn'), { first: true }),
        ]);
      }
      const rows = await one.sql.selectFrom('locks').select('times').execute();
      expect(rows.map(({ times }) => times)).to.deep.equal([40, 40]);
    });
  }));
