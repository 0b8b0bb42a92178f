export type StorageErrorCode =
  /** The disk is full. Nothing of the group of works was written; it goes on once there is room. */
  | 'STORAGE_FULL'
  /** A statement outside its work: after the work's end, or one that would write where only reading is allowed. */
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
