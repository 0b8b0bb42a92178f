import type { Outcome } from '../smis/channel.ts';
import type { Database, LeasedQueue } from '../storage/index.ts';
import type { Rules, State } from './machine.ts';
import type { FinalReceipt } from './receipts.ts';
import { type Happening, record } from './store.ts';
import type { Tables } from './tables.ts';

export interface Recorder {
  /** Resolves when stored, with the state that it led to; null: it changed nothing. */
  happened(happening: Happening): Promise<State | null>;
  /** Resolves when stored. */
  receipt(receipt: FinalReceipt): Promise<void>;
  /** Resolves when nothing waits to be stored. */
  idle(): Promise<void>;
}

interface Entry {
  happening?: Happening;
  receipt?: FinalReceipt;
  resolve(state: State | null): void;
  reject(error: unknown): void;
}

/** As much as one transaction takes: some ten milliseconds. */
const BATCH = 500;

/**
 * Records what happens in batches: all that comes while one transaction is under way goes into the next. Rejects, and
 * stores nothing of the batch, when the database fails.
 */
export function createRecorder(options: {
  database: Database<Tables>;
  queue: LeasedQueue;
  rules: Rules;
  early: { mayBe: boolean };
  onOutcomes(outcomes: readonly Outcome[]): void;
}): Recorder {
  const { database, queue, rules, early, onOutcomes } = options;
  let waiting: Entry[] = [];
  let storing: Promise<void> | null = null;

  async function storeAll(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting.length <= BATCH ? waiting : waiting.slice(0, BATCH);
      waiting = waiting.length <= BATCH ? [] : waiting.slice(BATCH);
      await store(batch);
    }
    storing = null;
  }

  async function store(batch: Entry[]): Promise<void> {
    const happenings = batch.flatMap(({ happening }) => happening ?? []);
    const receipts = batch.flatMap(({ receipt }) => receipt ?? []);
    try {
      const { reached, outcomes, unmatched } = await database.write((sql) =>
        record(sql, happenings, receipts, {
          rules,
          queue,
          mayBeEarly: early.mayBe,
          isShared: database.engine === 'postgresql',
        }),
      );
      if (unmatched > 0) early.mayBe = true;
      let next = 0;
      for (const { happening, resolve } of batch) resolve(happening ? (reached[next++] ?? null) : null);
      if (outcomes.length > 0) onOutcomes(outcomes);
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }

  function add(entry: Pick<Entry, 'happening' | 'receipt'>): Promise<State | null> {
    return new Promise((resolve, reject) => {
      waiting.push({ ...entry, resolve, reject });
      storing ??= Promise.resolve().then(storeAll);
    });
  }

  return {
    happened: (happening) => add({ happening }),
    receipt: async (receipt) => void (await add({ receipt })),
    idle: async () => {
      while (storing) await storing;
    },
  };
}
