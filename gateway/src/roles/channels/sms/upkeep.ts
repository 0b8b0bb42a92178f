import type { Kysely } from 'kysely';
import type { Logger } from '../../../platform/http/index.ts';
import type { Database } from '../../../platform/storage/index.ts';
import { keptReceipt } from './receipts.ts';
import type { Recorder } from './recorder.ts';
import type { Tables } from './tables.ts';

const EVERY_MS = 5_000;
const PAGE = 500;
/** A receipt that precedes its answer does so by less than the time that an answer may take. */
const EARLY_MS = 10 * 60_000;
const SWEEP_EVERY_MS = 3600_000;
const PORTION = 1_000;
/** A STOP that comes later than this after the last SMS concerns all senders. */
const RECIPIENTS_MS = 90 * 24 * 3600_000;

/** What time brings: expiry, missing receipts, and forgetting. Run `once` as often as wished; it does what is due. */
export function createUpkeep(options: {
  database: Database<Tables>;
  recorder: Recorder;
  early: { mayBe: boolean };
  receiptMs: number;
  log: Logger;
  now: () => number;
}): { start(): void; once(): Promise<void>; stop(): Promise<void> } {
  const { database, recorder, early, receiptMs, log, now } = options;
  const isShared = database.engine === 'postgresql';
  let sweptAt = Number.NEGATIVE_INFINITY;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> = Promise.resolve();
  let stopping = false;

  async function deadlines(): Promise<void> {
    for (;;) {
      const at = now();
      const due = await database.sql
        .selectFrom('sms_attempts')
        .select('id')
        .where('deadline', '<=', at)
        .where('state', '!=', 'handing-over')
        .orderBy('deadline')
        .limit(PAGE)
        .execute();
      await Promise.all(due.map(({ id }) => recorder.happened({ attemptId: id, event: { type: 'deadline', at } })));
      if (due.length < PAGE) return;
    }
  }

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

  async function sweep(): Promise<void> {
    const at = now();
    if (at - sweptAt < SWEEP_EVERY_MS) return;
    sweptAt = at;
    const segmentsBefore = at - receiptMs - SWEEP_EVERY_MS;
    await inPortions((sql) => {
      const old = sql.selectFrom('sms_segments').select('carrier').where('left_at', '<', segmentsBefore).limit(PORTION);
      return sql.deleteFrom('sms_segments').where('carrier', 'in', old).executeTakeFirst();
    });
    const recipientsBefore = at - RECIPIENTS_MS;
    await inPortions((sql) => {
      const old = sql.selectFrom('sms_recipients').select('digest').where('written_at', '<', recipientsBefore);
      return sql.deleteFrom('sms_recipients').where('digest', 'in', old.limit(PORTION)).executeTakeFirst();
    });
  }

  /** Each in a write of its own: between them, everything else gets its turn. */
  async function inPortions(remove: (sql: Kysely<Tables>) => Promise<{ numDeletedRows: bigint }>): Promise<void> {
    while (!stopping && (await database.write(remove)).numDeletedRows === BigInt(PORTION));
  }

  async function once(): Promise<void> {
    await deadlines();
    await earlyReceipts();
    await sweep();
  }

  async function run(): Promise<void> {
    await once().catch((error: unknown) => log.error({ error }, 'upkeep of SMS failed'));
    timer = setTimeout(() => {
      running = run();
    }, EVERY_MS);
    timer.unref();
  }

  return {
    start() {
      running = run();
    },
    once,
    async stop() {
      stopping = true;
      await running;
      clearTimeout(timer);
    },
  };
}
