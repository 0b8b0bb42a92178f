/** Takes one line for whoever watches; never a code, a token or personal data. */
export type Log = (line: string) => void;

const INTERVAL_MS = 10_000;

/**
 * Says what is being done, every ten seconds that it is still going on, and how long it took.
 * @param detail what to add to the lines in between, such as a count
 */
export async function withProgress<T>(
  log: Log,
  what: string,
  work: () => Promise<T>,
  detail: () => string = () => '',
): Promise<T> {
  const started = Date.now();
  const seconds = () => `${Math.round((Date.now() - started) / 1000)} s`;
  log(`${what} …`);
  const timer = setInterval(() => log(`${what}: ${[detail(), seconds()].filter(Boolean).join(', ')} …`), INTERVAL_MS);
  try {
    const result = await work();
    log(`${what}: done in ${seconds()}.`);
    return result;
  } finally {
    clearInterval(timer);
  }
}
