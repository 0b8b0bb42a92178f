/** A round of work that is done again and again: at once while it finds something, else after a rest or when woken. */
export interface Loop {
  /** There is something to do. */
  wake(): void;
  /** Resolves when the round under way has ended. */
  stop(): Promise<void>;
}

/** Another gateway's work, and what falls due, is found after such a rest at the latest. */
const REST_MS = 250;
const LONGEST_REST_MS = 30_000;

/** `round` says whether it found something; when it throws, the rests grow until it succeeds again. */
export function startLoop(round: () => Promise<boolean>, onError: (error: unknown) => void): Loop {
  let stopped = false;
  let woken = false;
  let endRest = () => {};
  let failures = 0;

  const rest = (milliseconds: number) =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      endRest = () => {
        clearTimeout(timer);
        resolve();
      };
    });

  async function run(): Promise<void> {
    while (!stopped) {
      woken = false;
      const found = await round().then(
        (busy) => {
          failures = 0;
          return busy;
        },
        (error: unknown) => {
          failures++;
          onError(error);
          return false;
        },
      );
      if (stopped || found || (woken && failures === 0)) continue;
      await rest(Math.min(REST_MS * 2 ** failures, LONGEST_REST_MS));
    }
  }

  const running = run();
  return {
    wake() {
      woken = true;
      if (failures === 0) endRest();
    },
    stop() {
      stopped = true;
      endRest();
      return running;
    },
  };
}
