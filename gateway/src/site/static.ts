import { existsSync } from 'node:fs';
import { join } from 'node:path';
import express, { type Express, type RequestHandler } from 'express';
import { AppError, contentSecurityPolicy } from '../platform/http/index.ts';
import { SEND_PATH } from './docs-send.ts';

export interface StaticOptions {
  /** The repository's root, in which the front ends have been built. */
  root: string;
  publicUrl: string;
  /** SIP over WebSocket of every Asterisk: the console's softphone connects there. */
  softphoneUrls: readonly string[];
  /** The OpenID provider: signing out leads there. */
  issuer: string;
  /** Where the widget reaches the IRMA server; null: any https address, or this machine. */
  irmaClientUrl: string | null;
  demo: boolean;
}

/** Serves the script of the form in the API documentation. */
export function serveApiPage(http: Express, root: string): void {
  http.use(SEND_PATH, ...built(join(root, 'api-page/dist'), 'api-page'));
}

/** Serves the built front ends of calls: console, widget and, when wanted, the demo municipality. */
export function serveFrontEnds(http: Express, options: StaticOptions): void {
  const { root, publicUrl } = options;
  http.use(
    '/console',
    contentSecurityPolicy({
      'script-src': ["'self'"],
      'style-src': ["'self'"],
      'img-src': ["'self'", 'data:'],
      'font-src': ["'self'"],
      'media-src': ["'self'", 'blob:'],
      'connect-src': ["'self'", socketOrigin(publicUrl), ...options.softphoneUrls.map(originOf)],
      'form-action': ["'self'", originOf(options.issuer)],
      'manifest-src': ["'self'"],
    }),
    withHeaders({ 'Permissions-Policy': 'microphone=(self)' }),
    ...built(join(root, 'agent-console/dist'), 'agent-console'),
  );
  http.use(
    '/widget',
    // Municipalities embed the script in their own pages.
    withHeaders({ 'Cross-Origin-Resource-Policy': 'cross-origin', 'Access-Control-Allow-Origin': '*' }),
    ...built(join(root, 'web-widget/dist'), 'web-widget'),
  );
  http.get(
    '/call/:organisation/:purpose',
    contentSecurityPolicy({
      'script-src': ["'self'"],
      'style-src': ["'self'"],
      // The organisation's logo, which the gateway serves.
      'img-src': ["'self'"],
      'connect-src': ["'self'", ...irmaOrigins(options.irmaClientUrl)],
    }),
    ...letterPage(join(root, 'web-widget/dist/letter')),
  );
  if (options.demo) {
    http.use(
      '/demo',
      contentSecurityPolicy({
        'script-src': ["'self'"],
        'style-src': ["'self'"],
        'img-src': ["'self'", 'data:'],
        'font-src': ["'self'"],
        'connect-src': ["'self'", ...irmaOrigins(options.irmaClientUrl)],
        'form-action': ["'self'"],
      }),
      express.static(join(root, 'demo/pages')),
    );
  }
  // Browsers ask for it on every page that names no icon of its own.
  http.get('/favicon.ico', (_request, response, next) => {
    const headers = { 'Content-Type': 'image/svg+xml', 'Cache-Control': 'max-age=86400' };
    response.sendFile(
      'favicon.svg',
      { root: join(root, 'agent-console/dist'), cacheControl: false, headers },
      (error) => {
        if (error) next();
      },
    );
  });
  http.get('/', (_request, response) => response.redirect(302, options.demo ? '/demo/' : '/console/'));
}

/** The page to which QR codes in letters lead: one file for every purpose, it reads its own address. */
function letterPage(folder: string): RequestHandler[] {
  return [
    (_request, response, next) => {
      response.sendFile(
        'letter.html',
        { root: folder, cacheControl: false, headers: { 'Cache-Control': 'no-cache' } },
        (error) => {
          if (error) next();
        },
      );
    },
    notBuilt(folder, 'web-widget'),
  ];
}

/** The files of one front end; those with a digest in their name may be kept for ever. */
function built(folder: string, workspace: string): RequestHandler[] {
  return [
    express.static(folder, {
      setHeaders: (response, path) =>
        response.setHeader('Cache-Control', path.includes('/assets/') ? 'max-age=31536000, immutable' : 'no-cache'),
    }),
    notBuilt(folder, workspace),
  ];
}

function notBuilt(folder: string, workspace: string): RequestHandler {
  return (_request, _response, next) => {
    if (existsSync(folder)) return next();
    const detail = `Build it with: npm run build --workspace ${workspace}`;
    next(new AppError(503, 'FRONT_END_NOT_BUILT', 'This front end has not been built.', { detail }));
  };
}

/** Where the widget may reach the IRMA server. */
function irmaOrigins(clientUrl: string | null): string[] {
  return clientUrl ? [originOf(clientUrl)] : ['https:', 'http://127.0.0.1:*'];
}

function withHeaders(headers: Record<string, string>): RequestHandler {
  return (_request, response, next) => {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    next();
  };
}

function originOf(url: string): string {
  return new URL(url).origin;
}

/** The console's own socket, by its scheme: not every browser counts ws: as 'self'. */
function socketOrigin(publicUrl: string): string {
  return originOf(publicUrl.replace(/^http/, 'ws'));
}
