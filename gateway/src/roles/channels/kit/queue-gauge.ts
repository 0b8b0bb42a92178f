import { URGENCIES } from '@civicline/protocol';
import { Gauge, type Metrics } from '../../../platform/http/index.ts';
import type { LeasedQueue } from '../../../platform/storage/index.ts';

/** The gauge `name`: how much waits for being handed over, by lane. Every channel has one, `civicline_CHANNEL_queue`. */
export function measureQueue(
  registry: Metrics,
  { name, help, queue }: { name: `civicline_${string}_queue`; help: string; queue: LeasedQueue },
): void {
  new Gauge({
    name,
    help,
    labelNames: ['lane', 'state'],
    registers: [registry],
    async collect() {
      const counts = await queue.counts();
      for (const [lane, urgency] of URGENCIES.entries()) {
        const { waiting = 0, leased = 0 } = counts.find((count) => count.lane === lane) ?? {};
        this.set({ lane: urgency, state: 'waiting' }, waiting);
        this.set({ lane: urgency, state: 'leased' }, leased);
      }
    },
  });
}
