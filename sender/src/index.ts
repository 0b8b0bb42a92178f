export type { SmisEvent } from '@civicline/protocol';
