/** One JSON object per line. Never a number, a text, a key or a URL of a service. */
export type Log = (event: string, more?: { error?: unknown } & Record<string, unknown>) => void;

export function createLog(output: { write(text: string): unknown }, now: () => number): Log {
  return (event, { error, ...more } = {}) => {
    const stack = error instanceof Error ? { error: `${error.name}\n${framesOf(error)}` } : {};
    output.write(`${JSON.stringify({ time: new Date(now()).toISOString(), event, ...more, ...stack })}\n`);
  };
}

/** Where it happened; its message may quote what it was about. */
function framesOf({ stack = '' }: Error): string {
  return stack
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .slice(0, 8)
    .join('\n');
}
