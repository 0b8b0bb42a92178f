import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type ParsedUrlQuery, parse } from 'node:querystring';
import express, { type ErrorRequestHandler, type Express } from 'express';
import { errorPage, wantsPage } from './error-page.ts';
import { AppError, problemOf } from './errors.ts';
import { type Logger, requestLog } from './log.ts';
import { type Metrics, requestMetrics } from './metrics.ts';
import { ownPagePolicy, securityHeaders } from './security.ts';

/**
 * An Express application with what every request gets; routes come next, {@link finishHttp} last. Each route reads its
 * body by itself.
 */
export function createHttp(options: { log: Logger; metrics: Metrics; trustedProxies: readonly string[] }): Express {
  const http = express();
  http.disable('x-powered-by');
  http.disable('etag');
  http.set('trust proxy', [...options.trustedProxies]);
  http.set('query parser', parseQuery);
  http.use(requestLog(options.log), requestMetrics(options.metrics), securityHeaders());
  http.use('/v1', (_request, response, next) => {
    response.setHeader('Cache-Control', 'no-store');
    next();
  });
  return http;
}

/** Throws URIError for what is not UTF-8: a lenient parser would make one of two values. */
function parseQuery(query: string | null | undefined): ParsedUrlQuery {
  const text = query ?? '';
  decodeURIComponent(text);
  return parse(text);
}

/** What no route took, and what any route threw: as problem+json, and as a page for people who opened it in a browser. */
export function finishHttp(http: Express, log: Logger): void {
  http.use((_request, _response, next) => next(new AppError(404, 'NOT_FOUND', 'There is nothing here.')));
  const onError: ErrorRequestHandler = (error, request, response, _next) => {
    const problem = problemOf(error);
    if (!(error instanceof AppError) && problem.status >= 500) {
      log.error({ requestId: response.locals.requestId, error }, 'request failed');
    }
    if (response.headersSent) {
      response.destroy();
      return;
    }
    response.status(problem.status).vary('Accept');
    if (wantsPage(request)) {
      ownPagePolicy(request, response, () => response.type('html').send(errorPage(request, problem)));
    } else response.type('application/problem+json').send(JSON.stringify(problem));
  };
  http.use(onError);
}

/** A request that does not get on is ended: its head within seconds, its body within what the largest batch may take. */
const TIMEOUTS = { headersTimeout: 10_000, requestTimeout: 120_000, connectionsCheckingInterval: 5_000 };

/** Resolves with the server as it listens, and the port that it got. */
export function listen(http: Express, host: string, port: number): Promise<{ server: Server; port: number }> {
  return new Promise((resolve, reject) => {
    const server = createServer(TIMEOUTS, http);
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve({ server, port: (server.address() as AddressInfo).port });
    });
  });
}

/** Takes no more connections, lets requests under way finish, and after `graceMs` ends them. */
export function drain(server: Server, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const forced = setTimeout(() => server.closeAllConnections(), graceMs);
    server.close(() => {
      clearTimeout(forced);
      resolve();
    });
    server.closeIdleConnections();
  });
}
