import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { expect } from 'chai';
import { sql as raw } from 'kysely';
import { type Database, hasTable, type Migration, openDatabase, StorageError } from './index.ts';
import { eachEngine, type Place } from './testing/index.ts';

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
      expect(error).to.be.instanceOf(StorageError).with.property('code', 'STORAGE_TOO_NEW');
    });

    it('says which tables a role has, whatever stands in those of others', async () => {
      expect(await hasTable(database.sql, 'notes')).to.equal(true);
      const other = await openDatabase({ ...there, role: `${there.role}_other` });
      try {
        expect(await hasTable(other.sql, 'notes')).to.equal(false);
      } finally {
        await other.close();
      }
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

    it('fails a work when one of its statements failed, although the work caught the error', async () => {
      const caught = database.write(async (sql) => {
        await sql.insertInto('notes').values({ id: 1, text: 'once' }).execute();
        await sql
          .insertInto('notes')
          .values({ id: 1, text: 'twice' })
          .execute()
          .catch(() => undefined);
        await sql
          .insertInto('notes')
          .values({ id: 2, text: 'on' })
          .execute()
          .catch(() => undefined);
      });
      const [result, other] = await Promise.allSettled([caught, add(3)]);
      expect(result).to.have.property('reason').with.property('code', 'STORAGE_REFUSED');
      expect(other.status).to.equal('fulfilled');
      expect(await texts()).to.deep.equal(['note 3']);
    });

    it('fails a work for a statement that it did not wait for', async () => {
      const result = database.write(async (sql) => {
        const values = { id: 1, text: 'note 1' };
        const insert = () =>
          sql
            .insertInto('notes')
            .values(values)
            .execute()
            .catch(() => undefined);
        void insert();
        void insert();
      });
      expect(await codeOf(result)).to.equal('STORAGE_REFUSED');
      expect(await texts()).to.deep.equal([]);
    });

    it('repeats no value in an error', async () => {
      await add(1, 'secret');
      for (const failed of [
        add(1, 'secret'),
        database.write((sql) =>
          sql
            .insertInto('notes')
            .values({ id: 'secret' as never, text: 'secret' })
            .execute(),
        ),
        database.write((sql) =>
          sql
            .insertInto('notes')
            .values({ id: 2, text: null as never })
            .execute(),
        ),
      ]) {
        const error = await failed.catch((reason: unknown) => reason);
        expect(error).to.be.instanceOf(StorageError).with.property('code', 'STORAGE_REFUSED');
        expect(inspect(error, { showHidden: true, depth: 9 })).not.to.include('secret');
      }
    });

    it('writes only within a work, and only while it lasts', async () => {
      const outside = database.sql.insertInto('notes').values({ id: 1, text: 'outside' }).execute();
      expect(await codeOf(outside)).to.equal('STORAGE_MISUSED');
      const kept = await database.write(async (sql) => sql.insertInto('notes').values({ id: 1, text: 'late' }));
      expect(await codeOf(kept.execute())).to.equal('STORAGE_MISUSED');
      expect(await texts()).to.deep.equal([]);
    });

    it('shows a reader what was acknowledged, and not what is under way', async () => {
      const during: string[][] = [];
      await Promise.all(
        Array.from({ length: 50 }, async (_, id) => {
          await add(id);
          const seen = await texts();
          during.push(seen);
          expect(seen).to.include(`note ${id}`);
        }),
      );
      expect(during).to.have.length(50);
      const half = database.write(async (sql) => {
        await sql.insertInto('notes').values({ id: 100, text: 'never' }).execute();
        await sql.insertInto('notes').values({ id: 100, text: 'never' }).execute();
      });
      const seen = [texts(), texts()];
      await half.catch(() => undefined);
      for (const list of await Promise.all(seen)) expect(list).not.to.include('never');
    });
  }));

describe('storage on a full disk', () => {
  for (const pages of [0, 1, 5, 20]) {
    it(`says so, keeps nothing half-written, and goes on when there is room (${pages} pages left)`, async () => {
      const folder = mkdtempSync(join(tmpdir(), 'civicline-full-'));
      const database = (await openDatabase({ url: `file:${folder}`, role: 'test' })).withTables<Tables>();
      await database.migrate('notes', migrations);
      const limitPages = (limit: number) =>
        database.write((sql) => raw`PRAGMA max_page_count = ${raw.lit(limit)}`.execute(sql));
      const { rows } = await raw<{ page_count: number }>`PRAGMA page_count`.execute(database.sql);
      const size = rows[0]?.page_count ?? 0;

      await limitPages(size + pages);
      const writePair = (id: number) =>
        database.write(async (sql) => {
          await sql
            .insertInto('notes')
            .values({ id, text: 'x'.repeat(1_500) })
            .execute();
          await sql
            .insertInto('notes')
            .values({ id: id + 1, text: 'x'.repeat(1_500) })
            .execute();
        });
      // Many at once, which share a transaction, and then one after another.
      const results = await Promise.allSettled(Array.from({ length: 50 }, (_, i) => writePair(2 * i)));
      for (let i = 50; i < 70; i++) results.push(...(await Promise.allSettled([writePair(2 * i)])));
      const refused = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
      expect(refused).not.to.have.length(0);
      for (const error of refused) expect(error).to.have.property('code', 'STORAGE_FULL');
      const written = (await database.sql.selectFrom('notes').select('id').execute()).map(({ id }) => id);
      const acknowledged = results.flatMap(({ status }, i) => (status === 'fulfilled' ? [2 * i, 2 * i + 1] : []));
      expect(written.sort((a, b) => a - b)).to.deep.equal(acknowledged);

      await limitPages(size + 1_000);
      await writePair(2_000);
      await database.close();
      rmSync(folder, { recursive: true });
    });
  }
});

function codeOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => 'no error',
    (error: unknown) => (error as { code?: unknown }).code,
  );
}
