import { type Kysely, sql } from 'kysely';
import { isPostgres, type Sql } from './batch.ts';
import { StorageError } from './errors.ts';
import type { Write } from './group-commit.ts';

/** One step of a feature's tables. Steps are only ever added: an installation has run all before its last one. */
export interface Migration {
  /** What it brings, for people. */
  name: string;
  /** Kysely's schema builder, so that it runs on every engine. */
  up(sql: Kysely<unknown>): Promise<void>;
}

interface MigrationTables {
  migrations: { feature: string; number: number; name: string; applied_at: number };
}

/**
 * Runs the steps that this database has not seen; step n of the list has number n + 1.
 * Throws `STORAGE_TOO_NEW` when the database was written by a newer version: going on could damage it.
 */
export async function migrate(write: Write, feature: string, migrations: readonly Migration[]): Promise<void> {
  await write(async (any) => {
    const tables = any as Kysely<MigrationTables>;
    if (isPostgres(tables)) await takeTurn(tables);
    await tables.schema
      .createTable('migrations')
      .ifNotExists()
      .addColumn('feature', 'text', (column) => column.notNull())
      .addColumn('number', 'integer', (column) => column.notNull())
      .addColumn('name', 'text', (column) => column.notNull())
      .addColumn('applied_at', 'bigint', (column) => column.notNull())
      .addPrimaryKeyConstraint('migrations_key', ['feature', 'number'])
      .execute();
    const { done } = await tables
      .selectFrom('migrations')
      .select(sql<number>`coalesce(max(number), 0)`.as('done'))
      .where('feature', '=', feature)
      .executeTakeFirstOrThrow();
    if (done > migrations.length) {
      const told = `the database knows ${done} steps of "${feature}", this version only ${migrations.length}.`;
      throw new StorageError('STORAGE_TOO_NEW', told);
    }
    for (const [i, migration] of migrations.entries()) {
      if (i < done) continue;
      await migration.up(any);
      await tables
        .insertInto('migrations')
        .values({ feature, number: i + 1, name: migration.name, applied_at: Date.now() })
        .execute();
    }
  });
}

/** Whether this role has that table yet; what other roles and other programs keep beside it does not count. */
export async function hasTable(tables: Sql, name: string): Promise<boolean> {
  const found = isPostgres(tables)
    ? sql`select 1 from pg_tables where schemaname = current_schema() and tablename = ${name}`
    : sql`select 1 from sqlite_master where type = 'table' and name = ${name}`;
  return (await found.execute(tables)).rows.length > 0;
}

/** Several gateways that start together: one after the other, however long that takes. */
async function takeTurn(tables: Kysely<MigrationTables>): Promise<void> {
  const limits = sql.join(['statement_timeout', 'lock_timeout', 'transaction_timeout']);
  await sql`select set_config(name, '0', true) from pg_settings where name in (${limits})`.execute(tables);
  await sql`select pg_advisory_xact_lock(hashtext('civicline migrations'))`.execute(tables);
}
