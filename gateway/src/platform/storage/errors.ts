export type StorageErrorCode =
  /** The disk is full. Nothing of the group of works was written; it goes on once there is room. */
  | 'STORAGE_FULL'
  /**
   * The database does not answer, or the connection ended before the answer: a write may or may not have been done.
   * Repeat it in a way that does no harm when it was.
   */
  | 'STORAGE_UNAVAILABLE'
  /** The database was written by a newer version. */
  | 'STORAGE_TOO_NEW'
  /** Another gateway had the same rows. Nothing was written; repeat it. */
  | 'STORAGE_CONFLICT'
  /** The database refuses the statement: a constraint, or a mistake in it. */
  | 'STORAGE_REFUSED'
  /** A statement outside its work: after the work's end, or one that writes where only reading is allowed. */
  | 'STORAGE_MISUSED';

/** What can go wrong with a database. Neither message nor properties repeat a value that was to be stored. */
export class StorageError extends Error {
  override readonly name = 'StorageError';
  readonly code: StorageErrorCode;

  constructor(code: StorageErrorCode, message: string) {
    super(`${code}: ${message}`);
    this.code = code;
  }
}
