import type { Device, Presence } from '@civicline/protocol';
import type { Database, KeyedColumn, Migration, Sealer } from '../../../platform/storage/index.ts';

export interface StoredAgent {
  presence: Exclude<Presence, 'offline'>;
  presenceReason: string;
  /** Null: the agent has not chosen. */
  device: Device | null;
}

export type EndpointKind = 'phone' | 'browser';

interface Tables {
  agents: { id: string; presence: StoredAgent['presence']; presence_reason: string; device: Device | null };
  agent_secrets: { agent_id: string; kind: EndpointKind; sealed: string; created_at: number; handed_out: 0 | 1 };
}

export const agentMigrations: readonly Migration[] = [
  {
    name: 'agents and their SIP passwords',
    async up(sql) {
      await sql.schema
        .createTable('agents')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('presence', 'text', (column) => column.notNull())
        .addColumn('presence_reason', 'text', (column) => column.notNull())
        .addColumn('device', 'text')
        .execute();
      await sql.schema
        .createTable('agent_secrets')
        .addColumn('agent_id', 'text', (column) => column.notNull())
        .addColumn('kind', 'text', (column) => column.notNull())
        .addColumn('sealed', 'text', (column) => column.notNull())
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addPrimaryKeyConstraint('agent_secrets_key', ['agent_id', 'kind'])
        .execute();
    },
  },
  {
    name: 'whether a password was handed out',
    async up(sql) {
      await sql.schema
        .alterTable('agent_secrets')
        // Those from before may have been.
        .addColumn('handed_out', 'integer', (column) => column.notNull().defaultTo(1))
        .execute();
    },
  },
];

const context = (agentId: string, kind: string) => `sip-password:${kind}:${agentId}`;

export const agentKeyedColumns: readonly KeyedColumn[] = [
  {
    table: 'agent_secrets',
    key: ['agent_id', 'kind'],
    column: 'sealed',
    context: ({ agent_id = '', kind = '' }) => context(agent_id, kind),
  },
];

export interface AgentSecret {
  agentId: string;
  kind: EndpointKind;
  password: string;
  /** UTC milliseconds. */
  createdAt: number;
  /** Whether somebody but Asterisk knows it. */
  handedOut: boolean;
}

export interface AgentStore {
  all(): Promise<Map<string, StoredAgent>>;
  save(id: string, agent: StoredAgent): Promise<void>;
  secrets(): Promise<AgentSecret[]>;
  saveSecrets(secrets: AgentSecret[]): Promise<void>;
}

export function createAgentStore(database: Database, sealer: Sealer): AgentStore {
  const { sql, write } = database.withTables<Tables>();

  return {
    async all() {
      const rows = await sql.selectFrom('agents').selectAll().execute();
      return new Map(
        rows.map(({ id, presence, presence_reason, device }) => [
          id,
          { presence, presenceReason: presence_reason, device },
        ]),
      );
    },
    async save(id, { presence, presenceReason, device }) {
      const values = { presence, presence_reason: presenceReason, device };
      await write((tables) =>
        tables
          .insertInto('agents')
          .values({ id, ...values })
          .onConflict((conflict) => conflict.column('id').doUpdateSet(values))
          .execute(),
      );
    },
    async secrets() {
      const rows = await sql.selectFrom('agent_secrets').selectAll().execute();
      return rows.flatMap(({ agent_id: agentId, kind, sealed, created_at: createdAt, handed_out }) => {
        try {
          const password = sealer.open(sealed, context(agentId, kind));
          return [{ agentId, kind, password, createdAt, handedOut: handed_out === 1 }];
        } catch {
          // Sealed under a key that is gone: a new password is made.
          return [];
        }
      });
    },
    async saveSecrets(secrets) {
      if (secrets.length === 0) return;
      const rows = secrets.map(({ agentId, kind, password, createdAt, handedOut }) => ({
        agent_id: agentId,
        kind,
        sealed: sealer.seal(password, context(agentId, kind)),
        created_at: createdAt,
        handed_out: handedOut ? (1 as const) : (0 as const),
      }));
      await write(async (tables) => {
        for (const row of rows) {
          await tables
            .insertInto('agent_secrets')
            .values(row)
            .onConflict((conflict) =>
              conflict.columns(['agent_id', 'kind']).doUpdateSet({
                sealed: row.sealed,
                created_at: row.created_at,
                handed_out: row.handed_out,
              }),
            )
            .execute();
        }
      });
    },
  };
}
