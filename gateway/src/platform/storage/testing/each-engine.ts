/** The same suite on every engine. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Database, openDatabase } from '../database.ts';
import { type Cluster, startCluster } from './postgresql-cluster.ts';

/** A place for one test: opening a role there again gives the same data. */
export interface Place {
  url: string;
  role: string;
}

/**
 * Declares the suite once per engine. `open` gives a new, empty database, closed after its test; `place` says where
 * one would be, for suites that open it themselves, or again.
 */
export function eachEngine(suite: (open: () => Promise<Database>, place: () => Place) => void): void {
  describe('on SQLite', () => {
    let folder: string;
    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), 'civicline-storage-'));
    });
    afterEach(() => {
      rmSync(folder, { recursive: true });
    });
    let count = 0;
    declareWith(suite, () => ({ url: `file:${folder}`, role: roleOf(count++) }));
  });

  describe('on PostgreSQL', () => {
    let url: string;
    before(async function () {
      this.timeout(60_000);
      url = await sharedServer();
    });
    declareWith(suite, () => ({ url, role: roleOf(rolesOnServer++) }));
  });
}

function declareWith(suite: Parameters<typeof eachEngine>[0], place: () => Place): void {
  const opened: Database[] = [];
  suite(async () => {
    const database = await openDatabase(place());
    opened.push(database);
    return database;
  }, place);
  // After the suite's own.
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((database) => database.close()));
  });
}

let cluster: Promise<Cluster> | undefined;
let rolesOnServer = 0;

/** The URL of one server for all suites of this process; it ends with the process. */
async function sharedServer(): Promise<string> {
  cluster ??= startCluster();
  return (await cluster).url;
}

/** `test_`, and the number in letters. */
function roleOf(number: number): string {
  return `test_${[...String(number)].map((digit) => 'abcdefghij'[Number(digit)]).join('')}`;
}
