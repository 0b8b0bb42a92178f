import { createHash, timingSafeEqual } from 'node:crypto';
import { json, type Router } from 'express';
import type { CountryCode } from '../numbers.ts';
import type { RouteListener } from '../route.ts';
import { store } from './poller.ts';
import { readRecord } from './records.ts';

export const webhookPath = (name: string, secret: string) => `/v1/sms/routes/${name}/${secret}`;

/** The secret is a parameter, so that logs of patterns lack it. */
export function mountWebhook(
  router: Router,
  { name, secret, listener, country }: { name: string; secret: string; listener: RouteListener; country?: CountryCode },
): void {
  router.post(webhookPath(name, ':secret'), json({ limit: '64kb' }), async (request, response) => {
    if (!same(String(request.params.secret), secret)) {
      response.status(404).end();
      return;
    }
    const told = readRecord(request.body, country);
    if (!told) response.status(400).end();
    else response.status((await store(listener, told)) ? 200 : 503).end();
  });
}

/** Takes as long for a near miss as for anything else. */
function same(given: string, secret: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(secret));
}
