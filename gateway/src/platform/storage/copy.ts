/** Copies of the SQLite databases, for operators; PostgreSQL has tools of its own. */
import { existsSync } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import BetterSqlite from 'better-sqlite3';

/**
 * Copies the databases of all roles from `from` to `to`, a folder that is made when it is missing, while gateways go on
 * writing: each file as it was at one moment. Resolves with the names of the files.
 * Throws when a file of such a name is in `to` already, or there is no room.
 */
export async function copySqlite(from: string, to: string): Promise<string[]> {
  const files = (await readdir(from)).filter((name) => name.endsWith('.db')).sort(smisFirst);
  const taken = files.find((name) => existsSync(join(to, name)));
  if (taken !== undefined) throw new Error(`${join(to, taken)} is there already.`);
  await mkdir(to, { recursive: true, mode: 0o700 });
  for (const name of files) copyOne(join(from, name), join(to, name));
  return files;
}

/**
 * SMIS before its channels: what it has not submitted yet in the older copy, a channel knows by its id and does not send
 * twice. The other way round, SMIS would wait for an attempt that the channel never had.
 */
function smisFirst(one: string, other: string): number {
  return Number(other === 'smis.db') - Number(one === 'smis.db');
}

/** `VACUUM INTO` reads one snapshot; SQLite's own backup would begin anew whenever another process writes. */
function copyOne(file: string, to: string): void {
  const driver = new BetterSqlite(file, { readonly: true, fileMustExist: true, timeout: 5_000 });
  try {
    driver.prepare('VACUUM INTO ?').run(to);
  } finally {
    driver.close();
  }
}
