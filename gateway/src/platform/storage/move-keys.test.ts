import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { expect } from 'chai';
import { createSealer, type Database, insertMany, type KeyedColumn, moveKeys, openDatabase } from './index.ts';
import { eachEngine, type Place } from './testing/index.ts';

const COUNT = 3_000;
const SHARED = randomBytes(32);
const OWN = randomBytes(32);
const shared = createSealer([SHARED]);
const both = createSealer([OWN, SHARED]);
const own = createSealer([OWN]);

const contextOf = (id: string) => `secret:${id}`;
const COLUMNS: KeyedColumn[] = [
  { table: 'secrets', key: ['id', 'kind'], column: 'sealed', context: ({ id = '' }) => contextOf(id) },
  { table: 'numbers', key: ['digest', 'sender'], column: 'digest' },
  { table: 'not_there_yet', key: ['id'], column: 'sealed', context: () => '' },
];

/** Moves, and says so after each batch. */
const MOVER = `
import { createSealer, moveKeys, openDatabase } from ${JSON.stringify(new URL('./index.ts', import.meta.url).href)};
const [url, role, keys] = process.argv.slice(1);
const columns = [
  { table: 'secrets', key: ['id', 'kind'], column: 'sealed', context: ({ id }) => 'secret:' + id },
  { table: 'numbers', key: ['digest', 'sender'], column: 'digest' },
];
const database = await openDatabase({ url, role });
const sealer = createSealer(keys.split(',').map((key) => Buffer.from(key, 'base64')));
await moveKeys(database.withTables(), sealer, columns, (moved) => process.stdout.write(moved + '\\n'));
await database.close();`;

interface Secret {
  id: string;
  kind: string;
  sealed: string | null;
}

interface Tables {
  secrets: Secret;
  numbers: { digest: string; sender: string };
}

const idOf = (i: number) => `id ${String(i).padStart(5, '0')}`;
const digestOf = (i: number) => shared.digests(`+3247${i}`, 'number')[0];

describe('moving to another data key', () =>
  eachEngine((_open, place) => {
    let there: Place;
    let database: Database<Tables>;
    beforeEach(async () => {
      there = place();
      database = (await openDatabase(there)).withTables<Tables>();
      await database.migrate('things', [
        {
          name: 'things',
          async up(sql) {
            await sql.schema
              .createTable('secrets')
              .addColumn('id', 'text', (column) => column.notNull())
              .addColumn('kind', 'text', (column) => column.notNull())
              .addColumn('sealed', 'text')
              .addPrimaryKeyConstraint('secrets_key', ['id', 'kind'])
              .execute();
            await sql.schema
              .createTable('numbers')
              .addColumn('digest', 'text', (column) => column.notNull())
              .addColumn('sender', 'text', (column) => column.notNull())
              .addPrimaryKeyConstraint('numbers_key', ['digest', 'sender'])
              .execute();
          },
        },
      ]);
    });
    afterEach(() => database.close());

    async function fill(count: number): Promise<void> {
      const ids = Array.from({ length: count }, (_, i) => i);
      const secrets = ids.map((i) => ({
        id: idOf(i),
        kind: 'one',
        sealed: shared.seal(`value ${i}`, contextOf(idOf(i))),
      }));
      const numbers = ids.map((i) => ({ digest: digestOf(i), sender: '' }));
      await database.write(async (sql) => {
        await insertMany(sql, 'secrets', secrets);
        await insertMany(sql, 'numbers', numbers);
      });
    }

    const secrets = () => database.sql.selectFrom('secrets').selectAll().orderBy('id').execute();
    const digests = async () =>
      new Set((await database.sql.selectFrom('numbers').select('digest').execute()).map(({ digest }) => digest));

    it('is finished by another run after kill -9, and then the old key opens nothing and finds no number', async function () {
      this.timeout(60_000);
      await fill(COUNT);
      const keys = [OWN, SHARED].map((key) => key.toString('base64')).join(',');
      const mover = spawn(
        process.execPath,
        ['--import', 'tsx', '--input-type=module', '-e', MOVER, there.url, there.role, keys],
        { cwd: import.meta.dirname, stdio: ['ignore', 'pipe', 'inherit'] },
      );
      await once(mover.stdout, 'data');
      mover.kill('SIGKILL');
      await once(mover, 'close');

      const halfway = await secrets();
      expect(halfway.some(({ sealed }) => sealed?.startsWith(own.keyId))).to.equal(true);
      for (const [i, { id, sealed }] of halfway.entries())
        expect(both.open(sealed ?? '', contextOf(id))).to.equal(`value ${i}`);
      expect((await digests()).has(digestOf(COUNT - 1)), 'the kill came half-way').to.equal(true);

      const { moved, broken } = await moveKeys(database.withTables(), both, COLUMNS);
      expect(moved)
        .to.be.greaterThan(COUNT)
        .and.lessThan(2 * COUNT);
      expect(broken).to.equal(0);
      for (const [i, { id, sealed }] of (await secrets()).entries())
        expect(own.open(sealed ?? '', contextOf(id))).to.equal(`value ${i}`);
      const stored = await digests();
      expect(stored.size).to.equal(COUNT);
      for (let i = 0; i < COUNT; i++) {
        expect(stored.has(digestOf(i))).to.equal(false);
        expect(both.coveredDigests(`+3247${i}`, 'number').filter((digest) => stored.has(digest))).to.have.length(1);
      }
      expect(await moveKeys(database.withTables(), both, COLUMNS)).to.deep.equal({ moved: 0, broken: 0 });
    });

    it('leaves alone what is empty, what opens under no key, and what a gateway writes meanwhile', async () => {
      await fill(450);
      const stranger = createSealer([randomBytes(32)]).seal('x', contextOf('id stranger'));
      await database.write((sql) =>
        sql
          .insertInto('secrets')
          .values([
            { id: 'id empty', kind: 'one', sealed: null },
            { id: 'id stranger', kind: 'one', sealed: stranger },
          ])
          .execute(),
      );
      const written = both.seal('newer', contextOf(idOf(449)));
      let writing: Promise<unknown> | undefined;
      const { broken } = await moveKeys(database.withTables(), both, COLUMNS, () => {
        writing ??= database.write((sql) =>
          sql.updateTable('secrets').set({ sealed: written }).where('id', '=', idOf(449)).execute(),
        );
      });
      await writing;
      const rows = new Map((await secrets()).map(({ id, sealed }) => [id, sealed]));
      expect(broken).to.equal(1);
      expect(rows.get('id empty')).to.equal(null);
      expect(rows.get('id stranger')).to.equal(stranger);
      expect(rows.get(idOf(449))).to.equal(written);
      expect(own.open(rows.get(idOf(448)) ?? '', contextOf(idOf(448)))).to.equal('value 448');
    });
  }));
