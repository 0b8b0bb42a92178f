/**
 * The role `sms`: number and text arrive sealed, leave through the carriers, and are forgotten; what became of each is
 * told as an outcome. Its own database; SMIS knows it as a {@link Channel} only.
 */
import type { Attempt, Channel } from '@civicline/protocol/channel';
import { publicKeyOf, type SealingPrivateKey } from '@civicline/protocol/sealing/node';
import type { Router, RouterListener } from '@civicline/sms';
import type { Express } from 'express';
import type { Kysely } from 'kysely';
import type { Logger, Metrics, Operation } from '../../../platform/http/index.ts';
import {
  createQueue,
  type Database,
  insertMany,
  queueMigrations,
  type Sealer,
} from '../../../platform/storage/index.ts';
import { newAttemptRow } from '../kit/attempt-row.ts';
import { createOutcomes } from '../kit/outcomes.ts';
import { storing } from '../kit/storing.ts';
import { createCarrierIds } from './carrier-ids.ts';
import { createListener } from './listener.ts';
import { createSmsMetrics } from './metrics.ts';
import { createOpener } from './opener.ts';
import { createRecorder } from './recorder.ts';
import { type AttemptRow, migrationsFor, OUTCOMES, type Tables } from './tables.ts';
import { createSmsUpkeep } from './upkeep.ts';
import { createWorker } from './worker.ts';

/** How long an ended attempt is remembered: a submit that comes again within it does nothing. */
const REMEMBER_MS = 24 * 3600_000;
/** Carriers report the end of their tries a little after it. */
const RECEIPT_GRACE_MS = 15 * 60_000;
/** When the gateway stops: for a database that fails. */
const STOP_MS = 5_000;

export interface SmsChannel extends Channel {
  operations: Operation[];
  mount(http: Express): void;
  start(): void;
  /** Finishes what is under way and leaves the carriers. */
  stop(): Promise<void>;
}

export interface SmsChannelOptions {
  database: Database;
  /** Those to open sealed parts with; senders are told to seal for the first. */
  privateKeys: readonly [SealingPrivateKey, ...SealingPrivateKey[]];
  /** Connects the routes, such as {@link createRouter} does; called once, when the tables are there. */
  connect(listener: RouterListener): Router;
  sealer: Sealer;
  metrics: Metrics;
  log: Logger;
  now: () => number;
  /** How long carriers may try at most, hours; without a receipt soon after that, the SMS counts as failed. */
  receiptHours?: number;
  /** For tests: how long a worker that died blocks what it had, milliseconds. */
  leaseMs?: number;
}

/** Resolves when the tables are there. Nothing leaves before `start`. */
export async function createSmsChannel(options: SmsChannelOptions): Promise<SmsChannel> {
  const { privateKeys, sealer, log, now, receiptHours = 72, leaseMs = 15_000 } = options;
  const database = options.database.withTables<Tables>();
  const carrierIds = createCarrierIds(sealer);
  await database.migrate('sms', migrationsFor(database.engine, carrierIds));
  await database.migrate('sms_queue', queueMigrations('sms_queue'));
  const queue = createQueue(options.database, 'sms_queue', now);
  const tryMs = receiptHours * 3600_000;
  const rules = { receiptMs: tryMs + RECEIPT_GRACE_MS, rememberMs: REMEMBER_MS };
  const early = { mayBe: true };
  const outcomes = createOutcomes(options.database, OUTCOMES, log);
  const recorder = createRecorder({
    database,
    queue,
    rules,
    carrierIds,
    early,
    outcomes,
    log,
  });
  const router = options.connect(
    createListener({
      database,
      recorder,
      sealer,
      carrierIds,
      metrics: () => metrics,
      wake: () => worker.wake(),
      suppress: (suppression) => worker.suppress(suppression),
      log,
      now,
    }),
  );
  const metrics = createSmsMetrics(options.metrics, { queue, routes: () => router.routes() });
  const opener = createOpener(privateKeys);
  const worker = createWorker({
    database,
    queue,
    recorder,
    router,
    open: opener.open,
    sealer,
    metrics,
    leaseMs,
    tryMs,
    log,
    now,
  });
  const upkeep = createSmsUpkeep({ database, recorder, early, receiptMs: rules.receiptMs, log, now });
  const keys = privateKeys.map(publicKeyOf);

  return {
    name: 'sms',
    operations: [],
    mount: (http) => router.mount(http),
    start() {
      worker.start();
      upkeep.start();
    },
    async stop() {
      recorder.giveUpAfter(STOP_MS);
      await Promise.all([worker.stop(), router.close(), upkeep.stop()]);
      await Promise.all([recorder.stop(), opener.close()]);
    },
    keys: async () => keys,
    async submit(attempts) {
      await storing(database.write((sql) => store(sql, attempts)));
      worker.wake();
    },
    async cancel(attemptIds) {
      const event = { type: 'cancel', at: now() } as const;
      const attempts = attemptIds.map(async (attemptId) => {
        return { id: attemptId, state: await recorder.happened({ attemptId, event }) };
      });
      await worker.withdraw(await Promise.all(attempts));
    },
    outcomes: outcomes.outcomes,
    acknowledge: outcomes.acknowledge,
    onOutcome: outcomes.onOutcome,
  };

  async function store(sql: Kysely<Tables>, attempts: readonly Attempt[]): Promise<void> {
    const at = now();
    const rows = attempts.map((attempt) => rowOf(attempt, at));
    await insertMany(sql, 'sms_attempts', rows, { ignoreConflicts: true });
    // One that was submitted before and has ended comes out of the queue again, and is dropped there.
    const items = rows.map(({ id, lane, sender_id: share }) => ({ id, lane, share, dueAt: at }));
    await queue.put(sql, items);
  }
}

function rowOf(attempt: Attempt, at: number): AttemptRow {
  return { ...newAttemptRow(attempt, at), category: attempt.category, route: null, segments: 0, awaiting: 0 };
}
