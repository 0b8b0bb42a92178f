import type { Express } from 'express';
import { mount, type Operation, operation } from '../../../platform/http/index.ts';
import { type createGuard, SENDER } from './guard.ts';
import type { Sender } from './index.ts';
import { describeQuotas, noUsage } from './quota.ts';
import { limitsViewSchema } from './schemas.ts';
import type { SenderStore } from './store.ts';

const limitsOperation = operation({
  method: 'get',
  path: '/v1/limits',
  tag: 'Senders',
  summary: 'How much this sender may send, what remains of it, and when messages go out.',
  description:
    'Every answer to a message carries the same quotas as RateLimit and RateLimit-Policy headers (IETF httpapi draft). Beyond a quota: 429 `QUOTA_EXCEEDED` with Retry-After. At 80 % the event `be.smis.v1.quota.warning` is told, once per period.',
  security: SENDER,
  answers: {
    200: { description: 'The limits.', schema: limitsViewSchema },
    401: { description: '`CREDENTIAL_REFUSED`' },
  },
});

export const senderOperations: Operation[] = [limitsOperation];

export function mountSenders(
  http: Express,
  options: {
    guard: ReturnType<typeof createGuard>;
    store: SenderStore;
    sendWindows: (sender: Sender) => Record<string, unknown>[];
    now: () => number;
  },
): void {
  const { guard, store, sendWindows, now } = options;
  mount(http, limitsOperation, [guard.require(null)], async (_input, response) => {
    const { id, name, zone, limits } = guard.senderOf(response);
    const at = now();
    const usage = (await store.usage(id)) ?? noUsage(limits, at);
    response.json({
      sender: { id, name, zone },
      quotas: describeQuotas(limits, usage, at),
      sendWindows: sendWindows({ id, name, zone }),
    });
  });
}
