import { randomUUID } from 'node:crypto';
import type { RequestHandler } from 'express';
import { type DestinationStream, type Logger, pino } from 'pino';

export type { Logger } from 'pino';

/**
 * The process's log: JSON lines. Callers pass ids and codes only; the redaction below is the second line of defence
 * for what must never be in a log, wherever it is nested.
 */
export function createLog(level: string, destination?: DestinationStream): Logger {
  const secret = ['dialCode', 'token', 'password', 'attributes', 'callingNumber', 'authorization', 'headers', 'body'];
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: {
      paths: secret.flatMap((name) => [name, `*.${name}`]),
      censor: '[redacted]',
    },
    serializers: { error: describeError },
  };
  return destination ? pino(options, destination) : pino(options);
}

/** Name, stable code and stack: enough to find the place. Other fields of an error may carry input. */
function describeError(error: unknown): object {
  if (!(error instanceof Error)) return { name: typeof error };
  return {
    name: error.name,
    ...('code' in error ? { code: error.code } : {}),
    stack: error.stack,
    ...(error.cause === undefined ? {} : { cause: describeError(error.cause) }),
  };
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
      if (route.startsWith('/v1') || route.startsWith('/internal') || route.startsWith('/sign'))
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
