import type { RequestHandler } from 'express';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { routeOf } from './log.ts';

/** The metrics of one gateway; features register theirs here. No label ever carries an identity, code or number. */
export type Metrics = Registry;

/** `processMetrics`: also the process's own (memory, event loop), once per process. */
export function createMetrics(processMetrics: boolean): Metrics {
  const registry = new Registry();
  if (processMetrics) collectDefaultMetrics({ register: registry });
  return registry;
}

/** Measures every answered request by route pattern. */
export function requestMetrics(registry: Metrics): RequestHandler {
  const duration = new Histogram({
    name: 'civicline_http_request_seconds',
    help: 'Time until the answer was sent, by route.',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.005, 0.02, 0.1, 0.5, 2],
    registers: [registry],
  });
  return (request, response, next) => {
    const stop = duration.startTimer();
    // Event streams stay open for minutes; their length says nothing about speed.
    response.on('finish', () => {
      if (response.getHeader('content-type') === 'text/event-stream') return;
      stop({ method: request.method, route: routeOf(request), status: response.statusCode });
    });
    next();
  };
}

export { Counter, Gauge, Histogram };
