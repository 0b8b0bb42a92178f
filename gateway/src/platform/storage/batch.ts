/**
 * Hundreds of rows by one statement, for hot paths: Kysely's builders cost more per row than the database does.
 * On SQLite one prepared statement runs once per row, or takes the values as one JSON array; on PostgreSQL the rows
 * travel as one JSON array, whose columns get their types from the table. Values are strings, numbers and null.
 */
import { CompiledQuery, type Kysely, PostgresAdapter } from 'kysely';
import type { ManyTimes } from './direct-sql.ts';

/** Within a write, or for reading; of whatever tables. */
// biome-ignore lint/suspicious/noExplicitAny: Kysely<unknown> does not accept a Kysely of known tables.
export type Sql = Kysely<any>;

/** Inserts rows, which all have the keys of the first one. `ignoreConflicts`: rows that are there stay as they are. */
export async function insertMany(
  sql: Sql,
  table: string,
  rows: readonly object[],
  options: { ignoreConflicts?: boolean } = {},
): Promise<void> {
  const [first] = rows;
  if (!first) return;
  const columns = Object.keys(first);
  const into = `insert into ${quoted(table)} (${columns.map(quoted)})`;
  const end = options.ignoreConflicts ? ' on conflict do nothing' : '';
  if (isPostgres(sql)) {
    await run(sql, `${into} select ${columns.map(quoted)} from ${rowsOf(table)} as v${end}`, [JSON.stringify(rows)]);
  } else {
    await runForEach(sql, `${into} values (${columns.map(() => '?')})${end}`, valuesOf(rows, columns));
  }
}

/** Sets columns of rows by their key column `key`; all rows have the keys of the first one. Unknown rows are skipped. */
export async function updateMany(sql: Sql, table: string, key: string, rows: readonly object[]): Promise<void> {
  const [first] = rows;
  if (!first) return;
  const columns = Object.keys(first).filter((column) => column !== key);
  if (isPostgres(sql)) {
    const set = columns.map((column) => `${quoted(column)} = v.${quoted(column)}`);
    const where = `${quoted(table)}.${quoted(key)} = v.${quoted(key)}`;
    await run(sql, `update ${quoted(table)} set ${set} from ${rowsOf(table)} as v where ${where}`, [
      JSON.stringify(rows),
    ]);
  } else {
    const set = columns.map((column) => `${quoted(column)} = ?`);
    const text = `update ${quoted(table)} set ${set} where ${quoted(key)} = ?`;
    await runForEach(sql, text, valuesOf(rows, [...columns, key]));
  }
}

/** Deletes the rows whose `column` has one of these values. */
export async function deleteMany(
  sql: Sql,
  table: string,
  column: string,
  values: readonly (string | number)[],
): Promise<void> {
  if (values.length === 0) return;
  await run(sql, `delete from ${quoted(table)} where ${isOneOf(sql, column)}`, [listed(sql, values)]);
}

/** The rows whose `column` has one of these values, in no particular order. */
export async function selectMany<Row>(
  sql: Sql,
  table: string,
  column: string,
  values: readonly (string | number)[],
): Promise<Row[]> {
  if (values.length === 0) return [];
  return await run(sql, `select * from ${quoted(table)} where ${isOneOf(sql, column)}`, [listed(sql, values)]);
}

export function isPostgres(sql: Sql): boolean {
  return sql.getExecutor().adapter instanceof PostgresAdapter;
}

/** Runs a statement whose text is at hand; placeholders are `?` on SQLite and `$1` on PostgreSQL. */
export async function run<Result>(sql: Sql, text: string, parameters: unknown[]): Promise<Result[]> {
  return (await sql.executeQuery<Result>(CompiledQuery.raw(text, parameters))).rows;
}

async function runForEach(sql: Sql, text: string, parameterSets: unknown[][]): Promise<void> {
  const query: ManyTimes = { ...CompiledQuery.raw(text), parameterSets };
  await sql.executeQuery(query);
}

function valuesOf(rows: readonly object[], columns: string[]): unknown[][] {
  return rows.map((row) => columns.map((column) => row[column as keyof typeof row]));
}

/** PostgreSQL: the JSON array `$1` as rows with the table's own column types. */
function rowsOf(table: string): string {
  return `json_populate_recordset(null::${quoted(table)}, $1)`;
}

function isOneOf(sql: Sql, column: string): string {
  return isPostgres(sql) ? `${quoted(column)} = any($1)` : `${quoted(column)} in (select value from json_each(?))`;
}

function listed(sql: Sql, values: readonly (string | number)[]): unknown {
  return isPostgres(sql) ? values : JSON.stringify(values);
}

function quoted(name: string): string {
  return `"${name}"`;
}
