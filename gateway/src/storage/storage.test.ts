import { expect } from 'chai';
import { type Database, type Migration, openDatabase } from './index.ts';
import { eachEngine, type Place } from './testing.ts';

interface Tables {
  notes: { id: number; text: string };
}

const migrations: Migration[] = [
  {
    name: 'notes',
    up: (sql) =>
      sql.schema
        .createTable('notes')
        .addColumn('id', 'integer', (column) => column.primaryKey())
        .addColumn('text', 'text', (column) => column.notNull())
        .execute(),
  },
];

describe('storage', () =>
  eachEngine((_open, place) => {
    let there: Place;
    let database: Database<Tables>;

    beforeEach(async () => {
      there = place();
      database = (await openDatabase(there)).withTables<Tables>();
      await database.migrate('notes', migrations);
    });
    afterEach(() => database.close().catch(() => undefined));

    const texts = async (): Promise<string[]> =>
      (await database.sql.selectFrom('notes').select('text').orderBy('id').execute()).map(({ text }) => text);
    const add = (id: number, text = `note ${id}`) =>
      database.write((sql) => sql.insertInto('notes').values({ id, text }).execute());

    it('keeps what was written, and does not run a migration twice', async () => {
      await add(1);
      await database.close();
      database = (await openDatabase(there)).withTables<Tables>();
      await database.migrate('notes', migrations);
      expect(await texts()).to.deep.equal(['note 1']);
    });

    it('refuses a database of a newer version', async () => {
      const error = await database.migrate('notes', []).catch((reason: Error) => reason);
      expect(error).to.be.instanceOf(Error).with.property('message').that.includes('STORAGE_TOO_NEW');
    });

    it('undoes a failed work alone, in order with the others of its group', async () => {
      const results = await Promise.allSettled([add(1), add(1, 'twice'), add(2)]);
      expect(results.map(({ status }) => status)).to.deep.equal(['fulfilled', 'rejected', 'fulfilled']);
      expect(await texts()).to.deep.equal(['note 1', 'note 2']);
    });

    it('undoes everything that a failed work did', async () => {
      const failed = database.write(async (sql) => {
        await sql.insertInto('notes').values({ id: 1, text: 'half' }).execute();
        throw new Error('on purpose');
      });
      expect(await failed.catch((error: Error) => error.message)).to.equal('on purpose');
      expect(await texts()).to.deep.equal([]);
    });

    it('runs works one after another: read, then write, is safe', async () => {
      await add(0, '0');
      const increment = () =>
        database.write(async (sql) => {
          const { text } = await sql.selectFrom('notes').select('text').executeTakeFirstOrThrow();
          await sql
            .updateTable('notes')
            .set({ text: String(Number(text) + 1) })
            .execute();
        });
      await Promise.all(Array.from({ length: 200 }, increment));
      expect(await texts()).to.deep.equal(['200']);
    });

    it('finishes waiting writes before it closes', async () => {
      const writes = [add(1), add(2)];
      await Promise.all([...writes, database.close()]);
      database = (await openDatabase(there)).withTables<Tables>();
      expect(await texts()).to.have.length(2);
    });
  }));
