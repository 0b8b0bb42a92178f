import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { expect } from 'chai';
import { openDatabase } from './index.ts';

describe('SQLite files', () => {
  it('are their owner’s alone, journals included, whatever the umask', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'civicline-'));
    const umask = process.umask(0);
    try {
      const place = join(folder, 'databases');
      const database = await openDatabase({ url: `file:${place}`, role: 'calls' });
      await database.migrate('notes', [
        { name: 'notes', up: (sql) => sql.schema.createTable('notes').addColumn('id', 'integer').execute() },
      ]);
      const files = await readdir(place);
      expect(files).to.include('calls.db').and.to.include('calls.db-wal');
      for (const file of ['', ...files]) {
        expect((await stat(join(place, file))).mode & 0o077, file).to.equal(0);
      }
      await database.close();
    } finally {
      process.umask(umask);
      await rm(folder, { recursive: true });
    }
  });
});
