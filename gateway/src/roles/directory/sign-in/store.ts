import type { Database, Migration } from '../../../platform/storage/index.ts';

interface Tables {
  sign_ins: { digest: string; agent_id: string; created_at: number; expires_at: number };
}

export const migrations: Migration[] = [
  {
    name: 'agents’ sign-ins',
    up: (sql) =>
      sql.schema
        .createTable('sign_ins')
        .addColumn('digest', 'text', (column) => column.primaryKey())
        .addColumn('agent_id', 'text', (column) => column.notNull())
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addColumn('expires_at', 'bigint', (column) => column.notNull())
        .execute(),
  },
];

/** The rows behind the session cookies: a sign-in survives restarts and ends the moment its row is gone. */
export function createSignInStore(all: Database) {
  const database = all.withTables<Tables>();
  return {
    add: (row: Tables['sign_ins']) => database.write((sql) => sql.insertInto('sign_ins').values(row).execute()),

    find: (digest: string, now: number) =>
      database.sql
        .selectFrom('sign_ins')
        .select(['agent_id', 'expires_at'])
        .where('digest', '=', digest)
        .where('expires_at', '>', now)
        .executeTakeFirst(),

    remove: (digest: string) =>
      database.write((sql) => sql.deleteFrom('sign_ins').where('digest', '=', digest).execute()),

    removeExpired: (now: number) =>
      database.write((sql) => sql.deleteFrom('sign_ins').where('expires_at', '<=', now).execute()),

    /** Those of these digests that there are. */
    async present(digests: string[]): Promise<Set<string>> {
      const rows = await database.sql.selectFrom('sign_ins').select('digest').where('digest', 'in', digests).execute();
      return new Set(rows.map(({ digest }) => digest));
    },
  };
}
