import { Counter, Gauge, Histogram, type Metrics } from '../../../platform/http/index.ts';
import type { Answer } from './retry.ts';
import type { WebhookStore } from './webhook-store.ts';

/** Figures about events and webhooks. No label names a sender's URL or a message. */
export function createFeedbackMetrics(registry: Metrics, webhooks: WebhookStore, now: () => number) {
  const registers = [registry];
  const events = new Counter({
    name: 'civicline_smis_events_total',
    help: 'Events told to senders, by kind.',
    labelNames: ['kind'],
    registers,
  });
  const calls = new Counter({
    name: 'civicline_smis_webhook_calls_total',
    help: 'Calls of webhooks, by result.',
    labelNames: ['result'],
    registers,
  });
  const readAge = new Histogram({
    name: 'civicline_smis_feed_age_seconds',
    help: 'Age of the first event of a page when a sender read it from the feed.',
    buckets: [1, 5, 30, 120, 600, 3_600, 21_600, 86_400],
    registers,
  });
  new Gauge({
    name: 'civicline_smis_webhook_lag_seconds',
    help: 'Age of the oldest event that waits for a webhook which is not disabled.',
    registers,
    async collect() {
      const oldest = await webhooks.oldestWaiting();
      this.set(oldest === null ? 0 : Math.max(0, now() - oldest) / 1_000);
    },
  });
  new Gauge({
    name: 'civicline_smis_webhooks',
    help: 'Webhooks, by state.',
    labelNames: ['state'],
    registers,
    async collect() {
      const all = await webhooks.all();
      const disabled = all.filter(({ disabledReason }) => disabledReason !== null).length;
      this.set({ state: 'disabled' }, disabled);
      this.set({ state: 'enabled' }, all.length - disabled);
    },
  });
  return {
    told: (kind: string) => events.inc({ kind }),
    called: (answer: Answer) => calls.inc({ result: answer.kind === 'failed' ? answer.reason : answer.kind }),
    read: (ageMs: number) => readAge.observe(Math.max(0, ageMs) / 1_000),
  };
}
