/** Tells a service the end of its message at the StatusUrl that it gave, once it is known, until it is understood. */
import { backOff, type Loop, startLoop } from '@civicline/protocol/run';
import type { Log } from '../log.ts';
import type { SideCarStore } from '../store.ts';
import type { StoredMessage } from '../stored.ts';
import { statusMessage } from './status.ts';
import { writeXml } from './xml.ts';

const AT_ONCE = 16;
const ANSWER_WITHIN_MS = 10_000;
const RETRIES = { firstMs: 5_000, longestMs: 2 * 3600_000 };
/** About a day of tries; after that, the status stays to be fetched by /Status. */
const TRIES = 20;

export interface WebhooksOptions {
  store: SideCarStore;
  timeZone: string;
  log: Log;
  now: () => number;
}

export function startWebhooks({ store, timeZone, log, now }: WebhooksOptions): Loop {
  async function work(signal: AbortSignal): Promise<number> {
    while (!signal.aborted) {
      const due = store.webhooksDue(AT_ONCE);
      if (due.length === 0) break;
      await Promise.all(due.map((message) => tell(message, signal)));
    }
    const next = store.nextWebhook();
    return next === null ? Number.POSITIVE_INFINITY : next - now();
  }

  async function tell(message: StoredMessage, signal: AbortSignal): Promise<void> {
    const { id, service, settings, webhookTries } = message;
    if (settings.statusUrl === undefined) return store.webhookDone(id, false);
    const status = await call(settings.statusUrl, message, signal);
    if (status !== null && status >= 200 && status < 300) return store.webhookDone(id, true);
    if (signal.aborted) return;
    log('status webhook failed', { service, messageId: id, status, tries: webhookTries + 1 });
    if (status === 410 || webhookTries + 1 >= TRIES) return store.webhookDone(id, false);
    await store.webhookLater(id, now() + backOff(webhookTries + 1, RETRIES));
  }

  /** The answer's status; null: none came. */
  async function call(url: string, message: StoredMessage, signal: AbortSignal): Promise<number | null> {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_WITHIN_MS)]);
    try {
      const response = await fetch(...requestOf(url, message, limit));
      await response.body?.cancel();
      return response.status;
    } catch {
      return null;
    }
  }

  function requestOf(url: string, message: StoredMessage, signal: AbortSignal): [URL, RequestInit] {
    const { statusMethod = 'POST', statusFormat = 'JSON' } = message.settings;
    const status = statusMessage(message, { now: now(), timeZone });
    const target = new URL(url);
    if (statusMethod === 'GET') {
      for (const [name, value] of Object.entries(status)) target.searchParams.append(name, String(value));
      return [target, { redirect: 'manual', signal }];
    }
    const xml = statusFormat === 'XML';
    const headers = { 'content-type': `application/${xml ? 'xml' : 'json'}; charset=utf-8` };
    const body = xml ? writeXml('StatusMessage', status, '') : JSON.stringify(status);
    return [target, { method: 'POST', headers, body, redirect: 'manual', signal }];
  }

  return startLoop(work, (error) => log('telling statuses failed', { error }));
}
