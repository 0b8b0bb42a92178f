export { type Database, openDatabase } from './database.ts';
export type { Migration } from './migrate.ts';
export { createSealer, SealError, type Sealer } from './sealer.ts';
