import {
  type CompiledQuery,
  DefaultQueryExecutor,
  type Dialect,
  type DialectAdapter,
  Kysely,
  type QueryCompiler,
  type QueryResult,
} from 'kysely';
import { StorageError } from './errors.ts';

/** A statement that is run once per set of parameters, on SQLite. */
export interface ManyTimes extends CompiledQuery {
  parameterSets: readonly (readonly unknown[])[];
}

/** Runs one statement. */
export type RunStatement = (query: CompiledQuery) => Promise<QueryResult<unknown>>;

/** What Kysely has to know of an engine. */
export type Language = Pick<Dialect, 'createAdapter' | 'createIntrospector' | 'createQueryCompiler'>;

/**
 * Makes Kyselys out of functions that run statements. Kysely's own way to a connection, with its locks, transactions
 * and plug-ins, costs a dozen promises per statement; here the storage itself knows whose turn it is on which
 * connection.
 */
export function directSql(language: Language): (run: RunStatement) => Kysely<unknown> {
  const dialect: Dialect = { ...language, createDriver: refuse };
  const shared = {
    config: { dialect },
    dialect,
    driver: {
      init: refuse,
      acquireConnection: refuse,
      beginTransaction: refuse,
      commitTransaction: refuse,
      rollbackTransaction: refuse,
      releaseConnection: refuse,
      destroy: refuse,
    },
  };
  const [compiler, adapter] = [language.createQueryCompiler(), language.createAdapter()];
  return (run) => new Kysely<unknown>({ ...shared, executor: new DirectExecutor(compiler, adapter, run) });
}

/** A connection is what Kysely uses to look into the schema. */
class DirectExecutor extends DefaultQueryExecutor {
  readonly #run: RunStatement;

  constructor(compiler: QueryCompiler, adapter: DialectAdapter, run: RunStatement) {
    super(compiler, adapter, {
      provideConnection: (consumer) =>
        consumer({
          executeQuery: <Row>(query: CompiledQuery) => run(query) as Promise<QueryResult<Row>>,
          streamQuery: refuse,
        }),
    });
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
