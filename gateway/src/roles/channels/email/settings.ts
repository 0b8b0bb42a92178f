/** What the role needs to be told; the composition root reads the environment. */
import { z } from 'zod';
import type { SmtpSettings } from './transport.ts';

export interface EmailSettings {
  smtp: SmtpSettings;
  /** The address that mails come from; the sender's name stands before it. */
  from: string;
  /** Where bounces go: `bounces@example.org` becomes `bounces+<id>@example.org`. */
  returnPath: string;
  /** For who hands bounces in; null: nobody does. */
  bounceToken: string | null;
  /** How long without a bounce makes a mail delivered. */
  quietHours: number;
  /** How long a mail whose answer was lost waits for a report before it counts as failed. */
  unknownHours: number;
}

const addressSchema = z.email().max(200);
const ID_LENGTH = 36;
/** RFC 5321, 4.5.3.1.1, allows 64; `+` and an attempt's id are added. */
const RETURN_LOCAL_MOST = 64 - 1 - ID_LENGTH;

/**
 * `CIVICLINE_EMAIL`, JSON. The server as a URL: `smtps://user:password@host:465` is TLS from the start, `smtp://host:587`
 * is STARTTLS, which must succeed; a server on the loopback address may do without.
 */
export const emailSettingsSchema = z
  .strictObject({
    server: z.url({ protocol: /^smtps?$/ }),
    from: addressSchema,
    /** Absent: `from`. */
    returnPath: addressSchema.optional(),
    bounceToken: z.string().min(16, 'must have 16 characters or more').optional(),
    /** Certificates to trust in place of the system's, PEM. */
    ca: z.string().includes('BEGIN CERTIFICATE').optional(),
    connections: z.int().min(1).max(50).default(5),
    silenceSeconds: z.number().min(1).max(3600).default(600),
    quietHours: z.number().min(0).max(168).default(4),
    unknownHours: z.number().min(0).max(168).default(4),
  })
  .refine(({ from, returnPath = from }) => returnPath.lastIndexOf('@') <= RETURN_LOCAL_MOST, {
    path: ['returnPath'],
    message: `may have ${RETURN_LOCAL_MOST} characters before the @, as ${1 + ID_LENGTH} more are added for each mail; without it, so may from`,
  })
  .transform(({ server, from, returnPath, bounceToken, ca, connections, silenceSeconds, quietHours, unknownHours }) => {
    return {
      smtp: {
        ...serverOf(new URL(server)),
        ...(ca === undefined ? {} : { ca }),
        connections,
        silenceMs: silenceSeconds * 1000,
        sendMs: silenceSeconds * 1500,
      },
      from,
      returnPath: returnPath ?? from,
      bounceToken: bounceToken ?? null,
      quietHours,
      unknownHours,
    } satisfies EmailSettings;
  });

function serverOf(url: URL): Pick<SmtpSettings, 'host' | 'port' | 'security' | 'user' | 'password'> {
  const isTls = url.protocol === 'smtps:';
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const isHere = ['127.0.0.1', '::1', 'localhost'].includes(host);
  return {
    host,
    port: url.port === '' ? (isTls ? 465 : 587) : Number(url.port),
    security: isTls ? 'tls' : isHere ? 'none' : 'starttls',
    ...(url.username === '' ? {} : { user: decodeURIComponent(url.username) }),
    ...(url.password === '' ? {} : { password: decodeURIComponent(url.password) }),
  };
}
