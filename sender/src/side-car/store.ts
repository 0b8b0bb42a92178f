/** The side-car's messages in its database: every change is one transaction, durable when it resolves. */
import { type ChannelName, type MessageInput, type SmisEvent, URGENCIES } from '@civicline/protocol';
import { isOver, type OutgoingMessage } from '../index.ts';
import type { Cipher } from './cipher.ts';
import { groupCommit, type SideCarDatabase } from './database.ts';
import type { Batch, Dialect, LocalState, NewMessage, Settings, StoredMessage, Submitted } from './stored.ts';

interface Row {
  id: string;
  service: string;
  dialect: Dialect;
  state: LocalState;
  due_at: number;
  created_at: number;
  updated_at: number;
  expires_at: number;
  submitted_at: number | null;
  ended_at: number | null;
  channel: ChannelName | null;
  reason: string | null;
  segments: number | null;
  smis_id: string | null;
  content: Buffer | null;
  settings: Buffer;
  webhook_tries: number;
}

/** How long a repeated `POST /messages` gets the first answer. */
const REMEMBER_MS = 24 * 3600_000;
/** A service may ask for the status of a message that has ended, with number and text, for this long. */
const READABLE_MS = 3 * 24 * 3600_000;
/** What is left of a message is forgotten after this, and never before SMIS can have given it up (30 days). */
const FORGET_MS = 45 * 24 * 3600_000;

export type SideCarStore = ReturnType<typeof createSideCarStore>;

