import { type ExchangeCall, exchangeCallSchema } from '@civicline/protocol';
import type { Database, Migration } from '../../../platform/storage/index.ts';

interface Tables {
  exchange_requests: {
    /** Keyed digest of organisation, exchange and Idempotency-Key. */
    key_digest: string;
    /** Keyed digest of the body: it holds numbers and a code. */
    body_digest: string;
    call_id: string;
    /** The first answer, as JSON; null until it was given. */
    answer: string | null;
    created_at: number;
  };
}

export const migrations: Migration[] = [
  {
    name: 'requests of other exchanges',
    async up(sql) {
      await sql.schema
        .createTable('exchange_requests')
        .addColumn('key_digest', 'text', (column) => column.primaryKey())
        .addColumn('body_digest', 'text', (column) => column.notNull())
        .addColumn('call_id', 'text', (column) => column.notNull())
        .addColumn('answer', 'text')
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .execute();
      await sql.schema.createIndex('exchange_requests_created').on('exchange_requests').column('created_at').execute();
    },
  },
];

export interface KnownRequest {
  callId: string;
  bodyDigest: string;
  answer: ExchangeCall | null;
}

/** Which request made which call, so that a repeated request makes no second one. */
export function createExchangeStore(all: Database) {
  const database = all.withTables<Tables>();
  return {
    async isKnown(keyDigests: string[]): Promise<boolean> {
      const row = await database.sql
        .selectFrom('exchange_requests')
        .select('call_id')
        .where('key_digest', 'in', keyDigests)
        .executeTakeFirst();
      return row !== undefined;
    },

    /** Takes the request up, or finds the one that came first under this key. */
    begin(request: { keyDigests: string[]; bodyDigest: string; callId: string; at: number }): Promise<KnownRequest> {
      const { keyDigests, bodyDigest, callId, at } = request;
      return database.write(async (sql) => {
        const known = await sql
          .selectFrom('exchange_requests')
          .selectAll()
          .where('key_digest', 'in', keyDigests)
          .executeTakeFirst();
        if (known) {
          const answer = known.answer === null ? null : exchangeCallSchema.parse(JSON.parse(known.answer));
          return { callId: known.call_id, bodyDigest: known.body_digest, answer };
        }
        await sql
          .insertInto('exchange_requests')
          .values({
            key_digest: keyDigests[0] ?? '',
            body_digest: bodyDigest,
            call_id: callId,
            answer: null,
            created_at: at,
          })
          .execute();
        return { callId, bodyDigest, answer: null };
      });
    },

    /** Keeps the first answer; a later one changes nothing. */
    answer: (callId: string, answer: ExchangeCall) =>
      database.write((sql) =>
        sql
          .updateTable('exchange_requests')
          .set({ answer: JSON.stringify(answer) })
          .where('call_id', '=', callId)
          .where('answer', 'is', null)
          .execute(),
      ),

    forget: (before: number) =>
      database.write((sql) => sql.deleteFrom('exchange_requests').where('created_at', '<', before).execute()),
  };
}
