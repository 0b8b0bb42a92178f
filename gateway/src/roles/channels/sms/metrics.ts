import { URGENCIES } from '@civicline/protocol';
import { Counter, Gauge, Histogram, type Metrics } from '../../../platform/http/index.ts';
import type { LeasedQueue } from '../../../platform/storage/index.ts';
import { measureQueue } from '../kit/queue-gauge.ts';
import type { Wish } from './suppressions.ts';

/** Figures about SMS. Labels carry lanes, routes and stable codes; never a number or a text. */
export function createSmsMetrics(
  registry: Metrics,
  { queue, routes }: { queue: LeasedQueue; routes: () => { name: string; up: boolean }[] },
) {
  const registers = [registry];
  measureQueue(registry, {
    name: 'civicline_sms_queue',
    help: 'SMS that wait for being handed over, by lane; leased: a worker has them.',
    queue,
  });
  new Gauge({
    name: 'civicline_sms_route_up',
    help: '1 while the route takes SMS.',
    labelNames: ['route'],
    registers,
    collect() {
      for (const { name, up } of routes()) this.set({ route: name }, up ? 1 : 0);
    },
  });
  const results = new Counter({
    name: 'civicline_sms_results_total',
    help: 'What became of handing SMS over, by route: accepted, unknown, or a reason.',
    labelNames: ['route', 'result'],
    registers,
  });
  const rejected = new Counter({
    name: 'civicline_sms_rejected_total',
    help: 'SMS that were not tried, by reason.',
    labelNames: ['reason'],
    registers,
  });
  const receipts = new Counter({
    name: 'civicline_sms_receipts_total',
    help: 'Final delivery receipts of segments, by route: delivered, or a reason.',
    labelNames: ['route', 'result'],
    registers,
  });
  const inbound = new Counter({
    name: 'civicline_sms_inbound_total',
    help: 'What people answered, by route: stop, start, other, or unreadable: a wish from a number that cannot be read.',
    labelNames: ['route', 'result'],
    registers,
  });
  const latency = new Histogram({
    name: 'civicline_sms_handover_seconds',
    help: 'Time from the acceptance of an SMS to the carrier’s answer, by lane.',
    labelNames: ['lane'],
    buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 1800],
    registers,
  });
  // From 0, or Prometheus would not see the first one as growth.
  for (const { name: route } of routes()) {
    for (const result of ['accepted', 'unknown']) results.inc({ route, result }, 0);
    receipts.inc({ route, result: 'delivered' }, 0);
    for (const result of ['stop', 'unreadable']) inbound.inc({ route, result }, 0);
  }
  return {
    result: (route: string, result: string) => results.inc({ route, result }),
    rejected: (reason: string) => rejected.inc({ reason }),
    receipt: (route: string, result: string) => receipts.inc({ route, result }),
    inbound: (route: string, result: Wish | 'other' | 'unreadable') => inbound.inc({ route, result }),
    handedOver: (lane: number, ms: number) => latency.observe({ lane: URGENCIES[lane] ?? '' }, ms / 1_000),
  };
}

export type SmsMetrics = ReturnType<typeof createSmsMetrics>;
