import { z } from 'zod';

/** `messages:emergency`: the category that passes every send window and every STOP; beside `messages:send`. */
export const SCOPES = [
  'messages:send',
  'messages:emergency',
  'messages:read',
  'events:read',
  'webhooks:manage',
] as const;
/** Of a sender of which nothing else was said. */
export const USUAL_SCOPES: readonly Scope[] = SCOPES.filter((scope) => scope !== 'messages:emergency');
export const scopeSchema = z.enum(SCOPES);
/** What a credential allows. */
export type Scope = (typeof SCOPES)[number];

export const ZONES = ['Europe/Brussels', 'Europe/Amsterdam'] as const;
export const zoneSchema = z.enum(ZONES);
export type Zone = (typeof ZONES)[number];

export const quotaViewSchema = z.object({
  /** `minute`: a token bucket that fills evenly; `day`: counted from midnight UTC. */
  name: z.enum(['minute', 'day']),
  /** Messages. */
  limit: z.number().int(),
  remaining: z.number().int(),
  windowSeconds: z.number().int(),
  /** When nothing is used any more, if nothing more is sent. */
  resetsAt: z.string(),
});
export type QuotaView = z.infer<typeof quotaViewSchema>;

export const limitsViewSchema = z.object({
  sender: z.object({ id: z.uuid(), name: z.string(), zone: zoneSchema }),
  /** Empty: as much as the gateway can take. */
  quotas: z.array(quotaViewSchema),
  /** When which messages may go out; others wait. */
  sendWindows: z.array(z.looseObject({})),
});
