import { createHash, timingSafeEqual } from 'node:crypto';
import express, { type Express, type RequestHandler } from 'express';
import { z } from 'zod';
import { AppError, mount, operation } from '../../../platform/http/index.ts';
import { type Report, readReport } from './bounces.ts';

const TYPE = 'message/rfc822';

const bounceOperation = operation({
  method: 'post',
  path: '/v1/email/bounces',
  tag: 'E-mail',
  summary: 'Hands in a mail that came back to the return path.',
  description:
    'For the mail server that receives the return path’s mail: one request per mail, as message/rfc822. What is no delivery status notification (RFC 3464) about a mail of ours is ignored. May be repeated.',
  security: 'none',
  headers: [{ name: 'Authorization', description: '`Bearer` and the token of the bounces.', required: true }],
  answers: {
    200: {
      description: 'What was read from it.',
      schema: z.object({ result: z.enum(['failed', 'delivered', 'delayed', 'late', 'ignored']) }),
    },
    401: { description: '`BOUNCE_TOKEN_REFUSED`' },
    413: { description: '`BODY_TOO_LARGE`' },
    415: { description: '`TYPE_UNSUPPORTED`' },
  },
});

export const emailOperations = [bounceOperation];

/** `take` says what the report changed. */
export function mountBounces(
  http: Express,
  token: string,
  take: (report: Report | null) => Promise<'failed' | 'delivered' | 'delayed' | 'late' | 'ignored'>,
): void {
  const readMail = express.raw({ type: TYPE, limit: '1mb' });
  mount(http, bounceOperation, [requireToken(token), readMail], async ({ request }, response) => {
    if (!Buffer.isBuffer(request.body)) throw new AppError(415, 'TYPE_UNSUPPORTED', `The body must be ${TYPE}.`);
    response.json({ result: await take(readReport(request.body.toString('latin1'))) });
  });
}

function requireToken(token: string): RequestHandler {
  const expected = digestOf(token);
  return (request, _response, next) => {
    const [, given = ''] = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '') ?? [];
    if (timingSafeEqual(digestOf(given), expected)) return next();
    throw new AppError(401, 'BOUNCE_TOKEN_REFUSED', 'Send the token of the bounces: Authorization: Bearer …');
  };
}

function digestOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
