import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../../../platform/http/index.ts';
import {
  type ClaimOptions,
  claimWithRows,
  type Database,
  type ItemWithRow,
  type LeasedQueue,
} from '../../../platform/storage/index.ts';
import type { State } from '../kit/attempt.ts';
import type { Outcomes } from '../kit/outcomes.ts';
import type { KnownRows } from '../kit/working-set.ts';
import type { CarrierIds } from './carrier-ids.ts';
import type { Rules } from './machine.ts';
import type { FinalReceipt } from './receipts.ts';
import { type Happening, record, smsKind } from './store.ts';
import type { AttemptRow, Tables } from './tables.ts';

export interface Recorder {
  /** Resolves when stored, with the state that it led to; null: it changed nothing. */
  happened(happening: Happening): Promise<State | null>;
  /** As `happened`, again and again until it is stored, or given up: then the attempt is found unknown. */
  certainly(happening: Happening): Promise<void>;
  /** Takes from the queue, with the attempts as they stand; what happens to them next is recorded without reading them again. */
  claim(options: ClaimOptions): Promise<Claimed[]>;
  /** Resolves when stored. */
  receipt(receipt: FinalReceipt): Promise<void>;
  /** What the database still refuses then, in so many milliseconds, is not tried again. */
  giveUpAfter(ms: number): void;
  /** Resolves when nothing waits to be stored; what the database refuses now is not tried again. */
  stop(): Promise<void>;
}

export type Claimed = ItemWithRow<AttemptRow>;

interface Entry<What> {
  what: What;
  resolve(reached: State | null): void;
  reject(error: unknown): void;
}

/**
 * Of each kind, as many as one transaction takes: some milliseconds. More would hardly be cheaper, and everything else,
 * what is urgent too, waits as long at each of its steps.
 */
const MAX_PER_WRITE = 1_000;
/** How long a database that fails is left alone. */
const AGAIN_MS = 1_000;

/**
 * Records what happens in batches: all that comes while one transaction is under way goes into the next. Rejects, and
 * stores nothing of the batch, when the database fails.
 */
export function createRecorder(options: {
  database: Database<Tables>;
  queue: LeasedQueue;
  rules: Rules;
  carrierIds: CarrierIds;
  early: { mayBe: boolean };
  outcomes: Outcomes;
  log: Logger;
}): Recorder {
  const { database, queue, rules, carrierIds, early, outcomes, log } = options;
  const kind = smsKind(rules);
  const urgent: Entry<Happening>[] = [];
  const happenings: Entry<Happening>[] = [];
  const receipts: Entry<FinalReceipt>[] = [];
  const known: KnownRows<AttemptRow> | null = database.engine === 'sqlite' ? new Map() : null;
  let storing: Promise<void> | null = null;
  /** Of `performance.now()`. */
  let patientUntil = Number.POSITIVE_INFINITY;

  async function storeAll(): Promise<void> {
    while (urgent.length + happenings.length + receipts.length > 0) await store();
    storing = null;
  }

  async function store(): Promise<void> {
    let happened: typeof happenings = [];
    let received: typeof receipts = [];
    try {
      const {
        reached,
        outcomes: told,
        unmatched,
        remember,
      } = await database.write((sql) => {
        // Only now: an answer and its receipt, which come right after one another, are in one batch.
        happened = [...urgent.splice(0, MAX_PER_WRITE), ...happenings.splice(0, MAX_PER_WRITE)];
        received = receipts.splice(0, MAX_PER_WRITE);
        return record(sql, happened.map(whatOf), received.map(whatOf), {
          kind,
          queue,
          outcomes,
          carrierIds,
          mayBeEarly: early.mayBe,
          known,
        });
      });
      remember();
      if (unmatched > 0) early.mayBe = true;
      for (const [index, { resolve }] of happened.entries()) resolve(reached[index] ?? null);
      for (const { resolve } of received) resolve(null);
      if (told.length > 0) outcomes.hint();
    } catch (error) {
      known?.clear();
      // Not even begun: then nothing of what waits can be stored.
      if (happened.length + received.length === 0) {
        [happened, received] = [[...urgent.splice(0), ...happenings.splice(0)], receipts.splice(0)];
      }
      for (const { reject } of [...happened, ...received]) reject(error);
    }
  }

  async function certainly(happening: Happening): Promise<void> {
    while (true) {
      try {
        await addHappening(happening);
        return;
      } catch (error) {
        log.error({ attemptId: happening.attemptId, error }, 'recording an SMS failed');
        if (performance.now() >= patientUntil) return;
        await delay(AGAIN_MS);
      }
    }
  }

  function add<What>(to: Entry<What>[], what: What): Promise<State | null> {
    return new Promise((resolve, reject) => {
      to.push({ what, resolve, reject });
      storing ??= storeAll();
    });
  }

  const addHappening = (happening: Happening) => add(happening.urgent ? urgent : happenings, happening);

  return {
    happened: addHappening,
    certainly,
    // In one write, so that nothing happens to an attempt between reading it and knowing it.
    claim: (options) =>
      database.write(async (sql) => {
        const items = await claimWithRows<AttemptRow>(sql, queue, 'sms_attempts', options);
        for (const { row } of items) if (row) known?.set(row.id, row);
        return items;
      }),
    receipt: async (receipt) => void (await add(receipts, receipt)),
    giveUpAfter(ms) {
      patientUntil = performance.now() + ms;
    },
    async stop() {
      patientUntil = 0;
      while (storing) await storing;
    },
  };
}

function whatOf<What>({ what }: Entry<What>): What {
  return what;
}
