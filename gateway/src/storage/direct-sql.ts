import {
  type CompiledQuery,
  DefaultQueryExecutor,
  type Dialect,
  Kysely,
  type QueryResult,
  SingleConnectionProvider,
} from 'kysely';
import { StorageError } from './errors.ts';

/** A statement that is run once per set of parameters, on SQLite. */
export interface ManyTimes extends CompiledQuery {
  parameterSets: readonly (readonly unknown[])[];
}

/** Runs one statement. */
export type RunStatement = (query: CompiledQuery) => Promise<QueryResult<unknown>>;

/**
 * Kysely on a function that runs statements. Kysely's own way to a connection, with its locks, transactions and
 * plug-ins, costs a dozen promises per statement; here the storage itself knows whose turn it is on which connection.
 */
export function directSql(dialect: Omit<Dialect, 'createDriver'>, run: RunStatement): Kysely<unknown> {
  const whole: Dialect = { ...dialect, createDriver: refuse };
  return new Kysely<unknown>({
    config: { dialect: whole },
    dialect: whole,
    driver: {
      init: refuse,
      acquireConnection: refuse,
      beginTransaction: refuse,
      commitTransaction: refuse,
      rollbackTransaction: refuse,
      releaseConnection: refuse,
      destroy: refuse,
    },
    executor: new DirectExecutor(dialect, run),
  });
}

class DirectExecutor extends DefaultQueryExecutor {
  readonly #run: RunStatement;

  constructor(dialect: Omit<Dialect, 'createDriver'>, run: RunStatement) {
    const connection = {
      executeQuery: <Row>(query: CompiledQuery) => run(query) as Promise<QueryResult<Row>>,
      streamQuery: refuse,
    };
    super(dialect.createQueryCompiler(), dialect.createAdapter(), new SingleConnectionProvider(connection));
    this.#run = run;
  }

  override executeQuery<Row>(query: CompiledQuery): Promise<QueryResult<Row>> {
    return this.#run(query) as Promise<QueryResult<Row>>;
  }
}

function refuse(): never {
  throw new StorageError(
    'STORAGE_MISUSED',
    'transactions are made by Database.write, and long results read page by page.',
  );
}
