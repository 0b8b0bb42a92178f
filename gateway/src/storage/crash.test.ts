import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { openDatabase } from './index.ts';

/** Writes pairs as fast as it can and prints each number once its write has been acknowledged. */
const WRITER = `
import { openDatabase } from ${JSON.stringify(new URL('./index.ts', import.meta.url).href)};
const database = openDatabase(process.argv[1]);
await database.write((sql) => sql.schema.createTable('pairs').ifNotExists().addColumn('n', 'integer').addColumn('half', 'text').execute());
for (let n = 0; ; n++) {
  database.write(async (sql) => {
    await sql.insertInto('pairs').values({ n, half: 'one' }).execute();
    await sql.insertInto('pairs').values({ n, half: 'two' }).execute();
  }).then(() => process.stdout.write(n + '\\n'));
  if (n % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
}`;

interface Tables {
  pairs: { n: number; half: string };
}

describe('storage under kill -9', () => {
  it('has everything that was acknowledged, and nothing half done', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'civicline-crash-'));
    const file = join(folder, 'crash.sqlite');
    const writer = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', WRITER, file], {
      cwd: import.meta.dirname,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const acknowledged = await killAfter(writer, 300);

    const database = openDatabase(file).withTables<Tables>();
    const rows = await database.sql.selectFrom('pairs').selectAll().execute();
    await database.close();
    rmSync(folder, { recursive: true });

    const halves = new Map<number, number>();
    for (const { n } of rows) halves.set(n, (halves.get(n) ?? 0) + 1);
    for (const n of acknowledged) expect(halves.get(n), `write ${n}`).to.equal(2);
    expect([...halves.values()].every((count) => count === 2)).to.equal(true);
  });
});

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
