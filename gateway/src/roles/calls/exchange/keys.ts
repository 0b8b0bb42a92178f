import { createHash } from 'node:crypto';
import type { RequestHandler, Response } from 'express';
import { AppError } from '../../../platform/http/index.ts';

/** Who reports calls: one telephone exchange of one organisation. */
export interface Exchange {
  organisation: string;
  name: string;
}

/**
 * Lets requests with a configured API key through. Keys are looked up by their digest, so that the time a comparison
 * takes tells nothing about them; wrong, unknown and missing keys get one and the same answer.
 */
export function requireExchange(keys: readonly (Exchange & { key: string })[]): RequestHandler {
  const exchanges = new Map(keys.map(({ key, organisation, name }) => [digestOf(key), { organisation, name }]));
  return (request, response, next) => {
    const [, key = ''] = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '') ?? [];
    const exchange = exchanges.get(digestOf(key));
    if (!exchange) throw new AppError(401, 'API_KEY_REFUSED', 'Send a valid API key: Authorization: Bearer …');
    response.locals.exchange = exchange;
    next();
  };
}

/** Whom {@link requireExchange} let through. */
export function exchangeOf(response: Response): Exchange {
  return response.locals.exchange as Exchange;
}

function digestOf(key: string): string {
  return createHash('sha256').update(key).digest('base64');
}
