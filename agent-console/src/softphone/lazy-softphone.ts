import type { Softphone, SoftphoneState } from './softphone.ts';

/** A softphone that comes into being with its first registration; until then there is nothing to answer or to mute. */
export function lazySoftphone(load: () => Promise<Softphone>): Softphone {
  const listeners = new Set<(state: SoftphoneState) => void>();
  let real: Softphone | null = null;
  let loading: Promise<Softphone> | null = null;
  let muted = false;
  /** Counts registrations: one that was taken back while it loaded must not happen. */
  let wanted = 0;

  async function loaded(): Promise<Softphone> {
    real = await load();
    real.subscribe((state) => {
      for (const listener of listeners) listener(state);
    });
    real.setMuted(muted);
    return real;
  }

  return {
    async register(credentials) {
      const mine = ++wanted;
      loading ??= loaded();
      const softphone = await loading;
      if (mine === wanted) softphone.register(credentials);
    },
    unregister() {
      wanted++;
      real?.unregister();
    },
    answer: () => real?.answer(),
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
