import { URGENCIES } from '@civicline/protocol';
import { Counter, Histogram, type Metrics } from '../../../platform/http/index.ts';
import type { LeasedQueue } from '../../../platform/storage/index.ts';
import { measureQueue } from '../kit/queue-gauge.ts';

/** Figures about e-mails. Labels carry lanes and stable codes; never an address or a text. */
export function createEmailMetrics(registry: Metrics, queue: LeasedQueue) {
  const registers = [registry];
  measureQueue(registry, {
    name: 'civicline_email_queue',
    help: 'E-mails that wait for being handed over, by lane; leased: a worker has them.',
    queue,
  });
  const results = new Counter({
    name: 'civicline_email_results_total',
    help: 'What became of handing e-mails over: accepted, put-off, unavailable, unknown, or a reason.',
    labelNames: ['result'],
    registers,
  });
  const reports = new Counter({
    name: 'civicline_email_reports_total',
    help: 'Delivery status notifications: a reason, delivered, delayed, late (after the end) or ignored.',
    labelNames: ['result'],
    registers,
  });
  const latency = new Histogram({
    name: 'civicline_email_handover_seconds',
    help: 'Time from the acceptance of an e-mail to the answer of the SMTP server, by lane.',
    labelNames: ['lane'],
    buckets: [0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 1800],
    registers,
  });
  // From 0, or Prometheus would not see the first one as growth.
  for (const result of ['accepted', 'unknown']) results.inc({ result }, 0);
  for (const result of ['delivered', 'late']) reports.inc({ result }, 0);
  return {
    result: (result: string) => results.inc({ result }),
    report: (result: string) => reports.inc({ result }),
    handedOver: (lane: number, ms: number) => latency.observe({ lane: URGENCIES[lane] ?? '' }, ms / 1_000),
  };
}

export type EmailMetrics = ReturnType<typeof createEmailMetrics>;
