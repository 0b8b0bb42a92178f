/**
 * A stand-in for a channel: keeps attempts in a database of its own, as a real one does, and reports for each what its
 * script says. Only for tests.
 */
import type { ChannelName } from '@civicline/protocol';
import { type Attempt, attemptSchema, type Channel, ChannelError, type Outcome } from '@civicline/protocol/channel';
import { type Database, insertMany, type Migration, selectMany, updateMany } from '../../../platform/storage/index.ts';

/** What the channel reports for an attempt, in this order. */
export type Script = (attempt: Attempt) => readonly Pick<Outcome, 'kind' | 'reason' | 'segments'>[];

export const DELIVERS: Script = () => [{ kind: 'handed-over' }, { kind: 'delivered', segments: 1 }];

interface Tables {
  /** `reported`: 1 once it has an outcome. */
  stand_in_attempts: { id: string; times: number; attempt: string; reported: number };
  stand_in_outcomes: { position: number; attempt_id: string; outcome: string };
}

const migrations: Migration[] = [
  {
    name: 'stand-in',
    async up(sql) {
      await sql.schema
        .createTable('stand_in_attempts')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('times', 'integer', (column) => column.notNull())
        .addColumn('attempt', 'text', (column) => column.notNull())
        .addColumn('reported', 'integer', (column) => column.notNull())
        .execute();
      await sql.schema
        .createTable('stand_in_outcomes')
        .addColumn('position', 'bigint', (column) => column.primaryKey())
        .addColumn('attempt_id', 'text', (column) => column.notNull())
        .addColumn('outcome', 'text', (column) => column.notNull())
        .execute();
    },
  },
];

export interface StandInChannel extends Channel {
  /** Reports something more, as late receipts do. */
  report(attemptId: string, ...outcomes: Pick<Outcome, 'kind' | 'reason' | 'segments'>[]): Promise<void>;
  /** Takes in only, until {@link StandInChannel.release}. */
  held: boolean;
  /** Reports what the script says of all that had no outcome yet, and of each that comes from now on. */
  release(): Promise<void>;
  /** In the order of their arrival; `times`: how often it was submitted. */
  attempts(): Promise<(Attempt & { times: number })[]>;
  cancelled: string[];
  /** Makes submit and cancel fail. */
  broken: boolean;
}

export async function createStandInChannel(options: {
  name: ChannelName;
  database: Database;
  script?: Script;
  now?: () => number;
}): Promise<StandInChannel> {
  const { name, script = DELIVERS, now = Date.now } = options;
  await options.database.migrate('stand-in', migrations);
  const database = options.database.withTables<Tables>();
  const listeners = new Set<() => void>();
  const last = await database.sql
    .selectFrom('stand_in_outcomes')
    .select('position')
    .orderBy('position', 'desc')
    .limit(1)
    .executeTakeFirst();
  let position = last?.position ?? 0;

  const rowsOf = (attemptId: string, outcomes: readonly Pick<Outcome, 'kind' | 'reason' | 'segments'>[]) =>
    outcomes.map((outcome) => {
      position++;
      return {
        position,
        attempt_id: attemptId,
        outcome: JSON.stringify({ ...outcome, position, attemptId, at: now() }),
      };
    });
  const reportOn: Script = (attempt) =>
    attempt.expiresAt > now() ? script(attempt) : [{ kind: 'failed', reason: 'EXPIRED' }];
  const hint = () => {
    for (const listener of listeners) listener();
  };

  const channel: StandInChannel = {
    name,
    cancelled: [],
    broken: false,
    held: false,
    keys: async () => [{ id: `${name}-1`, publicKey: Buffer.alloc(32, 7).toString('base64url') }],
    async submit(attempts) {
      if (channel.broken) throw new Error('The stand-in channel is broken.');
      if (attempts.some((attempt) => !attemptSchema.safeParse(attempt).success)) {
        throw new ChannelError('ATTEMPT_REFUSED', 'the stand-in takes valid attempts only');
      }
      await database.write(async (sql) => {
        const known = (await selectMany(
          sql,
          'stand_in_attempts',
          'id',
          attempts.map(({ id }) => id),
        )) as Tables['stand_in_attempts'][];
        const times = new Map(known.map((row) => [row.id, row.times]));
        const fresh = [...new Map(attempts.map((attempt) => [attempt.id, attempt])).values()]
          .filter(({ id }) => !times.has(id))
          .map((attempt) => ({ attempt, outcomes: channel.held ? [] : rowsOf(attempt.id, reportOn(attempt)) }));
        await insertMany(
          sql,
          'stand_in_attempts',
          fresh.map(({ attempt, outcomes }) => {
            return {
              id: attempt.id,
              times: 1,
              attempt: JSON.stringify(attempt),
              reported: outcomes.length > 0 ? 1 : 0,
            };
          }),
        );
        await updateMany(
          sql,
          'stand_in_attempts',
          'id',
          known.map(({ id, times }) => ({ id, times: times + 1 })),
        );
        await insertMany(
          sql,
          'stand_in_outcomes',
          fresh.flatMap(({ outcomes }) => outcomes),
        );
      });
      hint();
    },
    async cancel(ids) {
      if (channel.broken) throw new Error('The stand-in channel is broken.');
      const known = await selectMany<Tables['stand_in_attempts']>(database.sql, 'stand_in_attempts', 'id', ids);
      for (const { id, reported } of known) {
        channel.cancelled.push(id);
        if (reported === 0) await channel.report(id, { kind: 'cancelled' });
      }
    },
    async release() {
      channel.held = false;
      for (const { reported, ...attempt } of await readAttempts()) {
        if (reported === 0) await channel.report(attempt.id, ...reportOn(attempt));
      }
    },
    async outcomes(after, limit) {
      const rows = await database.sql
        .selectFrom('stand_in_outcomes')
        .select('outcome')
        .where('position', '>', after)
        .orderBy('position')
        .limit(limit)
        .execute();
      return rows.map(({ outcome }) => JSON.parse(outcome));
    },
    async acknowledge(upTo) {
      // The last one stays, so that positions go on counting after a restart.
      await database.write((sql) => sql.deleteFrom('stand_in_outcomes').where('position', '<', upTo).execute());
    },
    onOutcome(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async report(attemptId, ...outcomes) {
      await database.write(async (sql) => {
        await insertMany(sql, 'stand_in_outcomes', rowsOf(attemptId, outcomes));
        if (outcomes.length === 0) return;
        await sql.updateTable('stand_in_attempts').set({ reported: 1 }).where('id', '=', attemptId).execute();
      });
      hint();
    },
    attempts: async () => (await readAttempts()).map(({ reported, ...attempt }) => attempt),
  };
  return channel;

  async function readAttempts(): Promise<(Attempt & { times: number; reported: number })[]> {
    const rows = await database.sql.selectFrom('stand_in_attempts').selectAll().orderBy('id').execute();
    return rows.map(({ attempt, times, reported }) => ({ ...(JSON.parse(attempt) as Attempt), times, reported }));
  }
}
