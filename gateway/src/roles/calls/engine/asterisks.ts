/**
 * The Asterisks that the gateway serves. One is `available` from the end of recovery after a connection until the
 * connection is lost; only then does the gateway give it orders that begin something.
 */
import { type Ari, AriError } from '../../../platform/ari/index.ts';
import type { Logger } from '../../../platform/http/index.ts';
import { createListeners } from '../../../platform/run/index.ts';

export interface Asterisk {
  readonly ari: Ari;
  available: boolean;
}

export interface Asterisks {
  all(): Iterable<Asterisk>;
  get(id: string): Asterisk | undefined;
  /** Whether calls can be answered anywhere. */
  anyAvailable(): boolean;
  setAvailable(id: string, available: boolean): void;
  /** Told when {@link anyAvailable} changed. */
  onAvailability(listener: (available: boolean) => void): void;
}

export function createAsterisks(connections: readonly Ari[], log: Logger): Asterisks {
  const byId = new Map<string, Asterisk>(connections.map((ari) => [ari.id, { ari, available: false }]));
  const listeners = createListeners<{ availability(available: boolean): void }>((error) =>
    log.error({ error }, 'a listener of availability failed'),
  );
  const anyAvailable = () => [...byId.values()].some(({ available }) => available);

  return {
    all: () => byId.values(),
    get: (id) => byId.get(id),
    anyAvailable,
    setAvailable(id, available) {
      const asterisk = byId.get(id);
      if (!asterisk) return;
      const before = anyAvailable();
      asterisk.available = available;
      const after = anyAvailable();
      if (before !== after) listeners.emit('availability', after);
    },
    onAvailability: (listener) => void listeners.on('availability', listener),
  };
}

/** The channel, bridge or playback does not exist (any more). */
export function isGone(error: unknown): boolean {
  return hasStatus(error, 404);
}

/** Whether Asterisk refused with this HTTP status. */
export function hasStatus(error: unknown, status: number): boolean {
  return error instanceof AriError && error.status === status;
}

/** Asterisk may or may not have done it; recovery and sweep find out. */
export function isUncertain(error: unknown): boolean {
  return error instanceof AriError && (error.code === 'ARI_DISCONNECTED' || error.code === 'ARI_TIMEOUT');
}
