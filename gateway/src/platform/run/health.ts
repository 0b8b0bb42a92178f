import type { Express } from 'express';
import { AppError, type Metrics } from '../http/index.ts';
import type { Readiness } from './role.ts';

/** `/health`, `/ready` and `/metrics`, which every process has. */
export function serveHealth(
  http: Express,
  { metrics, readiness, isStopping }: { metrics: Metrics; readiness: readonly Readiness[]; isStopping: () => boolean },
): void {
  http.get('/health', (_request, response) => void response.json({ status: 'up' }));
  http.get('/ready', async (_request, response) => {
    const components = await Promise.all(readiness.map(examine));
    const ready = !isStopping() && components.every(({ vital, up }) => up || !vital);
    response
      .status(ready ? 200 : 503)
      .json({ ready, components: Object.fromEntries(components.map(({ name, up }) => [name, up ? 'up' : 'down'])) });
  });
  http.get('/metrics', async (_request, response, next) => {
    try {
      response.type(metrics.contentType).send(await metrics.metrics());
    } catch {
      next(new AppError(500, 'METRICS_FAILED', 'The metrics could not be read.'));
    }
  });
}

async function examine({ name, vital, check }: Readiness): Promise<{ name: string; vital: boolean; up: boolean }> {
  try {
    return { name, vital, up: await check() };
  } catch {
    return { name, vital, up: false };
  }
}
