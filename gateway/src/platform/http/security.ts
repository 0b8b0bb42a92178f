import cors from 'cors';
import type { RequestHandler } from 'express';
import { rateLimit } from 'express-rate-limit';
import helmet from 'helmet';
import { AppError } from './errors.ts';

type Sources = Record<string, string[]>;

/** Headers for everything; the policy allows nothing at all, pages that need more add their own. */
export function securityHeaders(): RequestHandler {
  return helmet({
    contentSecurityPolicy: { useDefaults: false, directives: policy({}) },
    // Cross-origin isolation would keep the widget's script from foreign pages.
    crossOriginResourcePolicy: { policy: 'same-origin' },
    xFrameOptions: { action: 'deny' },
    // Not no-referrer: with it browsers name no origin when a form is posted, and forged posts could not be told.
    referrerPolicy: { policy: 'same-origin' },
  });
}

/** A page's own policy: what is not named stays forbidden. */
export function contentSecurityPolicy(sources: Sources): RequestHandler {
  return helmet.contentSecurityPolicy({ useDefaults: false, directives: policy(sources) });
}

function policy(sources: Sources): Sources {
  return {
    'default-src': ["'none'"],
    'base-uri': ["'none'"],
    'form-action': ["'none'"],
    'frame-ancestors': ["'none'"],
    ...sources,
  };
}

/** The gateway's own small pages: one style sheet, forms to ourselves. */
export const ownPagePolicy: RequestHandler = contentSecurityPolicy({
  'style-src': ["'self'"],
  'form-action': ["'self'"],
});

/** Pages of other origins may call the citizen API only when an organisation names them. */
export function widgetCors(origins: readonly string[]): RequestHandler {
  return cors({
    origin: [...origins],
    methods: ['GET', 'POST', 'DELETE'],
    allowedHeaders: ['Authorization', 'Content-Type'],
    maxAge: 600,
  });
}

/** At most `perMinute` requests from one address (IPv6: one /56); 0: any number. */
export function limitPerAddress(perMinute: number): RequestHandler {
  if (perMinute === 0) return (_request, _response, next) => next();
  return rateLimit({
    windowMs: 60_000,
    limit: perMinute,
    standardHeaders: 'draft-8',
    legacyHeaders: false,
    handler: (_request, _response, next) =>
      next(new AppError(429, 'TOO_MANY_REQUESTS', 'Too many requests from this address. Try again in a minute.')),
  });
}

/**
 * Against forged requests that ride on a session cookie: a browser always names the origin of a request that changes
 * something, and it must be our own.
 */
export function ownOriginOnly(publicUrl: string): RequestHandler {
  const own = new URL(publicUrl).origin;
  return (request, _response, next) => {
    const { origin } = request.headers;
    if (['GET', 'HEAD', 'OPTIONS'].includes(request.method) || origin === undefined || origin === own) return next();
    next(new AppError(403, 'FOREIGN_ORIGIN', 'This may only be done from the page itself.'));
  };
}
