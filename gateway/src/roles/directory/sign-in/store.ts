import type { Kysely } from 'kysely';
import type { Database, Migration } from '../../../platform/storage/index.ts';

interface Tables {
  sign_ins: {
    digest: string;
    agent_id: string;
    created_at: number;
    expires_at: number;
    /** When the person last did something. */
    seen_at: number;
    /** Keyed digests of the provider's `sub` and `sid`, for its back-channel logout. */
    subject: string;
    provider_session: string | null;
  };
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
  {
    name: 'when a person was last seen, and whom the provider may sign out',
    async up(sql) {
      const add = (name: string, type: 'bigint' | 'text') =>
        sql.schema
          .alterTable('sign_ins')
          .addColumn(name, type, (column) => (type === 'bigint' ? column.notNull().defaultTo(0) : column))
          .execute();
      await add('seen_at', 'bigint');
      await add('subject', 'text');
      await add('provider_session', 'text');
      await (sql as Kysely<Tables>)
        .updateTable('sign_ins')
        .set((row) => ({ seen_at: row.ref('created_at') }))
        .execute();
    },
  },
];

/** The rows behind the session cookies: a sign-in survives restarts and ends the moment its row is gone. */
export function createSignInStore(all: Database) {
  const database = all.withTables<Tables>();
  return {
    add: (row: Tables['sign_ins']) => database.write((sql) => sql.insertInto('sign_ins').values(row).execute()),

    /** The sign-in, unless its time is over or nobody was seen since `idleSince`. */
    find: (digest: string, now: number, idleSince: number) =>
      database.sql
        .selectFrom('sign_ins')
        .select(['agent_id', 'expires_at', 'seen_at'])
        .where('digest', '=', digest)
        .where('expires_at', '>', now)
        .where('seen_at', '>', idleSince)
        .executeTakeFirst(),

    seen: (digests: string[], now: number) =>
      database.write((sql) =>
        sql.updateTable('sign_ins').set({ seen_at: now }).where('digest', 'in', digests).execute(),
      ),

    remove: (digest: string) =>
      database.write((sql) => sql.deleteFrom('sign_ins').where('digest', '=', digest).execute()),

    /** Removes what belongs to one person or one session of the provider; the digests that were removed. */
    async removeWhere(column: 'agent_id' | 'subject' | 'provider_session', value: string): Promise<string[]> {
      const removed = await database.write((sql) =>
        sql.deleteFrom('sign_ins').where(column, '=', value).returning('digest').execute(),
      );
      return removed.map(({ digest }) => digest);
    },

    removeExpired: (now: number, idleSince: number) =>
      database.write((sql) =>
        sql
          .deleteFrom('sign_ins')
          .where((row) => row.or([row('expires_at', '<=', now), row('seen_at', '<=', idleSince)]))
          .execute(),
      ),

    /** Whose time is not over, and who were seen after `idleSince`. */
    async agents(now: number, idleSince: number): Promise<Set<string>> {
      const rows = await database.sql
        .selectFrom('sign_ins')
        .select('agent_id')
        .distinct()
        .where('expires_at', '>', now)
        .where('seen_at', '>', idleSince)
        .execute();
      return new Set(rows.map(({ agent_id }) => agent_id));
    },

    all: () => database.sql.selectFrom('sign_ins').selectAll().orderBy('created_at').execute(),

    /** Which of these digests exist. */
    async present(digests: string[]): Promise<Set<string>> {
      const rows = await database.sql.selectFrom('sign_ins').select('digest').where('digest', 'in', digests).execute();
      return new Set(rows.map(({ digest }) => digest));
    },
  };
}
