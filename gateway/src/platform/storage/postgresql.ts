/**
 * PostgreSQL, for several gateways that share the work: one schema per role, one connection that writes in groups, a
 * few that read, and one for a migration while it runs. A server that restarts is waited for; a write that was under way
 * then fails as STORAGE_UNAVAILABLE.
 */

import { backOff, wait } from '@civicline/protocol/run';
import {
  type CompiledQuery,
  type Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryResult,
} from 'kysely';
import pg from 'pg';
import type { Engine } from './database.ts';
import { directSql } from './direct-sql.ts';
import { StorageError } from './errors.ts';
import { createGroupCommit, type Transaction } from './group-commit.ts';
import { isConnectionLost, named, READ_ONLY } from './postgresql-errors.ts';

const sqlOf = directSql({
  createAdapter: () => new PostgresAdapter(),
  createIntrospector: (sql: Kysely<unknown>) => new PostgresIntrospector(sql),
  createQueryCompiler: () => new PostgresQueryCompiler(),
});

/** Savepoints beyond 64 in a transaction make every other connection slower. */
const LARGEST_GROUP = 60;
const READING_CONNECTIONS = 4;
/** How long a server that does not answer is waited for; a restart takes a second. */
const PATIENCE_MS = 5_000;
const PAUSES = { firstMs: 20, longestMs: 1_000 };
/**
 * A statement of a write that takes longer has lost its server, which fell silent: all other writes wait for it. Longer
 * than it may wait for a lock.
 */
const WRITING_MS = 15_000;
/** Node's timers take 2^31 - 1 ms at most. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;
/** How long a connection that is given up may take to say good-bye. */
const PARTING_MS = 2_000;

/** Opens the schema of a role, which is created where there is none. */
export async function openPostgres(url: string, role: string): Promise<Engine> {
  const settings = settingsOf(url, role);
  await patiently(() => createSchema(settings, role));
  const naming = statementNames();
  const writer = createWriter({ ...settings, query_timeout: WRITING_MS, pipeline: true }, naming);
  const pool = new pg.Pool({
    ...settings,
    options: `${settings.options} -c default_transaction_read_only=on`,
    max: READING_CONNECTIONS,
  });
  // A connection that ended while nobody used it: the pool makes another.
  pool.on('error', () => undefined);
  const { write } = createGroupCommit(sqlOf, writer.transaction, LARGEST_GROUP);
  return {
    engine: 'postgresql',
    sql: sqlOf((query) => patiently(async () => resultOf(await read(pool, naming(query))))),
    write,
    async writeWithoutLimits(work) {
      // A connection of its own: the other writes keep their limit, and go on meanwhile.
      const own = createWriter({ ...settings, pipeline: true }, unlimited);
      try {
        return await createGroupCommit(sqlOf, own.transaction).write(work);
      } finally {
        await own.end();
      }
    },
    async close() {
      const parting = new Promise((resolve) => setTimeout(resolve, PARTING_MS).unref());
      await Promise.race([Promise.all([writer.end(), pool.end()]), parting]);
    },
  };
}

async function read(pool: pg.Pool, query: pg.QueryConfig): Promise<pg.QueryResult> {
  try {
    return await pool.query(query);
  } catch (error) {
    if (error instanceof pg.DatabaseError && error.code === READ_ONLY) {
      throw new StorageError('STORAGE_MISUSED', 'only Database.write writes.');
    }
    throw error;
  }
}

/**
 * The statements are all short and have their index. So: no whole table is ever read just because it was small when
 * its statement was planned, and nobody holds a lock for long.
 */
function settingsOf(url: string, role: string) {
  return {
    connectionString: url,
    application_name: `civicline ${role}`,
    options: `-c search_path=${role} -c enable_seqscan=off -c jit=off`,
    lock_timeout: 10_000,
    idle_in_transaction_session_timeout: 30_000,
    query_timeout: 60_000,
    connectionTimeoutMillis: PATIENCE_MS,
    keepAlive: true,
    types: { getTypeParser },
  };
}

/** Times and counts are far below 2⁵³: they arrive as numbers. */
function getTypeParser(type: number, format?: 'text' | 'binary'): (text: string) => unknown {
  const { INT8, NUMERIC } = pg.types.builtins;
  return type === INT8 || type === NUMERIC ? Number : pg.types.getTypeParser(type, format);
}

