import type { Kysely } from 'kysely';
import type { Database } from '../../../platform/storage/index.ts';
import type { Limits, Usage } from './quota.ts';
import { SCOPES, type Scope, type Zone } from './schemas.ts';
import type { Tables } from './tables.ts';

export interface StoredSender {
  id: string;
  name: string;
  zone: Zone;
  scopes: Scope[];
  clientId: string | null;
  limits: Limits;
  createdAt: number;
  revokedAt: number | null;
}

export interface StoredKey {
  id: string;
  senderId: string;
  digest: string;
  /** null: all that the sender may, also what it is allowed later. */
  scopes: Scope[] | null;
  createdAt: number;
  expiresAt: number | null;
  revokedAt: number | null;
}

export type SenderStore = ReturnType<typeof createSenderStore>;

export function createSenderStore(all: Database) {
  const database = all.withTables<Tables>();

  const senderBy = async (sql: Kysely<Tables>, column: 'id' | 'name' | 'client_id', value: string) => {
    const row = await sql.selectFrom('senders').selectAll().where(column, '=', value).executeTakeFirst();
    return row ? senderOf(row) : null;
  };

  return {
    senderById: (id: string) => senderBy(database.sql, 'id', id),
    senderByName: (name: string) => senderBy(database.sql, 'name', name),
    senderByClient: (clientId: string) => senderBy(database.sql, 'client_id', clientId),
    /** The same within a write. */
    senderWithin: (sql: Kysely<unknown>, id: string) => senderBy(sql as Kysely<Tables>, 'id', id),

    async senders(): Promise<StoredSender[]> {
      return (await database.sql.selectFrom('senders').selectAll().orderBy('name').execute()).map(senderOf);
    },

    async key(id: string): Promise<StoredKey | null> {
      const row = await database.sql.selectFrom('sender_keys').selectAll().where('id', '=', id).executeTakeFirst();
      return row ? keyOf(row) : null;
    },

    async keys(senderId: string): Promise<StoredKey[]> {
      const rows = await database.sql
        .selectFrom('sender_keys')
        .selectAll()
        .where('sender_id', '=', senderId)
        .orderBy('created_at')
        .execute();
      return rows.map(keyOf);
    },

    add: (sender: StoredSender, key: StoredKey | null) =>
      database.write(async (sql) => {
        await sql.insertInto('senders').values(senderRow(sender)).execute();
        if (key) await sql.insertInto('sender_keys').values(keyRow(key)).execute();
      }),

    /** Adds a key; those that are still good end at `othersEndAt` at the latest. */
    rotate: (key: StoredKey, othersEndAt: number) =>
      database.write(async (sql) => {
        await sql
          .updateTable('sender_keys')
          .set({ expires_at: othersEndAt })
          .where('sender_id', '=', key.senderId)
          .where('revoked_at', 'is', null)
          .where((where) => where.or([where('expires_at', 'is', null), where('expires_at', '>', othersEndAt)]))
          .execute();
        await sql.insertInto('sender_keys').values(keyRow(key)).execute();
      }),

    /** Repeated: the first time counts. */
    revokeSender: (id: string, at: number) =>
      database.write((sql) =>
        sql
          .updateTable('senders')
          .set({ revoked_at: at })
          .where('id', '=', id)
          .where('revoked_at', 'is', null)
          .execute(),
      ),

    revokeKey: (id: string, at: number) =>
      database.write((sql) =>
        sql
          .updateTable('sender_keys')
          .set({ revoked_at: at })
          .where('id', '=', id)
          .where('revoked_at', 'is', null)
          .execute(),
      ),

    setLimits: (id: string, { perMinute, perDay }: Limits) =>
      database.write((sql) =>
        sql.updateTable('senders').set({ per_minute: perMinute, per_day: perDay }).where('id', '=', id).execute(),
      ),

    /** `change` says what the sender may from then on; what it throws leaves everything as it was. */
    changeScopes: (id: string, change: (before: Scope[]) => Scope[]) =>
      database.write(async (sql) => {
        // Changes nothing, but locks the row, on every engine: two operators may not undo each other's change.
        const { scopes } = await sql
          .updateTable('senders')
          .set((row) => ({ scopes: row.ref('scopes') }))
          .where('id', '=', id)
          .returning('scopes')
          .executeTakeFirstOrThrow();
        const changed = change(scopes.split(' ') as Scope[]).join(' ');
        await sql.updateTable('senders').set({ scopes: changed }).where('id', '=', id).execute();
      }),

    async usage(senderId: string): Promise<Usage | null> {
      const row = await database.sql
        .selectFrom('quota_usage')
        .selectAll()
        .where('sender_id', '=', senderId)
        .executeTakeFirst();
      return row ? usageOf(row) : null;
    },

    /** Within a write: what was used, `none` at first. Nobody else changes it until the write is committed. */
    async lockUsage(sql: Kysely<unknown>, senderId: string, none: Usage): Promise<Usage> {
      const row = await (sql as Kysely<Tables>)
        .insertInto('quota_usage')
        .values({ sender_id: senderId, ...usageRow(none) })
        // Changes nothing, but locks the row, on every engine.
        .onConflict((conflict) =>
          conflict.column('sender_id').doUpdateSet((row) => ({ sender_id: row.ref('excluded.sender_id') })),
        )
        .returningAll()
        .executeTakeFirstOrThrow();
      return usageOf(row);
    },

    setUsage: (sql: Kysely<unknown>, senderId: string, usage: Usage) =>
      (sql as Kysely<Tables>)
        .updateTable('quota_usage')
        .set(usageRow(usage))
        .where('sender_id', '=', senderId)
        .execute(),
  };
}

