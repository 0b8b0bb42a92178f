import { type Softphone, type SoftphoneState, STOPPED } from './softphone.ts';

/**
 * A softphone that comes into being with its first registration; until then there is nothing to answer or to mute. One that
 * could not be loaded has failed to register, and is loaded again with the next attempt.
 */
export function lazySoftphone(load: () => Promise<Softphone>): Softphone {
  const listeners = new Set<(state: SoftphoneState) => void>();
  let real: Softphone | null = null;
  let loading: Promise<Softphone> | null = null;
  let muted = false;
  /** Counts registrations: one that was taken back while it loaded must not happen. */
  let wanted = 0;

  function tell(state: SoftphoneState): void {
    for (const listener of listeners) listener(state);
  }

  async function loaded(): Promise<Softphone> {
    real = await load();
    real.subscribe(tell);
    real.setMuted(muted);
    return real;
  }

  return {
    async register(credentials) {
      const mine = ++wanted;
      loading ??= loaded();
      const softphone = await loading.catch(() => null);
      if (softphone === null) loading = null;
      if (mine !== wanted) return;
      if (softphone) softphone.register(credentials);
      else tell({ ...STOPPED, registration: 'failed' });
    },
    unregister() {
      wanted++;
      real?.unregister();
    },
    answer: () => real?.answer(),
    hangUp: () => real?.hangUp(),
    setMuted(next) {
      muted = next;
      real?.setMuted(next);
    },
    playSound: () => real?.playSound(),
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
