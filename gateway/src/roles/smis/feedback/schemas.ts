import { z } from 'zod';
import { inDigits } from '../../../platform/http/index.ts';

/** Opaque; one that no feed has given is refused as such. */
const cursorSchema = z.string().regex(/^[\w-]{1,64}$/, 'must be the cursor of an answer');

export const feedQuerySchema = z.strictObject({
  after: cursorSchema.optional().describe('The cursor `next` of the answer before; absent: the oldest event kept.'),
  limit: inDigits(z.int().min(1).max(1_000)).default(100).describe('At most so many events, 1,000 at most.'),
});

export const webhookInputSchema = z.strictObject({
  /** https; its host must have public addresses only. */
  url: z.url().max(2_000),
});

export const webhookViewSchema = z.object({
  id: z.uuid(),
  url: z.string(),
  /** `failing`: the last call failed, it will be called again. `disabled`: until it is replayed. */
  state: z.enum(['enabled', 'failing', 'disabled']),
  /** Of `disabled`: `GONE` (it answered 410) or `UNREACHABLE` (all retries failed). */
  reason: z.string().optional(),
  failingSince: z.string().optional(),
  nextTryAt: z.string().optional(),
  /** Cursor: everything up to here was delivered. */
  deliveredTo: z.string(),
  createdAt: z.string(),
});
export type WebhookView = z.infer<typeof webhookViewSchema>;

/** With the secret that signs (`whsec_…`), which is shown this once. */
export const webhookSecretViewSchema = webhookViewSchema.extend({ secret: z.string() });

export const webhookListSchema = z.object({ webhooks: z.array(webhookViewSchema) });

export const replayInputSchema = z
  .strictObject({
    /** The cursor after which to begin; absent: where it stopped. */
    after: cursorSchema.optional(),
  })
  .prefault({});
