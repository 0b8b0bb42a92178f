/** What the IRMA server's requestor API answers (https://docs.yivi.app/irma-server, irmago irma/server/api.go). */
import { z } from 'zod';

/** INITIALIZED → (PAIRING →) CONNECTED → DONE; CANCELLED and TIMEOUT from any but DONE. */
export const sessionStatusSchema = z.enum(['INITIALIZED', 'PAIRING', 'CONNECTED', 'CANCELLED', 'DONE', 'TIMEOUT']);
export type SessionStatus = z.infer<typeof sessionStatusSchema>;

const tokenSchema = z.string().regex(/^[A-Za-z0-9]+$/);

export const startedSessionSchema = z.object({
  sessionPtr: z.object({ u: z.string(), irmaqr: z.string() }),
  token: tokenSchema,
  frontendRequest: z.looseObject({ authorization: z.string() }),
});

/** Go writes an empty list or map as null. */
const listOf = <T extends z.ZodType>(item: T) =>
  z
    .array(item)
    .nullish()
    .transform((list) => list ?? []);

const disclosedAttributeSchema = z.object({
  id: z.string(),
  /** null: an optional attribute that the credential was issued without. */
  rawvalue: z.string().nullable(),
  /** By language; '' holds the raw value. */
  value: z.record(z.string(), z.string()).nullish(),
  /** PRESENT: asked for and given; EXTRA: given along; NULL: given, without a value. */
  status: z.string(),
});

export const sessionResultSchema = z.object({
  /** The requestor token of the session: whoever uses a result compares it with the session it waits for. */
  token: tokenSchema,
  status: sessionStatusSchema,
  type: z.enum(['disclosing', 'signing', 'issuing']),
  /** VALID, INVALID, INVALID_TIMESTAMP, UNMATCHED_REQUEST, MISSING_ATTRIBUTES, EXPIRED; absent until there is a proof. */
  proofStatus: z.string().optional(),
  /** The outer index is the one of the outer conjunction that was asked. */
  disclosed: listOf(listOf(disclosedAttributeSchema)),
});
export type SessionResult = z.infer<typeof sessionResultSchema>;

export const serverErrorSchema = z.object({ error: z.string().regex(/^[A-Z_]+$/) });

/** The server's answer when pairing is required: the digits that the app will show. */
export const pairingSchema = z.object({ pairingCode: z.string().regex(/^\d{4,}$/) });
