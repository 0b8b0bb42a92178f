import type { Express } from 'express';
import type { Metrics, Operation } from '../platform/http/index.ts';
import { AppError, contentSecurityPolicy, openApiDocument, PAGE_CSS } from '../platform/http/index.ts';
import { docsPage } from './docs-page.ts';
import type { Demo } from './docs-send.ts';

/** Says in a word how a component is; throws or answers `false` when the gateway cannot serve without it. */
export interface Readiness {
  name: string;
  /** Without it no request can be answered; others are reported only. */
  vital: boolean;
  check(): Promise<boolean> | boolean;
}

/** The form for sending messages: its script, and the API of this very gateway. */
const docsPolicy = contentSecurityPolicy({
  'script-src': ["'self'"],
  'style-src': ["'self'"],
  'connect-src': ["'self'"],
  'form-action': ["'self'"],
});

/** `/docs`, `/health`, `/ready`, `/metrics` and the style sheet of the gateway's own pages. */
export function serveOwnPages(
  http: Express,
  options: {
    operations: readonly Operation[];
    /** null: this is no demonstration. */
    demo: Demo | null;
    /** Meanings of the codes in the log. */
    logCodes: Record<string, string>;
    version: string;
    metrics: Metrics;
    readiness: readonly Readiness[];
    stopping: () => boolean;
  },
): void {
  const document = openApiDocument(options.operations, options.version);
  const docs = docsPage(document, options.logCodes, options.demo);
  http.get('/docs', docsPolicy, (_request, response) => void response.type('html').send(docs));
  http.get('/docs/openapi.json', (_request, response) => void response.json(document));
  http.get('/page.css', (_request, response) => {
    response.type('css').setHeader('Cache-Control', 'max-age=3600').send(PAGE_CSS);
  });
  http.get('/health', (_request, response) => void response.json({ status: 'up' }));
  http.get('/ready', async (_request, response) => {
    const components = await Promise.all(options.readiness.map(examine));
    const ready = !options.stopping() && components.every(({ vital, up }) => up || !vital);
    response
      .status(ready ? 200 : 503)
      .json({ ready, components: Object.fromEntries(components.map(({ name, up }) => [name, up ? 'up' : 'down'])) });
  });
  http.get('/metrics', async (_request, response, next) => {
    try {
      response.type(options.metrics.contentType).send(await options.metrics.metrics());
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
