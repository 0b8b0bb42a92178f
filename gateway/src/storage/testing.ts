/** For tests of features: the same suite on every engine. */
import { openDatabase } from './database.ts';
import type { Database } from './index.ts';

/** Declares the suite once per engine. `open` gives a new, empty database; each is closed after its test. */
export function eachEngine(suite: (open: () => Promise<Database>) => void): void {
  describe('on SQLite', () => {
    const opened: Database[] = [];
    afterEach(async () => {
      await Promise.all(opened.splice(0).map((database) => database.close()));
    });
    suite(async () => {
      const database = await openDatabase({ url: 'memory:', role: 'test' });
      opened.push(database);
      return database;
    });
  });
}