export function createSideCarStore(database: SideCarDatabase, cipher: Cipher, now: () => number) {
  const commit = groupCommit(database);
  const insert = database.prepare(
    `INSERT INTO messages (id, service, dialect, sandbox, state, lane, due_at, created_at, updated_at, expires_at, content, settings)
     VALUES (@id, @service, @dialect, @sandbox, 'waiting', @lane, @dueAt, @at, @at, @expiresAt, @content, @settings)`,
  );
  const request = database.prepare('SELECT body_digest, message_id FROM requests WHERE key_digest = ?');
  const remember = database.prepare('INSERT INTO requests VALUES (?, ?, ?, ?)');
  const byId = database.prepare('SELECT * FROM messages WHERE id = ? AND service = ? AND sandbox = ?');
  const end = `ended_at = @at, updated_at = @now, webhook_at = CASE WHEN dialect = 'ringring' THEN @now END`;

  const keyDigestOf = (service: string, key: string) => cipher.digest(`${service} ${key}`);
  const handedIn = (keyDigest: string) =>
    request.get(keyDigest) as { body_digest: string; message_id: string } | undefined;

  function add(message: NewMessage): void {
    const { id, service, dialect, dueAt, expiresAt } = message;
    insert.run({
      ...{ id, service, dialect, dueAt, expiresAt },
      sandbox: Number(message.sandbox),
      lane: URGENCIES.indexOf(message.urgency),
      at: now(),
      content: cipher.seal(id, message.content),
      settings: cipher.seal(id, message.settings),
    });
  }

  function read(row: Row): StoredMessage {
    return {
      ...{ id: row.id, service: row.service, dialect: row.dialect, state: row.state },
      ...{ dueAt: row.due_at, createdAt: row.created_at, updatedAt: row.updated_at, expiresAt: row.expires_at },
      ...{ submittedAt: row.submitted_at, endedAt: row.ended_at, channel: row.channel, reason: row.reason },
      ...{ segments: row.segments, smisId: row.smis_id, webhookTries: row.webhook_tries },
      content: row.content && (cipher.open(row.id, row.content) as OutgoingMessage),
      settings: cipher.open(row.id, row.settings) as Settings,
    };
  }

  const rows = (sql: string) => {
    const statement = database.prepare(sql);
    return (...values: unknown[]) => (statement.all(...values) as Row[]).map(read);
  };
  /** `at`: when it happened, now if absent; SMIS's clock need not be ours. */
  const change = (sql: string) => {
    const statement = database.prepare(sql);
    return (values: object) => statement.run({ now: now(), at: now(), ...values }).changes;
  };

  const due = rows(
    `SELECT * FROM messages WHERE service = ? AND state = 'waiting' AND sandbox = 0 AND due_at <= ? ORDER BY lane, due_at LIMIT ?`,
  );
  const nextDue = database.prepare(`SELECT min(due_at) AS at FROM messages WHERE service = ? AND state = 'waiting'`);
  const expire = change(
    `UPDATE messages SET state = 'expired', ${end} WHERE service = @service AND state = 'waiting' AND expires_at <= @now`,
  );
  const pretend = change(
    `UPDATE messages SET state = 'delivered', channel = 'sms', submitted_at = @at, ${end}
     WHERE service = @service AND state = 'waiting' AND sandbox = 1 AND due_at <= @now`,
  );
  const cancel = change(`UPDATE messages SET state = 'cancelled', ${end} WHERE id = @id AND state = 'waiting'`);
  const makeBatch = database.prepare('INSERT INTO batches VALUES (@id, @service, @inputs, @madeAt)');
  const intoBatch = database.prepare(
    `UPDATE messages SET state = 'sending', batch_id = ? WHERE id = ? AND state = 'waiting'`,
  );
  const openBatches = database.prepare(
    'SELECT id, service, inputs, made_at FROM batches WHERE service = ? ORDER BY made_at',
  );
  const endBatch = database.prepare('DELETE FROM batches WHERE id = ?');
  const accepted = change(
    `UPDATE messages SET smis_id = @smisId, batch_id = NULL, updated_at = @now,
       state = CASE state WHEN 'sending' THEN 'accepted' ELSE state END,
       content = CASE dialect WHEN 'plain' THEN NULL ELSE content END
     WHERE id = @id`,
  );
  const refused = change(
    `UPDATE messages SET state = 'refused', reason = @refused, batch_id = NULL, ${end} WHERE id = @id AND state = 'sending'`,
  );
  const again = change(
    `UPDATE messages SET state = 'waiting', batch_id = NULL, due_at = @dueAt WHERE id = @id AND state IN ('waiting', 'sending')`,
  );
  const happened = change(
    `UPDATE messages SET state = @state, updated_at = @now, smis_id = coalesce(smis_id, @smisId),
       channel = coalesce(@channel, channel), reason = @reason, segments = coalesce(@segments, segments),
       submitted_at = CASE WHEN @submitted = 1 THEN coalesce(submitted_at, @at) ELSE submitted_at END
     WHERE id = @id AND service = @service AND ended_at IS NULL`,
  );
  const ended = change(`UPDATE messages SET ${end} WHERE id = @id AND service = @service AND ended_at IS NULL`);
  const setCursor = database.prepare('INSERT OR REPLACE INTO cursors VALUES (?, ?)');
  const dropCursor = database.prepare('DELETE FROM cursors WHERE service = ?');
  const cursor = database.prepare('SELECT cursor FROM cursors WHERE service = ?');
  const webhooks = rows('SELECT * FROM messages WHERE webhook_at <= ? ORDER BY webhook_at LIMIT ?');
  const nextWebhook = database.prepare('SELECT min(webhook_at) AS at FROM messages WHERE webhook_at IS NOT NULL');
  const webhookDone = change('UPDATE messages SET webhook_at = NULL, told = @told WHERE id = @id');
  const webhookLater = change('UPDATE messages SET webhook_at = @at, webhook_tries = webhook_tries + 1 WHERE id = @id');
  const untold = rows(
    `SELECT * FROM messages WHERE service = ? AND sandbox = ? AND dialect = 'ringring' AND ended_at IS NOT NULL AND told = 0
     ORDER BY ended_at LIMIT ?`,
  );
  const countUntold = database.prepare(
    `SELECT count(*) AS count FROM messages WHERE service = ? AND sandbox = ? AND dialect = 'ringring'
     AND ended_at IS NOT NULL AND told = 0`,
  );
  const told = change('UPDATE messages SET told = 1 WHERE id = @id');
  const backlog = database.prepare(
    `SELECT count(*) AS waiting, min(due_at) AS since FROM messages WHERE state IN ('waiting', 'sending') AND due_at <= ?`,
  );
  const eraseContents = change(
    'UPDATE messages SET content = NULL WHERE content IS NOT NULL AND ended_at IS NOT NULL AND updated_at < @before',
  );
  const forgetMessages = change('DELETE FROM messages WHERE updated_at < @before');
  const forgetRequests = change('DELETE FROM requests WHERE created_at < @before');

  function record(service: string, { type, time, subject, data }: SmisEvent): void {
    const id = data.reference;
    const kind = /^be\.smis\.v1\.message\.([a-z-]+)$/.exec(type)?.[1];
    if (id === undefined || kind === undefined || data.state === undefined || kind === 'read') return;
    const at = Date.parse(time);
    const { state, channel = null, reason = null, segments = null } = data;
    const submitted = Number(kind === 'attempted' || kind === 'delivered');
    const smisId = subject ?? null;
    const known = happened({ id, service, state, at, channel, reason, segments, submitted, smisId });
    if (known > 0 && isOver(state)) ended({ id, service, at });
  }

  return {
    /** Stored when it resolves. */
    add: (messages: readonly NewMessage[]): Promise<void> =>
      commit(() => {
        for (const message of messages) add(message);
      }),

    /** Once per key: resolves with the id that the key stands for; null: it came with another body before. */
    addOnce: (message: NewMessage, key: { key: string; body: string }): Promise<string | null> =>
      commit(() => {
        const keyDigest = keyDigestOf(message.service, key.key);
        const bodyDigest = cipher.digest(key.body);
        const before = handedIn(keyDigest);
        if (before) return before.body_digest === bodyDigest ? before.message_id : null;
        remember.run(keyDigest, bodyDigest, message.id, now());
        add(message);
        return message.id;
      }),

    /** Whether {@link addOnce} would add nothing. */
    knowsKey: (service: string, key: string): boolean => handedIn(keyDigestOf(service, key)) !== undefined,

    find(id: string, service: string, sandbox = false): StoredMessage | null {
      const row = byId.get(id, service, Number(sandbox)) as Row | undefined;
      return row ? read(row) : null;
    },

    /** Whether it was still waiting, and is cancelled now. */
    cancelWaiting: (id: string): Promise<boolean> => commit(() => cancel({ id }) > 0),

    /** Ends what expired before it was submitted, and the sandbox's messages. Returns how many ended. */
    async endWaiting(service: string): Promise<number> {
      return commit(() => expire({ service }) + pretend({ service }));
    },

    due: (service: string, limit: number): StoredMessage[] => due(service, now(), limit),
    nextDue: (service: string): number | null => (nextDue.get(service) as { at: number | null }).at,

    openBatches: (service: string): Batch[] =>
      (openBatches.all(service) as { id: string; service: string; inputs: string; made_at: number }[]).map((row) => ({
        ...{ id: row.id, service: row.service, madeAt: row.made_at },
        inputs: JSON.parse(row.inputs) as MessageInput[],
      })),

    /** Each input's reference is its message's id. What was cancelled meanwhile is left out of the batch. */
    async beginBatch(batch: Batch): Promise<Batch> {
      return commit(() => {
        const inputs = batch.inputs.filter(({ reference }) => intoBatch.run(batch.id, reference).changes > 0);
        if (inputs.length > 0) makeBatch.run({ ...batch, inputs: JSON.stringify(inputs) });
        return { ...batch, inputs };
      });
    },

    /** Records what SMIS answered, and forgets the batch. */
    endBatch: (batchId: string, answers: readonly Submitted[]): Promise<void> =>
      commit(() => {
        for (const answer of answers) {
          if ('smisId' in answer) accepted(answer);
          else if ('refused' in answer) refused(answer);
          else again(answer);
        }
        endBatch.run(batchId);
      }),

    /** Refused before it could be sealed. */
    refuse: (id: string, reason: string): Promise<void> =>
      commit(() => {
        intoBatch.run(null, id);
        refused({ id, refused: reason });
      }),

    /** Not to be submitted before `dueAt`. */
    putOff: (ids: readonly string[], dueAt: number): Promise<void> =>
      commit(() => {
        for (const id of ids) again({ id, dueAt });
      }),

    cursor: (service: string): string | undefined => (cursor.get(service) as { cursor: string } | undefined)?.cursor,
    forgetCursor: (service: string): Promise<void> => commit(() => void dropCursor.run(service)),

    /** Events and cursor together, so that each event counts once. */
    record: (service: string, events: readonly SmisEvent[], next: string): Promise<void> =>
      commit(() => {
        for (const event of events) record(service, event);
        setCursor.run(service, next);
      }),

    webhooksDue: (limit: number): StoredMessage[] => webhooks(now(), limit),
    nextWebhook: (): number | null => (nextWebhook.get() as { at: number | null }).at,
    webhookDone: (id: string, told: boolean): Promise<void> =>
      commit(() => void webhookDone({ id, told: Number(told) })),
    webhookLater: (id: string, at: number): Promise<void> => commit(() => void webhookLater({ id, at })),

    /** Ended messages whose end the service does not know, oldest first, and how many there are in all. */
    untold(service: string, sandbox: boolean, limit: number): { messages: StoredMessage[]; count: number } {
      const { count } = countUntold.get(service, Number(sandbox)) as { count: number };
      return { messages: untold(service, Number(sandbox), limit), count };
    },
    told: (ids: readonly string[]): Promise<void> =>
      commit(() => {
        for (const id of ids) told({ id });
      }),

    /** What should have been submitted by now, and since when the oldest waits. */
    backlog: (): { waiting: number; since: number | null } =>
      backlog.get(now()) as { waiting: number; since: number | null },

    /** Erases what is not needed any more. */
    prune: (): Promise<void> =>
      commit(() => {
        eraseContents({ before: now() - READABLE_MS });
        forgetMessages({ before: now() - FORGET_MS });
        forgetRequests({ before: now() - REMEMBER_MS });
      }),
  };
}
