/** For tests of features: the same suite on every engine. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Kysely } from 'kysely';
import { type Database, openDatabase } from './database.ts';
import { StorageError } from './errors.ts';
import { type Cluster, startCluster } from './postgresql-cluster.ts';

type StateOf = (sql: Kysely<unknown>) => Promise<string | undefined>;

/** A place for one test: opening a role there again gives the same data. */
export interface Place {
  url: string;
  role: string;
}

/** The same database, with its writes done in another way. */
export function withWrite(database: Database, write: Database['write']): Database {
  const changed: Database = { ...database, write, withTables: <Others>() => changed as unknown as Database<Others> };
  return changed;
}

/**
 * The same database, but the answer to the first write that takes `state` from one value to the other is lost: what it
 * wrote is there, and whoever wrote it is told `STORAGE_UNAVAILABLE`. `meanwhile` happens before that.
 */
export function losingAnswer(
  database: Database,
  { state, from, to, meanwhile }: { state: StateOf; from: string; to: string; meanwhile: () => void },
): { database: Database; lost: () => number } {
  let lost = 0;
  const lossy = withWrite(database, async (work) => {
    let isIt = false;
    const result = await database.write(async (sql) => {
      const before = await state(sql);
      const done = await work(sql);
      isIt = before === from && (await state(sql)) === to;
      return done;
    });
    if (!isIt || lost > 0) return result;
    lost++;
    meanwhile();
    throw unavailable();
  });
  return { database: lossy, lost: () => lost };
}

export function unavailable(): StorageError {
  return new StorageError('STORAGE_UNAVAILABLE', 'on purpose');
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
