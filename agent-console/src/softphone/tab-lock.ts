/** Which of the agent's tabs has the telephone: one at a time, the next in line when that one closes (Web Locks). */

export interface TabLock {
  /** Calls `onHeld` once this tab's turn has come. Returns the function that gives the turn up, or leaves the line. */
  acquire(onHeld: () => void): () => void;
}

export function browserTabLock(name: string): TabLock {
  return {
    acquire(onHeld) {
      const leaving = new AbortController();
      let release: () => void = () => leaving.abort();
      navigator.locks
        .request(name, { signal: leaving.signal }, () => {
          const held = new Promise<void>((resolve) => {
            release = resolve;
          });
          onHeld();
          return held;
        })
        // Left the line before the turn came.
        .catch(() => undefined);
      return () => release();
    },
  };
}
