/** Until the storage brings them. */
import type { Database } from '../../storage/index.ts';

export { insertMany } from '../../storage/index.ts';

export type Engine = Database['engine'];

export function engineOf(database: Database): Engine {
  return database.engine;
}
