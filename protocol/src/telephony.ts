/**
 * Calls that arrive at another exchange: it posts what the caller keyed, the gateway redeems the code and shows the
 * call in the same console. The voice stays with the other exchange.
 *
 *   POST   /v1/telephony/calls        Authorization: Bearer <API key>, Idempotency-Key → ExchangeCall
 *   GET    /v1/telephony/calls/{id}   → ExchangeCall
 *   POST   /v1/telephony/calls/{id}/hang-up  (the caller or the exchange ended it) → ExchangeCall
 */
import { z } from 'zod';

export const exchangeCallInputSchema = z.strictObject({
  /** When the call arrived, RFC 3339. */
  time: z.iso.datetime({ offset: true }),
  /** E.164; absent, null, empty or a word such as `anonymous` when withheld. */
  callingNumber: z.string().nullish(),
  /** E.164: which of the organisation's numbers was called. */
  calledNumber: z.string(),
  /** What the caller keyed; absent or empty when nothing. */
  code: z.string().max(32).optional(),
  /** E.164: where the exchange can put the call through, shown to the agent. */
  forwardNumber: z.string().optional(),
});
export type ExchangeCallInput = z.infer<typeof exchangeCallInputSchema>;

export const exchangeCallSchema = z.object({
  id: z.uuid(),
  state: z.enum([
    'arriving',
    'queued',
    'claimed',
    'connecting',
    'connected',
    'wrapping-up',
    'closed',
    'abandoned',
    'fallback',
  ]),
  verified: z.boolean(),
  /** Why the caller is not verified, and whether asking for the code once more makes sense. */
  rejection: z.object({ reason: z.string(), mayRetry: z.boolean() }).optional(),
  queue: z.string().nullable(),
  /** Who answered, so that the exchange can connect the voice. */
  answeredBy: z.object({ agentId: z.string(), extension: z.string().optional() }).optional(),
});
export type ExchangeCall = z.infer<typeof exchangeCallSchema>;
