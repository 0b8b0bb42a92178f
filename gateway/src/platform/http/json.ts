import { isUtf8 } from 'node:buffer';
import express, { type RequestHandler } from 'express';
import { AppError } from './errors.ts';

/**
 * Reads JSON bodies up to `limit`, such as `64kb`. JSON is UTF-8 (RFC 8259 §8.1): other octets are refused, because a
 * decoder would put U+FFFD in their place and make one of two values. A byte order mark at the beginning is ignored.
 */
export function jsonBody(limit: string): RequestHandler {
  return express.json({
    limit,
    verify(_request, _response, bytes, charset) {
      if (charset.toLowerCase() !== 'utf-8') {
        throw new AppError(415, 'CHARSET_UNSUPPORTED', 'The body has a charset that is not supported.');
      }
      if (!isUtf8(bytes)) throw new AppError(400, 'JSON_MALFORMED', 'The body is not JSON in UTF-8.');
    },
  });
}
