import type { CallState } from '@civicline/protocol';
import { Counter, Gauge, Histogram, type Metrics } from '../../../platform/http/index.ts';
import type { Asterisks } from './asterisks.ts';
import type { CallChange, LiveCalls } from './live-calls.ts';

const LIVE_STATES: CallState[] = [
  'arriving',
  'queued',
  'claimed',
  'connecting',
  'connected',
  'interrupted',
  'wrapping-up',
];

/** Figures about calls. Labels carry states, outcomes and queues; never an identity, a code or a number. */
export function createCallMetrics(registry: Metrics, live: LiveCalls, asterisks: Asterisks) {
  const registers = [registry];
  new Gauge({
    name: 'civicline_calls',
    help: 'Calls that have not ended, by state.',
    labelNames: ['state'],
    registers,
    collect() {
      for (const state of LIVE_STATES) this.set({ state }, 0);
      for (const { call } of live.all()) this.inc({ state: call.state });
    },
  });
  new Gauge({
    name: 'civicline_asterisk_available',
    help: '1 while calls of this Asterisk can be answered.',
    labelNames: ['asterisk'],
    registers,
    collect() {
      for (const { ari, available } of asterisks.all()) this.set({ asterisk: ari.id }, available ? 1 : 0);
    },
  });
  const ended = new Counter({
    name: 'civicline_calls_ended_total',
    help: 'Calls that have ended, by how.',
    labelNames: ['state'],
    registers,
  });
  const waited = new Histogram({
    name: 'civicline_call_wait_seconds',
    help: 'Time from the queue to the conversation.',
    labelNames: ['queue'],
    buckets: [2, 5, 10, 20, 60, 120, 300, 900, 1800],
    registers,
  });
  const redemptions = new Counter({
    name: 'civicline_redemptions_total',
    help: 'Codes that callers keyed, by outcome: verified, or why not.',
    labelNames: ['outcome'],
    registers,
  });

  const interruptions = new Counter({
    name: 'civicline_calls_interrupted_total',
    help: "Conversations that lost the agent's telephone, by what came of them: interrupted, resumed, cut-off.",
    labelNames: ['outcome'],
    registers,
  });

  live.onChange(({ before, after }: CallChange) => {
    if (after.state === before?.state) return;
    if (after.state === 'interrupted') interruptions.inc({ outcome: 'interrupted' });
    if (after.state === 'connected' && before?.interruption) interruptions.inc({ outcome: 'resumed' });
    if (after.state === 'queued' && before?.agentId && after.cutOffFrom === before.agentId)
      interruptions.inc({ outcome: 'cut-off' });
    if (after.endedAt !== null) ended.inc({ state: after.state });
    if (after.state !== 'connected' || after.queuedAt === null || after.connectedAt === null || !before) return;
    // A conversation that came back was counted when it began.
    if (before.interruption) return;
    waited.observe({ queue: after.rules?.queueId ?? '' }, (after.connectedAt - after.queuedAt) / 1_000);
  });

  return { redeemed: (outcome: string) => redemptions.inc({ outcome }) };
}