/** What a credential allows: what it says (null: everything), as far as the sender itself may. */
export function allowedScopes(sender: StoredSender, scopes: readonly string[] | null): Scope[] {
  return scopes === null ? sender.scopes : sender.scopes.filter((scope) => scopes.includes(scope));
}

function senderOf(row: Tables['senders']): StoredSender {
  return {
    id: row.id,
    name: row.name,
    zone: row.zone,
    scopes: row.scopes.split(' ') as Scope[],
    clientId: row.client_id,
    limits: { perMinute: row.per_minute, perDay: row.per_day },
    createdAt: row.created_at,
    revokedAt: row.revoked_at,
  };
}

function senderRow(sender: StoredSender): Tables['senders'] {
  return {
    id: sender.id,
    name: sender.name,
    zone: sender.zone,
    scopes: sender.scopes.join(' '),
    client_id: sender.clientId,
    per_minute: sender.limits.perMinute,
    per_day: sender.limits.perDay,
    created_at: sender.createdAt,
    revoked_at: sender.revokedAt,
  };
}

function keyOf(row: Tables['sender_keys']): StoredKey {
  return {
    id: row.id,
    senderId: row.sender_id,
    digest: row.digest,
    scopes: row.narrowed === 1 ? (row.scopes.split(' ') as Scope[]) : null,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    revokedAt: row.revoked_at,
  };
}

function keyRow(key: StoredKey): Tables['sender_keys'] {
  return {
    id: key.id,
    sender_id: key.senderId,
    digest: key.digest,
    // What a sender may not is never allowed to its key either; so for an older gateway, too, this is what it may.
    scopes: (key.scopes ?? SCOPES).join(' '),
    created_at: key.createdAt,
    expires_at: key.expiresAt,
    revoked_at: key.revokedAt,
    narrowed: key.scopes === null ? 0 : 1,
  };
}

function usageOf(row: Tables['quota_usage']): Usage {
  return {
    tokens: row.tokens,
    tokensAt: row.tokens_at,
    minuteWarned: row.minute_warned === 1,
    day: row.day,
    dayUsed: row.day_used,
    dayWarned: row.day_warned === 1,
  };
}

function usageRow(usage: Usage): Omit<Tables['quota_usage'], 'sender_id'> {
  return {
    tokens: usage.tokens,
    tokens_at: usage.tokensAt,
    minute_warned: usage.minuteWarned ? 1 : 0,
    day: usage.day,
    day_used: usage.dayUsed,
    day_warned: usage.dayWarned ? 1 : 0,
  };
}
