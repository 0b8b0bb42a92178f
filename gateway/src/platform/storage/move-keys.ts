/**
 * Moves what a role has stored under an older data key to its current one. A batch is one transaction and its condition
 * says what is left, so a run that was killed is simply repeated, and a gateway may work on the same rows meanwhile.
 */
import { sql as raw } from 'kysely';
import type { Sql } from './batch.ts';
import type { Database } from './database.ts';
import { hasTable } from './migrate.ts';
import { SealError, type Sealer } from './sealer.ts';

/** A column whose values depend on the data key. */
export interface KeyedColumn {
  table: string;
  /** The columns of the primary key. */
  key: readonly string[];
  column: string;
  /** The context of the sealed value in a row; absent: the column holds keyed digests, which are covered. */
  context?: (row: Readonly<Record<string, string>>) => string;
}

export interface Moved {
  moved: number;
  /** Values that open under none of the keys. */
  broken: number;
}

const BATCH = 200;

type Row = Record<string, string>;

/** `sealer` has the current key first and the older ones after it. `onProgress` is told after each batch. */
export async function moveKeys(
  database: Database,
  sealer: Sealer,
  columns: readonly KeyedColumn[],
  onProgress: (moved: number) => void = () => undefined,
): Promise<Moved> {
  const total: Moved = { moved: 0, broken: 0 };
  for (const column of columns) {
    if (!(await hasTable(database.sql, column.table))) continue;
    let after: Row | undefined;
    do {
      const place = after;
      const batch = await database.write((sql) => moveBatch(sql, sealer, column, place));
      total.moved += batch.moved;
      total.broken += batch.broken;
      after = batch.last;
      if (batch.moved > 0) onProgress(total.moved);
    } while (after);
  }
  return total;
}

async function moveBatch(
  sql: Sql,
  sealer: Sealer,
  keyed: KeyedColumn,
  after: Row | undefined,
): Promise<Moved & { last: Row | undefined }> {
  const rows = await olderRows(sql, sealer.keyId, keyed, after);
  const batch = { moved: 0, broken: 0, last: rows.length < BATCH ? undefined : rows.at(-1) };
  for (const row of rows) {
    const next = movedValue(sealer, keyed, row);
    if (next === null) batch.broken += 1;
    else if (await replace(sql, keyed, row, next)) batch.moved += 1;
  }
  return batch;
}

async function olderRows(sql: Sql, keyId: string, keyed: KeyedColumn, after: Row | undefined): Promise<Row[]> {
  const { table, key, column } = keyed;
  const names = raw.join([...new Set([...key, column])].map((name) => raw.ref(name)));
  const place = raw.join(key.map((name) => raw.ref(name)));
  const beyond = after ? raw`and (${place}) > (${raw.join(key.map((name) => after[name]))})` : raw``;
  const { rows } = await raw<Row>`select ${names} from ${raw.table(table)}
    where ${raw.ref(column)} not like ${`${keyId}.%`} ${beyond} order by ${place} limit ${BATCH}`.execute(sql);
  return rows;
}

/** Null: the value opens under none of the keys. */
function movedValue(sealer: Sealer, { column, context }: KeyedColumn, row: Row): string | null {
  const value = row[column] ?? '';
  if (!context) return sealer.cover(value);
  try {
    return sealer.seal(sealer.open(value, context(row)), context(row));
  } catch (error) {
    if (error instanceof SealError) return null;
    throw error;
  }
}

/** False: a gateway has changed the value since it was read. */
async function replace(sql: Sql, { table, key, column }: KeyedColumn, row: Row, value: string): Promise<boolean> {
  const same = raw.join(
    [...new Set([...key, column])].map((name) => raw`${raw.ref(name)} = ${row[name]}`),
    raw` and `,
  );
  const { numAffectedRows } =
    await raw`update ${raw.table(table)} set ${raw.ref(column)} = ${value} where ${same}`.execute(sql);
  return numAffectedRows === 1n;
}
