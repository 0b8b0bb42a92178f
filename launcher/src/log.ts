const started = Date.now();

/** One line of progress with the seconds since the start. */
export function log(line: string): void {
  const seconds = ((Date.now() - started) / 1000).toFixed(0).padStart(4);
  // A terminal that has been closed is no reason to fail: unlike a bare write, the console passes over it.
  console.error(`${seconds} s  ${line}`);
}
