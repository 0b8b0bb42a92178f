import pg from 'pg';
import { StorageError, type StorageErrorCode } from './errors.ts';

/**
 * SQLSTATE classes and codes (PostgreSQL, appendix A) after which a connection is of no use: it ends, the server shuts
 * down or starts, has no room for connections, or has become a standby.
 */
const LOST = /^(08|57P0|53300|25006)/;

/** SQLSTATE: a write in a transaction, or on a server, that only reads. */
export const READ_ONLY = '25006';

/**
 * A statement was prepared before a table that it reads got another column, by a newer gateway: on this connection it
 * fails for ever.
 */
function isOutdated({ code, routine }: pg.DatabaseError): boolean {
  return code === '0A000' && routine === 'RevalidateCachedQuery';
}

/** Wrong log-in, unknown database, mistakes in a statement, and what triggers say: texts without values. */
const WITHOUT_VALUES = /^(28|3D|42|P0001)/;

/** Whether the connection is lost, of no use any more, or could not be made; then another may help. */
export function isConnectionLost(error: unknown): boolean {
  if (error instanceof StorageError) return error.code === 'STORAGE_UNAVAILABLE';
  if (!(error instanceof pg.DatabaseError)) return error instanceof Error;
  return LOST.test(error.code ?? '') || isOutdated(error);
}

/**
 * The driver's errors under codes of ours. PostgreSQL's own texts can repeat values (`invalid input syntax for type
 * bigint: "…"`): of most errors only the SQLSTATE and the names of table and constraint are passed on.
 */
export function named(error: unknown): unknown {
  if (error instanceof StorageError) return error;
  if (!(error instanceof pg.DatabaseError)) {
    return new StorageError('STORAGE_UNAVAILABLE', 'the database does not answer, or the connection was lost.');
  }
  const state = error.code ?? '';
  if (isOutdated(error)) return new StorageError('STORAGE_UNAVAILABLE', 'another gateway has changed a table.');
  const place = [error.table, error.column, error.constraint].filter(Boolean).join(', ');
  const text = WITHOUT_VALUES.test(state) ? error.message : place;
  return new StorageError(codeOf(state), `${text} (SQLSTATE ${state})`);
}

function codeOf(state: string): StorageErrorCode {
  if (state === '53100') return 'STORAGE_FULL';
  if (state.startsWith('40') || state === '55P03') return 'STORAGE_CONFLICT';
  return LOST.test(state) ? 'STORAGE_UNAVAILABLE' : 'STORAGE_REFUSED';
}
