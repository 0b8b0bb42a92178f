import type { Binding, CallRequestState, Language } from '@civicline/protocol';
import type { Kysely, Selectable, Updateable } from 'kysely';
import { validate as isUuid } from 'uuid';
import { createStatement, type Database, type KeyedColumn, type Migration } from '../../../platform/storage/index.ts';
import { isFinal, NEEDED_IN, STATES, statesBefore } from './machine.ts';
import type { Status } from './statuses.ts';

interface CallRequestTable {
  id: string;
  organisation_id: string;
  purpose_id: string;
  language: Language;
  /** SHA-256 of the citizen's token. */
  token_digest: string;
  state: CallRequestState;
  sequence: number;
  /** Keyed digest of the code; stays when the code is erased, so that a used code is told from an unknown one. */
  code_digest: string;
  code_sealed: string | null;
  irma_token_sealed: string | null;
  /** How whoever keys the code is bound to whoever disclosed. */
  binding: Binding;
  /** The session's page side and the digits that the app shows, where this gateway pairs. */
  pairing_sealed: string | null;
  pairing_tries: number;
  attributes_sealed: string | null;
  created_at: number;
  disclosed_at: number | null;
  code_expires_at: number | null;
  /** The call that redeemed the code. */
  redeemed_by: string | null;
  redeemed_at: number | null;
  ended_at: number | null;
}

interface CodeTryTable {
  id: string;
  organisation_id: string;
  call_id: string;
  /** Keyed digest of the calling number; null when withheld. */
  number_digest: string | null;
  kind: 'wrong' | 'incomplete';
  at: number;
}

export interface RequestTables {
  call_requests: CallRequestTable;
  code_tries: CodeTryTable;
}

export type CallRequest = Selectable<CallRequestTable>;
type Sql = Kysely<RequestTables>;

/** What a value is sealed for; its column is named after it. */
export const sealedFor = {
  code: (id: string) => `code:${id}`,
  irmaToken: (id: string) => `irma token:${id}`,
  pairing: (id: string) => `pairing:${id}`,
  attributes: (id: string) => `attributes:${id}`,
};

/** Digests of codes and numbers are not among them: their rows count for minutes only. */
export const requestKeyedColumns: readonly KeyedColumn[] = (
  [
    ['code_sealed', sealedFor.code],
    ['irma_token_sealed', sealedFor.irmaToken],
    ['pairing_sealed', sealedFor.pairing],
    ['attributes_sealed', sealedFor.attributes],
  ] as const
).map(([column, context]) => {
  return { table: 'call_requests', key: ['id'], column, context: ({ id = '' }) => context(id) };
});

export const migrations: Migration[] = [
  {
    name: 'call requests and failed tries',
    async up(sql) {
      await sql.schema
        .createTable('call_requests')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('organisation_id', 'text', (column) => column.notNull())
        .addColumn('purpose_id', 'text', (column) => column.notNull())
        .addColumn('language', 'text', (column) => column.notNull())
        .addColumn('token_digest', 'text', (column) => column.notNull())
        .addColumn('state', 'text', (column) => column.notNull())
        .addColumn('sequence', 'integer', (column) => column.notNull())
        .addColumn('code_digest', 'text', (column) => column.notNull().unique())
        .addColumn('code_sealed', 'text')
        .addColumn('irma_token_sealed', 'text')
        .addColumn('attributes_sealed', 'text')
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addColumn('disclosed_at', 'bigint')
        .addColumn('code_expires_at', 'bigint')
        .addColumn('redeemed_by', 'text')
        .addColumn('redeemed_at', 'bigint')
        .addColumn('ended_at', 'bigint')
        .execute();
      await sql.schema
        .createIndex('call_requests_state')
        .on('call_requests')
        .columns(['state', 'created_at'])
        .execute();
      await sql.schema
        .createTable('code_tries')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('call_id', 'text', (column) => column.notNull())
        .addColumn('number_digest', 'text')
        .addColumn('kind', 'text', (column) => column.notNull())
        .addColumn('at', 'bigint', (column) => column.notNull())
        .execute();
      await sql.schema.createIndex('code_tries_call').on('code_tries').column('call_id').execute();
      await sql.schema.createIndex('code_tries_number').on('code_tries').columns(['number_digest', 'at']).execute();
      await sql.schema.createIndex('code_tries_at').on('code_tries').columns(['kind', 'at']).execute();
    },
  },
  {
    name: 'failed tries count for the organisation that was called',
    async up(sql) {
      await sql.schema
        .alterTable('code_tries')
        .addColumn('organisation_id', 'text', (column) => column.notNull().defaultTo(''))
        .execute();
      await sql.schema.dropIndex('code_tries_at').execute();
      await sql.schema
        .createIndex('code_tries_organisation')
        .on('code_tries')
        .columns(['organisation_id', 'kind', 'at'])
        .execute();
      await sql.schema.createIndex('code_tries_at').on('code_tries').column('at').execute();
    },
  },
  {
    name: 'how the caller is bound to the disclosure',
    async up(sql) {
      const requests = () => sql.schema.alterTable('call_requests');
      await requests()
        .addColumn('binding', 'text', (column) => column.notNull().defaultTo('app-dialled'))
        .execute();
      await requests().addColumn('pairing_sealed', 'text').execute();
      await requests()
        .addColumn('pairing_tries', 'integer', (column) => column.notNull().defaultTo(0))
        .execute();
    },
  },
];

