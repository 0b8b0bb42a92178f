export { deleteMany, insertMany, type Sql, selectMany, updateMany } from './batch.ts';
export { copySqlite } from './copy.ts';
export { type Database, openDatabase } from './database.ts';
export { StorageError, type StorageErrorCode } from './errors.ts';
export { hasTable, type Migration } from './migrate.ts';
export { type KeyedColumn, type Moved, moveKeys } from './move-keys.ts';
export {
  type ClaimedItem,
  type ClaimOptions,
  claimWithRows,
  createQueue,
  type ItemWithRow,
  type LeasedQueue,
  type QueueItem,
  queueMigrations,
} from './queue.ts';
export { createSealer, SealError, type Sealer } from './sealer.ts';
export { createStatement, type Statement } from './statement.ts';
