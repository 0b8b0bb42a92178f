import type { Kysely } from 'kysely';
import type { Logger } from '../../../platform/http/index.ts';
import type { Database } from '../../../platform/storage/index.ts';
import { createUpkeep, type Upkeep } from '../kit/upkeep.ts';
import { readOverdue } from '../kit/working-set.ts';
import { keptReceipt } from './receipts.ts';
import type { Recorder } from './recorder.ts';
import type { Tables } from './tables.ts';

/** Kept receipts looked at in one round. */
const PAGE = 500;
/** A receipt that precedes its answer does so by less than the time that an answer may take. */
const EARLY_MS = 10 * 60_000;
const SWEEP_EVERY_MS = 3600_000;
const PORTION = 1_000;
/** A STOP that comes later than this after the last SMS concerns all senders. */
const RECIPIENTS_MS = 90 * 24 * 3600_000;

/** What time brings: expiry, missing receipts, and forgetting. */
export function createSmsUpkeep(options: {
  database: Database<Tables>;
  recorder: Recorder;
  early: { mayBe: boolean };
  receiptMs: number;
  log: Logger;
  now: () => number;
}): Upkeep {
  const { database, recorder, early, receiptMs, log, now } = options;
  const isShared = database.engine === 'postgresql';
  let sweptAt = Number.NEGATIVE_INFINITY;

  async function earlyReceipts(): Promise<void> {
    if (!early.mayBe) return;
    const at = now();
    await database.write((sql) =>
      sql
        .deleteFrom('sms_early_receipts')
        .where('received_at', '<', at - EARLY_MS)
        .execute(),
    );
    const kept = database.sql.selectFrom('sms_early_receipts').selectAll().limit(PAGE);
    // Of an SMS whose process has died, the receipt mostly comes before the lease has run out.
    const ours = await kept.where('attempt_id', 'is not', null).execute();
    await Promise.all(ours.map((row) => recorder.receipt(keptReceipt(row))));
    if (!isShared && (await kept.limit(1).execute()).length === 0) early.mayBe = false;
  }

  async function sweep(stopping: AbortSignal): Promise<void> {
    const at = now();
    if (at - sweptAt < SWEEP_EVERY_MS) return;
    sweptAt = at;
    const segmentsBefore = at - receiptMs - SWEEP_EVERY_MS;
    await inPortions(stopping, (sql) => {
      const old = sql.selectFrom('sms_segments').select('carrier').where('left_at', '<', segmentsBefore).limit(PORTION);
      return sql.deleteFrom('sms_segments').where('carrier', 'in', old).executeTakeFirst();
    });
    const recipientsBefore = at - RECIPIENTS_MS;
    await inPortions(stopping, (sql) => {
      const old = sql.selectFrom('sms_recipients').select('digest').where('written_at', '<', recipientsBefore);
      return sql.deleteFrom('sms_recipients').where('digest', 'in', old.limit(PORTION)).executeTakeFirst();
    });
  }

  /** Each in a write of its own: between them, everything else gets its turn. */
  async function inPortions(
    stopping: AbortSignal,
    remove: (sql: Kysely<Tables>) => Promise<{ numDeletedRows: bigint }>,
  ): Promise<void> {
    while (!stopping.aborted && (await database.write(remove)).numDeletedRows === BigInt(PORTION));
  }

  return createUpkeep({
    overdue: (at, limit) => readOverdue(database.withTables(), 'sms_attempts', at, limit),
    step: (ids, at) =>
      Promise.all(ids.map((attemptId) => recorder.happened({ attemptId, event: { type: 'deadline', at } }))),
    async also(stopping) {
      await earlyReceipts();
      await sweep(stopping);
    },
    onError: (error) => log.error({ error }, 'upkeep of SMS failed'),
    now,
  });
}
