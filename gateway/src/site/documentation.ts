import type { Express } from 'express';
import type { Operation } from '../platform/http/index.ts';
import { contentSecurityPolicy, openApiDocument, PAGE_CSS } from '../platform/http/index.ts';
import { docsPage } from './docs-page.ts';
import type { Demo } from './docs-send.ts';
import { DOCS_CSS } from './docs-style.ts';

/** The form for sending messages: its script, and the API of this very gateway. */
const docsPolicy = contentSecurityPolicy({
  'script-src': ["'self'"],
  'style-src': ["'self'"],
  'connect-src': ["'self'"],
  'form-action': ["'self'"],
});

/** `/docs`, for people and for programs, and the style sheet of the gateway's own pages. */
export function serveDocumentation(
  http: Express,
  options: {
    operations: readonly Operation[];
    /** null: this is no demonstration. */
    demo: Demo | null;
    /** Meanings of the codes in the log. */
    logCodes: Record<string, string>;
    version: string;
  },
): void {
  const document = openApiDocument(options.operations, options.version);
  const docs = docsPage(document, options.logCodes, options.demo);
  http.get('/docs', docsPolicy, (_request, response) => void response.type('html').send(docs));
  http.get('/docs/openapi.json', (_request, response) => void response.json(document));
  const styles = { '/page.css': PAGE_CSS, '/docs/docs.css': DOCS_CSS };
  for (const [path, css] of Object.entries(styles)) {
    http.get(path, (_request, response) => {
      response.type('css').setHeader('Cache-Control', 'max-age=3600').send(css);
    });
  }
}