/** The SQL of call requests. Functions that take `sql` run inside a caller's write. */
export function createRequestStore(all: Database) {
  const database = all.withTables<RequestTables>();
  return {
    write: database.write,

    /** false: another request has this code. */
    async add(request: Pick<CallRequest, NewFields>): Promise<boolean> {
      const added = await database.write((sql) =>
        sql
          .insertInto('call_requests')
          .values({ ...EMPTY, ...request })
          .onConflict((conflict) => conflict.column('code_digest').doNothing())
          .returning('id')
          .executeTakeFirst(),
      );
      return added !== undefined;
    },

    async find(id: string): Promise<CallRequest | undefined> {
      // PostgreSQL takes not every text.
      if (!isUuid(id)) return undefined;
      return database.sql.selectFrom('call_requests').selectAll().where('id', '=', id).executeTakeFirst();
    },

    /** How these stand; one that is forgotten is left out. */
    statuses: (ids: string[]): Promise<Status[]> =>
      database.sql
        .selectFrom('call_requests')
        .select(['id', 'state', 'sequence', 'code_expires_at'])
        .where('id', 'in', ids)
        .execute(),

    /** Those whose disclosure is open and was begun after `since`; after `afterId`, oldest first. */
    awaitingDisclosure: (afterId: string, since: number, limit: number): Promise<CallRequest[]> =>
      database.sql
        .selectFrom('call_requests')
        .selectAll()
        .where('state', '=', 'awaiting-disclosure')
        .where('created_at', '>', since)
        .where('id', '>', afterId)
        .orderBy('id')
        .limit(limit)
        .execute(),

    /** Those that belong to a call which, as far as was reported, goes on. */
    inCall: () =>
      database.sql
        .selectFrom('call_requests')
        .select(['id', 'redeemed_by'])
        .where('state', 'in', statesBefore('ended'))
        .execute(),

    /** Counts a try of the app's digits; undefined: there is nothing to pair, or they were tried too often. */
    tryPairing: (id: string, most: number): Promise<CallRequest | undefined> =>
      database.write((sql) =>
        sql
          .updateTable('call_requests')
          .set((expression) => ({ pairing_tries: expression('pairing_tries', '+', 1) }))
          .where('id', '=', id)
          .where('pairing_sealed', 'is not', null)
          .where('pairing_tries', '<', most)
          .returningAll()
          .executeTakeFirst(),
      ),

    async advance(
      id: string,
      to: CallRequestState,
      at: number,
      set: Updateable<CallRequestTable> = {},
    ): Promise<CallRequest | undefined> {
      const { rows } = await database.write((sql) => advancing[to](sql, { ...set, id, at }));
      return rows[0];
    },

    /** Ends everything whose time has passed; returns what it ended. */
    expire: (times: ExpiryTimes): Promise<CallRequest[]> =>
      database.write(async (sql) => [
        ...(await advance(sql, 'expired', times.now)
          .where('state', '=', 'disclosed')
          .where('code_expires_at', '<=', times.now)
          .execute()),
        ...(await advance(sql, 'expired', times.now)
          .where('state', '=', 'awaiting-disclosure')
          .where('created_at', '<=', times.awaitingSince)
          .execute()),
        ...(await advance(sql, 'ended', times.now).where('redeemed_at', '<=', times.redeemedSince).execute()),
      ]),

    /** Forgets what ended, and the tries made, before these times. */
    forget: (times: { endedBefore: number; triedBefore: number }) =>
      database.write(async (sql) => {
        await sql.deleteFrom('call_requests').where('ended_at', '<=', times.endedBefore).execute();
        await sql.deleteFrom('code_tries').where('at', '<=', times.triedBefore).execute();
      }),
  };
}

export type RequestStore = ReturnType<typeof createRequestStore>;

export interface ExpiryTimes {
  now: number;
  /** Disclosures begun at or before this are over, whatever the IRMA server says. */
  awaitingSince: number;
  /** Calls redeemed at or before this are over, whether or not their end was reported. */
  redeemedSince: number;
}

type NewFields =
  | 'id'
  | 'organisation_id'
  | 'purpose_id'
  | 'language'
  | 'token_digest'
  | 'code_digest'
  | 'code_sealed'
  | 'irma_token_sealed'
  | 'binding'
  | 'pairing_sealed'
  | 'created_at';

const EMPTY = {
  state: 'awaiting-disclosure',
  sequence: 1,
  attributes_sealed: null,
  pairing_tries: 0,
  disclosed_at: null,
  code_expires_at: null,
  redeemed_by: null,
  redeemed_at: null,
  ended_at: null,
} as const;

/** The one way to change a state: only along the machine's arrows, counted, and erasing what is no longer needed. */
export function advance(sql: Sql, to: CallRequestState, at: number, set: Updateable<CallRequestTable> = {}) {
  const needed = (secret: keyof typeof NEEDED_IN) => (NEEDED_IN[secret] as readonly CallRequestState[]).includes(to);
  return sql
    .updateTable('call_requests')
    .set({
      ...set,
      ...(needed('code') ? {} : { code_sealed: null }),
      ...(needed('irmaToken') ? {} : { irma_token_sealed: null, pairing_sealed: null }),
      ...(needed('attributes') ? {} : { attributes_sealed: null }),
      ...(isFinal(to) ? { ended_at: at } : {}),
      state: to,
    })
    .set((expression) => ({ sequence: expression('sequence', '+', 1) }))
    .where('state', 'in', statesBefore(to))
    .returningAll();
}

/** {@link advance} for one request, by the state that it is to reach. */
const advancing = STATES.byState((to) =>
  createStatement((sql: Sql, { id, at, ...set }: Updateable<CallRequestTable> & { id: string; at: number }) =>
    advance(sql, to, at, set).where('id', '=', id),
  ),
);
