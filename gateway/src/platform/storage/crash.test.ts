import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { expect } from 'chai';
import { type Database, openDatabase } from './index.ts';
import { type Cluster, eachEngine, startCluster } from './testing/index.ts';

/** Writes pairs as fast as it can and prints each number once its write has been acknowledged. */
const WRITER = `
import { openDatabase } from ${JSON.stringify(new URL('./index.ts', import.meta.url).href)};
const [url, role, first] = process.argv.slice(1);
const database = await openDatabase({ url, role });
await database.write((sql) => sql.schema.createTable('pairs').ifNotExists().addColumn('n', 'integer').addColumn('half', 'text').execute());
for (let n = Number(first); ; n++) {
  database.write(async (sql) => {
    await sql.insertInto('pairs').values({ n, half: 'one' }).execute();
    await sql.insertInto('pairs').values({ n, half: 'two' }).execute();
  }).then(() => process.stdout.write(n + '\\n'));
  if (n % 50 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
}`;

interface Tables {
  pairs: { n: number; half: string };
}

describe('storage under kill -9', () => {
  eachEngine((_open, place) => {
    it('has everything that was acknowledged, and nothing half done, however often the writer is killed', async function () {
      this.timeout(120_000);
      const there = place();
      const acknowledged: number[] = [];
      for (let round = 0; round < 5; round++) {
        const args = ['--import', 'tsx', '--input-type=module', '-e', WRITER, there.url, there.role];
        const writer = spawn(process.execPath, [...args, String(round * 1_000_000)], {
          cwd: import.meta.dirname,
          stdio: ['ignore', 'pipe', 'inherit'],
        });
        acknowledged.push(...(await killAfter(writer, 100 + 70 * round)));
      }
      const database = (await openDatabase(there)).withTables<Tables>();
      await expectPairs(database, acknowledged);
      await database.close();
    });
  });
});

describe('storage when the PostgreSQL server is killed', () => {
  let cluster: Cluster;
  let database: Database<Tables>;
  beforeEach(async function () {
    this.timeout(60_000);
    cluster = await startCluster();
    database = (await openDatabase({ url: cluster.url, role: 'test' })).withTables<Tables>();
    await database.write((sql) =>
      sql.schema.createTable('pairs').addColumn('n', 'integer').addColumn('half', 'text').execute(),
    );
  });
  afterEach(async () => {
    await database.close().catch(() => undefined);
    await cluster.remove();
  });

  const writePair = (n: number) =>
    database.write(async (sql) => {
      await sql.insertInto('pairs').values({ n, half: 'one' }).execute();
      await sql.insertInto('pairs').values({ n, half: 'two' }).execute();
    });

  it('has what was acknowledged, tells what is uncertain, and goes on when it is back', async function () {
    this.timeout(120_000);
    await writeThrough(3, async () => {
      await cluster.kill();
      await cluster.start();
    });
  });

  it('has what was acknowledged when a standby takes over', async function () {
    this.timeout(120_000);
    const standby = await cluster.addStandby();
    await writeThrough(1, () => standby.takeOver());
  });

  /** Twenty write on and on while that happens, so often; then everything is counted. */
  async function writeThrough(rounds: number, happen: () => Promise<void>): Promise<void> {
    const acknowledged: number[] = [];
    const refused: unknown[] = [];
    let isOver = false;
    async function writeOn(first: number): Promise<void> {
      for (let n = first; !isOver; n += 100) {
        await writePair(n).then(
          () => acknowledged.push(n),
          (error: unknown) => refused.push(error),
        );
      }
    }
    const writers = Array.from({ length: 20 }, (_, i) => writeOn(i));
    for (let round = 0; round < rounds; round++) {
      const before = acknowledged.length;
      while (acknowledged.length < before + 200) await setTimeout(5);
      await happen();
    }
    const before = acknowledged.length;
    while (acknowledged.length < before + 200) await setTimeout(5);
    isOver = true;
    await Promise.all(writers);
    await expectPairs(database, acknowledged);
    for (const error of refused) expect(error).to.have.property('code', 'STORAGE_UNAVAILABLE');
  }

  it('waits for a server that restarts while nobody writes or reads', async function () {
    this.timeout(60_000);
    await writePair(1);
    await cluster.kill();
    const [writing, reading] = [writePair(2), database.sql.selectFrom('pairs').selectAll().execute()];
    await cluster.start();
    await Promise.all([writing, reading]);
    await expectPairs(database, [1, 2]);
  });

  it('says STORAGE_UNAVAILABLE, to writers and readers, while it is away for long', async function () {
    this.timeout(60_000);
    await cluster.kill();
    const error = await writePair(1).catch((reason: unknown) => reason);
    expect(error).to.have.property('code', 'STORAGE_UNAVAILABLE');
    const readError = await database.sql
      .selectFrom('pairs')
      .selectAll()
      .execute()
      .catch((reason: unknown) => reason);
    expect(readError).to.have.property('code', 'STORAGE_UNAVAILABLE');
    const openError = await openDatabase({ url: cluster.url, role: 'test' }).catch((reason: unknown) => reason);
    expect(openError).to.have.property('code', 'STORAGE_UNAVAILABLE');
    await cluster.start();
    await writePair(2);
    await expectPairs(database, [2]);
  });
});

/** All of these pairs are there, and no half of any other. */
async function expectPairs(database: Database<Tables>, acknowledged: number[]): Promise<void> {
  const rows = await database.sql.selectFrom('pairs').selectAll().execute();
  const halves = new Map<number, number>();
  for (const { n } of rows) halves.set(n, (halves.get(n) ?? 0) + 1);
  for (const n of acknowledged) expect(halves.get(n), `write ${n}`).to.equal(2);
  expect([...halves.values()].every((count) => count === 2)).to.equal(true);
}

/** Kills the process without warning once it has acknowledged so many writes; returns all that it acknowledged. */
async function killAfter(writer: ChildProcess, count: number): Promise<number[]> {
  let output = '';
  writer.stdout?.on('data', (chunk) => {
    output += String(chunk);
    if (output.split('\n').length > count) writer.kill('SIGKILL');
  });
  await once(writer, 'close');
  const lines = output.split('\n').slice(0, -1);
  expect(lines.length).to.be.at.least(count);
  return lines.map(Number);
}
