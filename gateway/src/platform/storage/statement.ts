/**
 * Statements of hot paths, built once: to build one with Kysely and to compile it takes several times as long as to run
 * it. They read like any other; what they are built from are placeholders in place of the values.
 */
import type { Compilable, CompiledQuery, QueryResult } from 'kysely';
import { isPostgres, type Sql } from './batch.ts';

/** Runs the statement with these values, within a write or for reading. */
export type Statement<Values, Row> = (sql: Sql, values: Values) => Promise<QueryResult<Row>>;

/**
 * `build` is called once per engine and shape of the values: which of them are there, and how long the lists are. It may
 * pass values on to Kysely and do nothing else with them; a value that is computed or compared throws a TypeError.
 */
export function createStatement<Tables extends Sql, Values extends object, Row>(
  build: (sql: Tables, values: Values) => Compilable<Row>,
): Statement<Values, Row> {
  const compiled = new Map<string, CompiledQuery<Row>>();

  return (sql, values) => {
    const shape = shapeOf(sql, values);
    let query = compiled.get(shape);
    if (!query) {
      query = build(sql as Tables, placeholdersFor(values)).compile();
      compiled.set(shape, query);
    }
    const parameters = query.parameters.map((parameter) =>
      parameter instanceof Placeholder ? parameter.valueFrom(values) : parameter,
    );
    return sql.executeQuery<Row>({ ...query, parameters });
  };
}

function shapeOf(sql: Sql, values: object): string {
  let shape = isPostgres(sql) ? 'postgresql' : 'sqlite';
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined) shape += Array.isArray(value) ? ` ${name}:${value.length}` : ` ${name}`;
  }
  return shape;
}

function placeholdersFor<Values extends object>(values: Values): Values {
  const placeholders = Object.entries(values).map(([name, value]) => {
    if (value === undefined) return [name, undefined];
    if (Array.isArray(value)) return [name, value.map((_, index) => new Placeholder(name, index))];
    return [name, new Placeholder(name)];
  });
  return Object.fromEntries(placeholders);
}

/** Stands for one value, or one of a list. */
class Placeholder {
  readonly #name: string;
  readonly #index: number | undefined;

  constructor(name: string, index?: number) {
    this.#name = name;
    this.#index = index;
  }

  valueFrom(values: object): unknown {
    const value: unknown = values[this.#name as keyof typeof values];
    return this.#index === undefined ? value : (value as unknown[])[this.#index];
  }

  [Symbol.toPrimitive](): never {
    throw new TypeError(`The value ${this.#name} of a statement that is built once is not known yet.`);
  }
}
