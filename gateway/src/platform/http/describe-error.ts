/** How many causes, each within the other, are described. */
const DEEPEST = 5;
const NAME = /^\w{1,64}$/;
/** A frame as V8 writes it: `    at Foo.bar (file:///…:12:34)`, `    at async file:///…:1:2`, `    at Array.map (<anonymous>)`. */
const FRAME = /^ {4}at (?:\S.* \(.*(?::\d+:\d+|<anonymous>|native)\)|(?:async )?\S+:\d+:\d+)$/;

/**
 * An error as a log may have it: name, code and the frames of its stack, of its causes too. Never its message, with which
 * a stack begins, and no field of its own: those of libraries and of the database repeat what they were given.
 */
export function describeError(error: unknown, depth = 1): object {
  if (!(error instanceof Error)) return { name: typeof error };
  const { code } = error as { code?: unknown };
  const within = (inner: unknown) => describeError(inner, depth + 1);
  return {
    name: NAME.test(error.name) ? error.name : 'Error',
    ...(typeof code === 'number' || (typeof code === 'string' && NAME.test(code)) ? { code } : {}),
    stack: framesOf(error),
    ...(error.cause === undefined || depth === DEEPEST ? {} : { cause: within(error.cause) }),
    ...(error instanceof AggregateError && depth < DEEPEST
      ? { errors: error.errors.slice(0, DEEPEST).map(within) }
      : {}),
  };
}

function framesOf({ stack = '', message }: Error): string {
  const start = message === '' ? -1 : stack.indexOf(message);
  const frames = start < 0 ? stack : stack.slice(start + message.length);
  return frames
    .split('\n')
    .filter((line) => FRAME.test(line))
    .map((line) => line.trim())
    .join('\n');
}
