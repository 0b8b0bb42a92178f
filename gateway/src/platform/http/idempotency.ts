import type { Request } from 'express';
import { AppError } from './errors.ts';
import type { Header } from './operation.ts';

export const IDEMPOTENCY_KEY = 'Idempotency-Key';

const KEY = /^[!-~]{1,255}$/;

/** How an operation describes the header. */
export function idempotencyKeyHeader(required: boolean, more: string): Header {
  const description = `1 to 255 visible ASCII characters. ${more}`;
  return { name: IDEMPOTENCY_KEY, description, required, pattern: KEY.source };
}

/** Throws 400 IDEMPOTENCY_KEY_MISSING, also for one that is none. */
export function idempotencyKeyOf(request: Request): string {
  const key = request.headers['idempotency-key'];
  if (typeof key === 'string' && KEY.test(key)) return key;
  throw new AppError(400, 'IDEMPOTENCY_KEY_MISSING', 'Send an Idempotency-Key: 1 to 255 visible ASCII characters.');
}

/** The same where a request may do without: null. */
export function optionalIdempotencyKeyOf(request: Request): string | null {
  return request.headers['idempotency-key'] === undefined ? null : idempotencyKeyOf(request);
}
