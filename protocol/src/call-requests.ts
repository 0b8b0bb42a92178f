/**
 * The citizen's side of a verified call, as the widget (or a letter's page) speaks it with the gateway.
 *
 *   GET  /v1/organisations/{organisation}/purposes/{purpose}     → PurposeView
 *   POST /v1/call-requests             CallRequestInput          → CallRequestCreated
 *   GET  /v1/call-requests/{id}/events  Authorization: Bearer token  → server-sent events, `data:` a CallRequestStatus
 *   POST /v1/call-requests/{id}/pairing  Authorization: Bearer token → 204: the digits that the app shows, for another phone
 *   POST /v1/call-requests/{id}/dial-code  Authorization: Bearer token → DialCode (only on the citizen's explicit choice)
 *   DELETE /v1/call-requests/{id}      Authorization: Bearer token  → 204, cancels
 */
import { z } from 'zod';
import { languageSchema, localizedTextSchema } from './languages.ts';

/**
 * How far a call request has come:
 *
 *   awaiting-disclosure → disclosed → calling → queued → connected → ended
 *          └→ cancelled | expired | failed            (also from `disclosed`: cancelled, expired)
 *
 * `calling` begins when the caller's code has been redeemed; states on the way may be skipped. `failed` covers a proof
 * that is not valid, and a session that the IRMA server does not know any more. While that server cannot be reached, a
 * new request is refused (503 `IRMA_UNREACHABLE`), and an open one waits.
 */
export const CALL_REQUEST_STATES = [
  'awaiting-disclosure',
  'disclosed',
  'calling',
  'queued',
  'connected',
  'ended',
  'cancelled',
  'expired',
  'failed',
] as const;
export const callRequestStateSchema = z.enum(CALL_REQUEST_STATES);
export type CallRequestState = z.infer<typeof callRequestStateSchema>;

export const callRequestInputSchema = z.strictObject({
  organisation: z.string().min(1).max(64),
  purpose: z.string().min(1).max(64),
  language: languageSchema.default('nl'),
  /**
   * The code is to be shown on the page, for another phone than the app's. Only where the purpose allows it, and with the
   * digits of the app typed over (`…/pairing`).
   */
  otherPhone: z.boolean().default(false),
});
export type CallRequestInput = z.input<typeof callRequestInputSchema>;

export const callRequestCreatedSchema = z.object({
  id: z.uuid(),
  /** Secret of this one request; goes in the Authorization header, never in a URL. */
  token: z.string(),
  /** Handed to the Yivi client as it is; the requestor token of the IRMA server is never part of it. */
  sessionPtr: z.object({ u: z.string(), irmaqr: z.string() }),
  /** null for another phone: the gateway itself pairs, so that a page cannot say it did. */
  frontendRequest: z.looseObject({ authorization: z.string() }).nullable(),
  /** When an undisclosed request ends by itself, RFC 3339. */
  expiresAt: z.string(),
});
export type CallRequestCreated = z.infer<typeof callRequestCreatedSchema>;

export const callRequestStatusSchema = z.object({
  state: callRequestStateSchema,
  /** Grows by one with each change: a repeated or late event is recognised by it. */
  sequence: z.number().int(),
  /** Until when the code may still be keyed, RFC 3339; only in `disclosed`. */
  codeExpiresAt: z.string().optional(),
});
export type CallRequestStatus = z.infer<typeof callRequestStatusSchema>;

export const dialCodeSchema = z.object({
  /** E.164. */
  number: z.string(),
  /** 8 digits. */
  code: z.string().regex(/^\d{8}$/),
  /** For a phone that shows this page: dials, pauses as the organisation wants it, keys. */
  telUrl: z.string(),
  codeExpiresAt: z.string(),
});
export type DialCode = z.infer<typeof dialCodeSchema>;

export const pairingInputSchema = z.strictObject({
  /** The digits that the app shows. */
  code: z.string().regex(/^\d{4,8}$/, 'must be the digits that the app shows'),
});

export const purposeViewSchema = z.object({
  organisation: z.object({
    id: z.string(),
    name: localizedTextSchema,
    /** For pages of the gateway's own, such as #0b6e6e; not yet checked for contrast. */
    colour: z.string().optional(),
    /** Path of the organisation's logo at the gateway, when it has one. */
    logo: z.string().optional(),
  }),
  purpose: z.object({ id: z.string(), title: localizedTextSchema }),
  /** E.164, for people who call without Yivi. */
  number: z.string(),
  /** Whether the code may be shown, for calling from another phone. */
  otherPhone: z.boolean(),
  open: z.boolean(),
  /** RFC 3339, when it is closed now and opens again within 14 days. */
  opensAt: z.string().optional(),
});
export type PurposeView = z.infer<typeof purposeViewSchema>;
