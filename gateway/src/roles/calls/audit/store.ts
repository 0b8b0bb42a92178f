import { sql as raw } from 'kysely';
import { type Database, insertMany, type Migration } from '../../../platform/storage/index.ts';

/** Why the attributes of a call were shown. `reload`: to an agent who already had the call, or joins its queue. */
export type ShowingReason = 'ringing' | 'answered' | 'reload' | 'transfer';

/** One showing of a call's attributes, possibly to many agents at once. Never holds a value. */
export interface Showing {
  /** UTC milliseconds. */
  at: number;
  organisationId: string;
  callId: string;
  reason: ShowingReason;
  agentIds: string[];
  /** IRMA attribute ids. */
  attributeIds: string[];
}

export interface AuditEntry extends Showing {
  /** Grows with each entry. */
  id: number;
}

/** Which entries; all of them where nothing is said. */
export interface AuditFilter {
  /** Shown to this agent. */
  agent?: string | undefined;
  call?: string | undefined;
  /** From this moment on, and before that one; UTC milliseconds. */
  from?: number | undefined;
  until?: number | undefined;
}

/** Newest first, from the end or before an entry; or oldest first after one, 0 for the beginning. */
export interface PageRange {
  before?: number | undefined;
  after?: number | undefined;
  limit: number;
}

interface Tables {
  audit: {
    id: number;
    at: number;
    organisation_id: string;
    call_id: string;
    reason: ShowingReason;
    agent_ids: string;
    attribute_ids: string;
  };
}

/** Whatever would change or delete an entry fails. */
const APPEND_ONLY: Record<Database['engine'], string[]> = {
  sqlite: ['UPDATE', 'DELETE'].map(
    (change) => `CREATE TRIGGER audit_no_${change.toLowerCase()} BEFORE ${change} ON audit
                 BEGIN SELECT RAISE(ABORT, 'AUDIT_APPEND_ONLY'); END`,
  ),
  postgresql: [
    `CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql
     AS 'BEGIN RAISE EXCEPTION ''AUDIT_APPEND_ONLY''; END'`,
    `CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
     FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()`,
  ],
};

export const auditMigrations = (engine: Database['engine']): Migration[] => [
  {
    name: 'audit, append-only',
    async up(sql) {
      const table = sql.schema.createTable('audit');
      const withId =
        engine === 'sqlite'
          ? table.addColumn('id', 'integer', (column) => column.primaryKey().autoIncrement())
          : table.addColumn('id', 'bigserial', (column) => column.primaryKey());
      await withId
        .addColumn('at', 'bigint', (column) => column.notNull())
        .addColumn('organisation_id', 'text', (column) => column.notNull())
        .addColumn('call_id', 'text', (column) => column.notNull())
        .addColumn('reason', 'text', (column) => column.notNull())
        .addColumn('agent_ids', 'text', (column) => column.notNull())
        .addColumn('attribute_ids', 'text', (column) => column.notNull())
        .execute();
      for (const statement of APPEND_ONLY[engine]) await raw.raw(statement).execute(sql);
    },
  },
  {
    name: 'audit of an organisation, of a call',
    async up(sql) {
      await sql.schema.createIndex('audit_organisation').on('audit').columns(['organisation_id', 'id']).execute();
      await sql.schema.createIndex('audit_call').on('audit').columns(['call_id']).execute();
    },
  },
];

export interface Audit {
  /** Resolves when all of them are durable. */
  record(showings: Showing[]): Promise<void>;
  /** Entries of an organisation. */
  page(organisationId: string, range: PageRange, filter?: AuditFilter): Promise<AuditEntry[]>;
}

export function createAudit(database: Database): Audit {
  const { sql, write } = database.withTables<Tables>();
  return {
    async record(showings) {
      if (showings.length === 0) return;
      const rows = showings.map(({ at, organisationId, callId, reason, agentIds, attributeIds }) => ({
        at,
        organisation_id: organisationId,
        call_id: callId,
        reason,
        agent_ids: JSON.stringify(agentIds),
        attribute_ids: JSON.stringify(attributeIds),
      }));
      // The database gives out the ids.
      await write((tables) => insertMany(tables, 'audit', rows));
    },
    async page(organisationId, { before, after, limit }, { agent, call, from, until } = {}) {
      let query = sql.selectFrom('audit').selectAll().where('organisation_id', '=', organisationId).limit(limit);
      if (after !== undefined) query = query.where('id', '>', after);
      if (before !== undefined) query = query.where('id', '<', before);
      // A list of ids as JSON; an id has letters, digits and dashes only, as the schema of the query says.
      if (agent !== undefined) query = query.where('agent_ids', 'like', `%"${agent}"%`);
      if (call !== undefined) query = query.where('call_id', '=', call);
      if (from !== undefined) query = query.where('at', '>=', from);
      if (until !== undefined) query = query.where('at', '<', until);
      const rows = await query.orderBy('id', after === undefined ? 'desc' : 'asc').execute();
      return rows.map((row) => ({
        id: row.id,
        at: row.at,
        organisationId: row.organisation_id,
        callId: row.call_id,
        reason: row.reason,
        agentIds: JSON.parse(row.agent_ids) as string[],
        attributeIds: JSON.parse(row.attribute_ids) as string[],
      }));
    },
  };
}
