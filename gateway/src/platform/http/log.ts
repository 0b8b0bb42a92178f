import { randomUUID } from 'node:crypto';
import type { RequestHandler } from 'express';
import { type DestinationStream, type LogFn, type Logger, pino } from 'pino';
import { describeError } from './describe-error.ts';

export type { Logger } from 'pino';

/**
 * The process's log: JSON lines. Callers pass ids and codes only; the redaction below is the second line of defence
 * for what must never be in a log, wherever it is nested. `destination` absent: {@link toStandardOutput}.
 */
export function createLog(level: string, destination: DestinationStream = toStandardOutput()): Logger {
  const secret = ['dialCode', 'token', 'password', 'attributes', 'callingNumber', 'authorization', 'headers', 'body'];
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: {
      paths: secret.flatMap((name) => [name, `*.${name}`]),
      censor: '[redacted]',
    },
    // pino's own serializer would write the message and every field of what it finds under `err`.
    serializers: { err: (value: unknown) => value },
    formatters: { log: withDescribedErrors },
    hooks: { logMethod },
  };
  return pino(options, destination);
}

/** So much is written at once, or what there is after so long. */
const WRITTEN_AT_ONCE = 4_096;
const WRITTEN_AFTER_MS = 100;
/** When nobody reads the log: what comes beyond is dropped, before it takes the gateway's memory. */
const MOST_UNWRITTEN = 16 * 1_048_576;

/**
 * Lines are gathered, and written beside the work instead of in the midst of it: whoever reads them slowly holds up no
 * call. All are out when the process ends by itself, an uncaught error included, and a `fatal` one at once; kill -9
 * takes those of the last tenth of a second with it.
 */
function toStandardOutput(): DestinationStream {
  standardOutput ??= pino.destination({
    fd: 1,
    sync: false,
    minLength: WRITTEN_AT_ONCE,
    maxLength: MOST_UNWRITTEN,
    periodicFlush: WRITTEN_AFTER_MS,
  });
  return standardOutput;
}

let standardOutput: DestinationStream | undefined;

/** pino takes the message of an error that stands alone for the message of the line. */
function logMethod(this: Logger, args: Parameters<LogFn>, method: LogFn): void {
  const [fields, ...rest] = args as [unknown, ...unknown[]];
  const alone = fields instanceof Error ? { error: fields } : fields;
  const line = typeof alone === 'object' && rest.length === 0 ? [alone, 'an error'] : [alone, ...rest];
  method.apply(this, line as Parameters<LogFn>);
}

/** Whatever was thrown stands under `error`; an error may stand under any name. */
function withDescribedErrors(fields: Record<string, unknown>): Record<string, unknown> {
  const errors = Object.keys(fields).filter((name) => name === 'error' || fields[name] instanceof Error);
  if (errors.length === 0) return fields;
  return { ...fields, ...Object.fromEntries(errors.map((name) => [name, describeError(fields[name])])) };
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Gives every request an id, taken over from a proxy when it is a UUID, and logs one line when it has been answered. */
export function requestLog(log: Logger): RequestHandler {
  return (request, response, next) => {
    const given = request.headers['x-request-id'];
    const requestId = typeof given === 'string' && UUID.test(given) ? given : randomUUID();
    const started = performance.now();
    response.locals.requestId = requestId;
    response.setHeader('X-Request-Id', requestId);
    response.on('close', () => {
      const route = routeOf(request);
      const line = {
        requestId,
        method: request.method,
        route,
        status: response.writableFinished ? response.statusCode : 'aborted',
        milliseconds: Math.round(performance.now() - started),
      };
      if (response.locals.isRoutine) log.debug(line, 'request');
      else if (route.startsWith('/v1') || route.startsWith('/internal') || route.startsWith('/sign'))
        log.info(line, 'request');
      else log.debug(line, 'request');
    });
    next();
  };
}

/** The route's pattern, never the path itself: paths can carry anything. */
export function routeOf(request: { route?: { path?: unknown } | undefined; baseUrl: string }): string {
  const path = request.route?.path;
  return typeof path === 'string' ? `${request.baseUrl}${path}` : request.baseUrl || '(other)';
}
