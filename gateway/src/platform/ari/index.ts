/** Typed client of the Asterisk REST Interface (ARI), over one WebSocket per Asterisk. */
export {
  type Ari,
  type AriCounters,
  type AriListeners,
  type AriLog,
  type AriOptions,
  type AriState,
  connectAri,
  type EventFilter,
} from './client.ts';
export { AriError, type AriErrorCode } from './errors.ts';
export type * from './generated/events.ts';
export type * from './generated/models.ts';
export type { AriOperations } from './generated/operations.ts';
export { stopPlayback } from './stop-playback.ts';
