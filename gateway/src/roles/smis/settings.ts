/** What SMIS needs to be told. */
import { CHANNELS } from '@civicline/protocol';
import { z } from 'zod';
import { json, listSchema, urlSchema } from '../../platform/run/index.ts';
import { DEFAULT_WINDOWS, type Holidays, type SendWindows } from './dispatch/index.ts';
import type { TokenIssuer } from './senders/index.ts';

export interface SmisSettings {
  tokenIssuer: TokenIssuer | null;
  /** Networks in CIDR notation that webhooks may stand in although they are not public. */
  webhookNetworks: readonly string[];
  sendWindows: SendWindows;
  holidays: Holidays;
  /** Per channel: how many attempts it may have that it has not handed over; urgent ones go in any case. */
  mostInFlight: number;
}

export const SMIS_DEFAULTS: SmisSettings = {
  tokenIssuer: null,
  webhookNetworks: [],
  sendWindows: DEFAULT_WINDOWS,
  holidays: { 'Europe/Brussels': [], 'Europe/Amsterdam': [] },
  mostInFlight: 5_000,
};

const tokenIssuerSchema = z.strictObject({ issuer: urlSchema, audience: z.string().min(1), keysUrl: urlSchema });

const clockTime = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$|^24:00$/, 'must be HH:MM');
/** null: at any time. */
const sendWindowSchema = z
  .strictObject({
    from: clockTime,
    to: clockTime,
    days: z.array(z.number().int().min(1).max(7)).min(1),
    holidays: z.boolean(),
  })
  // `HH:MM` sorts as it is timed.
  .refine(({ from, to }) => from < to, 'must end after it begins, on the same day; at any time is null')
  .nullable();
const sendWindowsSchema = z.partialRecord(
  z.enum(CHANNELS),
  z.strictObject({
    individual: sendWindowSchema.optional(),
    informative: sendWindowSchema.optional(),
    broadcast: sendWindowSchema.optional(),
  }),
);
const holidaysSchema = z.partialRecord(z.enum(['Europe/Brussels', 'Europe/Amsterdam']), z.array(z.iso.date()));

export const smisSettingsSchema = z
  .object({
    CIVICLINE_TOKEN_ISSUER: json(tokenIssuerSchema)
      .optional()
      .describe(
        'JSON: `issuer`, `audience`, `keysUrl` (JWKS) whose access tokens (RFC 9068) senders may use; absent: API keys only',
      ),
    CIVICLINE_WEBHOOK_NETWORKS: listSchema.describe(
      'networks in CIDR notation, by comma, in which webhooks may stand although they are not public',
    ),
    CIVICLINE_SEND_WINDOWS: json(sendWindowsSchema)
      .prefault('{}')
      .describe('JSON: what differs from the usual, by channel and category, see *Send windows*'),
    CIVICLINE_HOLIDAYS: json(holidaysSchema)
      .prefault('{}')
      .describe('JSON: dates by time zone, such as `{"Europe/Brussels":["2026-12-25"]}`'),
  })
  .transform(
    (values): SmisSettings => ({
      ...SMIS_DEFAULTS,
      tokenIssuer: values.CIVICLINE_TOKEN_ISSUER ?? null,
      webhookNetworks: values.CIVICLINE_WEBHOOK_NETWORKS,
      sendWindows: windowsFrom(values.CIVICLINE_SEND_WINDOWS),
      holidays: { ...SMIS_DEFAULTS.holidays, ...values.CIVICLINE_HOLIDAYS },
    }),
  );

function windowsFrom(changes: z.output<typeof sendWindowsSchema>): SendWindows {
  const of = (channel: keyof SendWindows) => ({ ...DEFAULT_WINDOWS[channel], ...changes[channel] });
  return { app: of('app'), sms: of('sms'), email: of('email') } as SendWindows;
}
