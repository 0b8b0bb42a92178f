/** The phones page and what it asks of the simulator. */
import { readFileSync } from 'node:fs';
import express, { type ErrorRequestHandler, type Express, json, type Router } from 'express';
import { z } from 'zod';
import { type Behaviour, behaviourSchema } from './behaviour.ts';
import type { Live } from './live.ts';
import type { Phone } from './phones.ts';

export interface PageServices {
  live: Live;
  /** Everything but messages. */
  overview(): object;
  behaviour(): Behaviour;
  setBehaviour(input: z.input<typeof behaviourSchema>): void;
  phone(id: number): Phone | undefined;
  /** The person answers; false when there is nobody to answer. */
  reply(phone: Phone, text: string): boolean;
  /** More routes, before "not found". */
  router: Router;
}

const FILES = {
  '/': ['phones.html', 'text/html; charset=utf-8'],
  '/phones.css': ['phones.css', 'text/css; charset=utf-8'],
  '/phones.js': ['phones.js', 'text/javascript; charset=utf-8'],
  '/icon.svg': ['icon.svg', 'image/svg+xml'],
  '/texts.js': ['texts.js', 'text/javascript; charset=utf-8'],
} as const;

const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const MAXIMUM_REPLY = 1000;
const replySchema = z.strictObject({ text: z.string().trim().min(1).max(MAXIMUM_REPLY) });

/** Bodies are JSON only: a foreign page's form or script cannot send that here without asking first. */
export function servePages(services: PageServices): Express {
  const app = express();
  app.disable('x-powered-by');
  app.use((_request, response, next) => {
    response.set({
      'Content-Security-Policy': POLICY,
      'X-Content-Type-Options': 'nosniff',
      'Referrer-Policy': 'no-referrer',
      'Cross-Origin-Resource-Policy': 'same-origin',
    });
    next();
  });
  for (const [path, [file, type]] of Object.entries(FILES)) {
    const content = readFileSync(new URL(`page/${file}`, import.meta.url));
    app.get(path, (_request, response) => void response.type(type).set('Cache-Control', 'no-cache').send(content));
  }
  app.get('/health', (_request, response) => void response.json({ status: 'up' }));
  app.get('/state', (_request, response) => void response.json(services.overview()));
  app.get('/events', (request, response) => services.live.open(response, Number(request.query.phone) || 0));
  app.post('/phones/:id/replies', json({ limit: '16kb' }), (request, response) => {
    const phone = services.phone(Number(request.params.id));
    const { text } = replySchema.parse(request.body);
    if (phone && services.reply(phone, text)) response.status(202).json({});
    else problem(response, 404, 'PHONE_UNKNOWN');
  });
  app.get('/behaviour', (_request, response) => void response.json(services.behaviour()));
  app.put('/behaviour', json({ limit: '64kb' }), (request, response) => {
    services.setBehaviour(behaviourSchema.parse(request.body));
    response.json(services.behaviour());
  });
  app.use(services.router);
  app.use((_request, response) => problem(response, 404, 'NOT_FOUND'));
  app.use(answerError);
  return app;
}

function problem(response: express.Response, status: number, code: string, detail?: string): void {
  response.status(status).type('application/problem+json');
  response.send(JSON.stringify({ type: 'about:blank', title: code, status, code, ...(detail ? { detail } : {}) }));
}

const answerError: ErrorRequestHandler = (error, _request, response, _next) => {
  if (error instanceof z.ZodError) problem(response, 400, 'INPUT_INVALID', z.prettifyError(error));
  else if (error.status < 500) problem(response, error.status, 'INPUT_INVALID');
  else problem(response, 500, 'INTERNAL');
};