async function createSchema(settings: pg.ClientConfig, role: string): Promise<void> {
  const client = new pg.Client(settings);
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query('select to_regnamespace($1) as schema', [role]);
    if (rows[0].schema !== null) return;
    // Two gateways that start together: one after the other.
    await client.query(
      `begin; select pg_advisory_xact_lock(hashtext('civicline schema')); create schema if not exists ${role}; commit`,
    );
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Repeats a step while the server cannot be reached, within bounds; throws its error under our code. */
async function patiently<Result>(step: () => Promise<Result>): Promise<Result> {
  const end = Date.now() + PATIENCE_MS;
  for (let failures = 1; ; failures++) {
    try {
      return await step();
    } catch (error) {
      const pause = backOff(failures, PAUSES);
      if (!isConnectionLost(error) || Date.now() + pause > end) throw named(error);
      await wait(pause);
    }
  }
}

type Naming = (query: Pick<CompiledQuery, 'sql' | 'parameters'>) => pg.QueryConfig;

/** More than the features have queries, however long the lists in them. */
const STATEMENTS_KEPT = 500;

/** A statement that comes again is prepared, once per connection: the server then plans it once as well. */
function statementNames(): Naming {
  const seen = new Set<string>();
  const names = new Map<string, string>();
  return ({ sql: text, parameters }) => {
    const values = [...parameters];
    const name = names.get(text);
    if (name) return { name, text, values };
    if (seen.has(text)) names.set(text, `civicline_${names.size}`);
    else if (seen.size < STATEMENTS_KEPT) seen.add(text);
    return { text, values };
  };
}

/** Nothing is prepared: a migration may change the very tables that it has read. */
const unlimited: Naming = ({ sql: text, parameters }) => ({
  text,
  values: [...parameters],
  query_timeout: LONGEST_TIMER_MS,
});

function resultOf({ rows, rowCount }: pg.QueryResult): QueryResult<unknown> {
  return { rows, numAffectedRows: BigInt(rowCount ?? 0) };
}

/** The writing connection. It is made when needed, and again after it was lost. */
function createWriter(settings: pg.ClientConfig, naming: Naming): { transaction: Transaction; end(): Promise<void> } {
  let client: pg.Client | undefined;
  let hasSavepoint = false;

  async function connect(): Promise<void> {
    if (client) return;
    const next = new pg.Client(settings);
    next.on('error', () => forget(next));
    next.on('end', () => forget(next));
    await next.connect();
    client = next;
  }

  function forget(lost: pg.Client | undefined): void {
    if (client === lost) client = undefined;
    lost?.end().catch(() => undefined);
  }

  async function query(config: pg.QueryConfig | string): Promise<pg.QueryResult> {
    const used = client;
    if (!used) throw new StorageError('STORAGE_UNAVAILABLE', 'the connection to the database was lost.');
    try {
      return await used.query(config as pg.QueryConfig);
    } catch (error) {
      if (isConnectionLost(error)) forget(used);
      throw named(error);
    }
  }

  /** Sent without waiting for the answer: what fails here makes the next statement, or the commit, fail. */
  function send(command: string): void {
    query(command).catch(() => undefined);
  }

  return {
    transaction: {
      begin: () =>
        patiently(async () => {
          await connect();
          await query('BEGIN');
          hasSavepoint = false;
        }),
      run: async (compiled) => resultOf(await query(naming(compiled))),
      // One message per work: the savepoint of the work before is released together with setting the next.
      savepoint() {
        send(hasSavepoint ? 'RELEASE work; SAVEPOINT work' : 'SAVEPOINT work');
        hasSavepoint = true;
      },
      release() {},
      undo: () => send('ROLLBACK TO work'),
      async commit() {
        const { command } = await query('COMMIT');
        if (command === 'COMMIT') return;
        throw new StorageError('STORAGE_UNAVAILABLE', 'the database did not take the transaction.');
      },
      async rollback() {
        if (client) await query('ROLLBACK').catch(() => forget(client));
      },
      isOpen: () => client !== undefined,
    },
    async end() {
      await client?.end();
    },
  };
}
