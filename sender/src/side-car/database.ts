/** The side-car's SQLite file: durable at once, one process at a time. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import type { Sealed } from './cipher.ts';

export type SideCarDatabase = Sqlite.Database;

const SCHEMA = `
CREATE TABLE messages (
  -- What the service knows it by, and SMIS as its reference.
  id TEXT PRIMARY KEY,
  service TEXT NOT NULL,
  dialect TEXT NOT NULL,
  sandbox INTEGER NOT NULL,
  state TEXT NOT NULL,
  lane INTEGER NOT NULL,
  -- Not to be submitted before; UTC milliseconds, like all times.
  due_at INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  submitted_at INTEGER,
  ended_at INTEGER,
  channel TEXT,
  reason TEXT,
  segments INTEGER,
  smis_id TEXT,
  batch_id TEXT,
  -- Sealed: recipient and text; null when they are not needed any more.
  content BLOB,
  -- Sealed: the service's reference, and where it wants its status.
  settings BLOB NOT NULL,
  -- The service knows the end: told by its webhook, or fetched.
  told INTEGER NOT NULL DEFAULT 0,
  webhook_at INTEGER,
  webhook_tries INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX waiting ON messages (service, lane, due_at) WHERE state = 'waiting';
CREATE INDEX batched ON messages (batch_id) WHERE batch_id IS NOT NULL;
CREATE INDEX untold ON messages (service, sandbox, ended_at) WHERE ended_at IS NOT NULL AND told = 0;
CREATE INDEX webhooks ON messages (webhook_at) WHERE webhook_at IS NOT NULL;
CREATE INDEX readable ON messages (updated_at) WHERE content IS NOT NULL;
CREATE INDEX old ON messages (updated_at);
-- Under way to SMIS: repeated under the same id until it is answered.
CREATE TABLE batches (id TEXT PRIMARY KEY, service TEXT NOT NULL, inputs TEXT NOT NULL, made_at INTEGER NOT NULL);
CREATE TABLE requests (
  key_digest TEXT PRIMARY KEY, body_digest TEXT NOT NULL, message_id TEXT NOT NULL, created_at INTEGER NOT NULL
);
CREATE TABLE cursors (service TEXT PRIMARY KEY, cursor TEXT NOT NULL);
`;

/** Opens or creates it. `:memory:` keeps it in memory. Throws when another side-car has it open. */
export function openSideCarDatabase(folder: string): SideCarDatabase {
  if (folder !== ':memory:') mkdirSync(folder, { recursive: true, mode: 0o700 });
  const database = new Sqlite(folder === ':memory:' ? folder : join(folder, 'side-car.db'), { timeout: 1_000 });
  try {
    database.pragma('locking_mode = EXCLUSIVE');
    database.pragma('journal_mode = WAL');
    database.pragma('synchronous = FULL');
    // What is erased is overwritten, not just unlinked.
    database.pragma('secure_delete = ON');
    if (database.pragma('user_version', { simple: true }) === 0) {
      database.transaction(() => {
        database.exec(SCHEMA);
        database.pragma('user_version = 1');
      })();
    }
  } catch (error) {
    database.close();
    if ((error as { code?: string }).code === 'SQLITE_BUSY') throw new Error(`another side-car uses ${folder}`);
    throw error;
  }
  return database;
}

/** Something that the key must open; null: nothing was sealed yet. */
export function sealedExample(database: SideCarDatabase): Sealed | null {
  const row = database.prepare('SELECT id, settings AS sealed FROM messages LIMIT 1').get();
  return (row as Sealed | undefined) ?? null;
}

/**
 * Runs works in one transaction per turn of the event loop, because each commit waits for the disk. A work that throws
 * undoes only itself; nobody is answered before the commit.
 */
export function groupCommit(database: SideCarDatabase): <Result>(work: () => Result) => Promise<Result> {
  interface Job {
    work: () => unknown;
    resolve: (result: never) => void;
    reject: (error: unknown) => void;
  }
  let jobs: Job[] = [];

  function commit(): void {
    const group = jobs;
    jobs = [];
    const answers: (() => void)[] = [];
    const all = database.transaction(() => {
      for (const { work, resolve, reject } of group) {
        try {
          const result = database.transaction(work)();
          answers.push(() => resolve(result as never));
        } catch (error) {
          if (!database.inTransaction) throw error;
          answers.push(() => reject(error));
        }
      }
    });
    try {
      all();
    } catch (error) {
      for (const { reject } of group) reject(error);
      return;
    }
    for (const answer of answers) answer();
  }

  return (work) =>
    new Promise((resolve, reject) => {
      if (jobs.push({ work, resolve, reject }) === 1) setImmediate(commit);
    });
}
