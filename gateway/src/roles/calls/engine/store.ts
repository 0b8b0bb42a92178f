/**
 * Calls in the database: one row each, the machine's data as JSON beside the columns that are asked for. What belongs
 * to the caller (calling number, attributes, note) is sealed, and gone when the call has ended, except for the note.
 */
import type { CallState } from '@civicline/protocol';
import type { Kysely } from 'kysely';
import {
  createStatement,
  type Database,
  type KeyedColumn,
  type Migration,
  type Sealer,
} from '../../../platform/storage/index.ts';
import type { DisclosedAttribute } from '../identification.ts';
import { type Call, hasEnded } from './call.ts';

/** What a call knows about people; never part of {@link Call}, never logged. */
export interface Personal {
  /** E.164, a hint and never an identity; null when withheld. */
  callingNumber: string | null;
  attributes: DisclosedAttribute[];
  note: string;
}

export interface StoredCall {
  call: Call;
  personal: Personal;
}

interface Tables {
  calls: {
    id: string;
    state: CallState;
    organisation_id: string;
    /** Null for a call at another exchange. */
    asterisk_id: string | null;
    channel_id: string | null;
    agent_id: string | null;
    arrived_at: number;
    ended_at: number | null;
    /** {@link Call} as JSON. */
    data: string;
    /** {@link Personal} as JSON, sealed; null when nothing of it is left. */
    personal: string | null;
  };
}

/** What calls of an earlier version do not have in their row. */
const ADDED_LATER = { phoneGoneUntil: null, interruption: null, cutOffFrom: null } satisfies Partial<Call>;

export const callMigrations: readonly Migration[] = [
  {
    name: 'calls',
    async up(sql) {
      await sql.schema
        .createTable('calls')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('state', 'text', (column) => column.notNull())
        .addColumn('organisation_id', 'text', (column) => column.notNull())
        .addColumn('asterisk_id', 'text')
        .addColumn('channel_id', 'text')
        .addColumn('agent_id', 'text')
        .addColumn('arrived_at', 'bigint', (column) => column.notNull())
        .addColumn('ended_at', 'bigint')
        .addColumn('data', 'text', (column) => column.notNull())
        .addColumn('personal', 'text')
        .execute();
      await sql.schema.createIndex('calls_ended').on('calls').columns(['ended_at']).execute();
      await sql.schema.createIndex('calls_channel').on('calls').columns(['channel_id']).execute();
    },
  },
];

const context = (id: string) => `call:${id}`;

export const callKeyedColumns: readonly KeyedColumn[] = [
  { table: 'calls', key: ['id'], column: 'personal', context: ({ id = '' }) => context(id) },
];

export interface CallStore {
  /** Writes the call as it is now; `personal` only where it changed. */
  save(call: Call, personal?: Personal): Promise<void>;
  /** Writes `call`, which an agent has claimed, unless it is no longer in the queue: exactly one claim succeeds. */
  claim(call: Call): Promise<boolean>;
  /** All calls that have not ended. */
  live(): Promise<StoredCall[]>;
  byId(id: string): Promise<Call | undefined>;
  /** The last call of this channel; channel ids come back after a restart of Asterisk at the earliest. */
  lastOfChannel(asteriskId: string, channelId: string): Promise<Call | undefined>;
  /** Deletes calls that ended before then (UTC milliseconds). */
  deleteEndedBefore(moment: number): Promise<void>;
}

type Columns = Tables['calls'];
type Changing = Pick<Columns, 'state' | 'agent_id' | 'ended_at' | 'data'>;

/** `personal` absent: left as it is. */
const saving = createStatement((sql: Kysely<Tables>, row: Omit<Columns, 'personal'> & { personal?: string | null }) => {
  const { id, organisation_id, asterisk_id, channel_id, arrived_at, ...changing } = row;
  return sql
    .insertInto('calls')
    .values({ personal: null, ...row })
    .onConflict((conflict) => conflict.column('id').doUpdateSet(changing));
});

const claiming = createStatement((sql: Kysely<Tables>, { id, ...changing }: Changing & { id: string }) =>
  sql.updateTable('calls').set(changing).where('id', '=', id).where('state', '=', 'queued'),
);

export function createCallStore(database: Database, sealer: Sealer): CallStore {
  const { sql, write } = database.withTables<Tables>();
  function columns(call: Call): Changing {
    return {
      state: call.state,
      agent_id: call.agentId,
      ended_at: call.endedAt,
      data: JSON.stringify(call),
    };
  }

  function sealed(call: Call, personal: Personal): string | null {
    const kept = hasEnded(call) ? { callingNumber: null, attributes: [], note: personal.note } : personal;
    const isEmpty = kept.callingNumber === null && kept.attributes.length === 0 && kept.note === '';
    return isEmpty ? null : sealer.seal(JSON.stringify(kept), context(call.id));
  }

  function opened(id: string, text: string | null): Personal {
    if (text === null) return { callingNumber: null, attributes: [], note: '' };
    try {
      return JSON.parse(sealer.open(text, context(id))) as Personal;
    } catch {
      // Sealed under a key that is gone: the call goes on as that of somebody unknown.
      return { callingNumber: null, attributes: [], note: '' };
    }
  }

  const parsed = (data: string): Call => ({ ...ADDED_LATER, ...JSON.parse(data) });

  return {
    async save(call, personal) {
      const row = {
        ...columns(call),
        id: call.id,
        organisation_id: call.organisationId,
        asterisk_id: call.source.kind === 'asterisk' ? call.source.asteriskId : null,
        channel_id: call.source.kind === 'asterisk' ? call.source.channelId : null,
        arrived_at: call.arrivedAt,
        ...(personal === undefined ? {} : { personal: sealed(call, personal) }),
      };
      await write((tables) => saving(tables, row));
    },
    async claim(call) {
      const { numAffectedRows } = await write((tables) => claiming(tables, { ...columns(call), id: call.id }));
      return numAffectedRows === 1n;
    },
    async live() {
      const rows = await sql
        .selectFrom('calls')
        .select(['id', 'data', 'personal'])
        .where('ended_at', 'is', null)
        .orderBy('arrived_at')
        .execute();
      return rows.map(({ id, data, personal }) => ({ call: parsed(data), personal: opened(id, personal) }));
    },
    async byId(id) {
      const row = await sql.selectFrom('calls').select('data').where('id', '=', id).executeTakeFirst();
      return row && parsed(row.data);
    },
    async lastOfChannel(asteriskId, channelId) {
      const row = await sql
        .selectFrom('calls')
        .select('data')
        .where('asterisk_id', '=', asteriskId)
        .where('channel_id', '=', channelId)
        .orderBy('arrived_at', 'desc')
        .limit(1)
        .executeTakeFirst();
      return row && parsed(row.data);
    },
    async deleteEndedBefore(moment) {
      await write((tables) => tables.deleteFrom('calls').where('ended_at', '<', moment).execute());
    },
  };
}
