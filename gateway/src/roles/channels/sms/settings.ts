/** What the SMS channel needs to be told. */
import { z } from 'zod';
import { addressShape, publicUrlOf, safetyShape, sealingKeysSchema } from '../../../platform/run/index.ts';

export const smsSettingsSchema = z
  .object({
    ...addressShape,
    ...safetyShape,
    /** The SMS routes file. */
    CIVICLINE_SMS_ROUTES: z.string().min(1),
    /** The first is published for senders to seal for; all of them open (key rotation). */
    CIVICLINE_SMS_KEYS: sealingKeysSchema,
  })
  .transform((values) => ({
    /** Where carriers call back. */
    publicUrl: publicUrlOf(values),
    allowInsecure: values.CIVICLINE_ALLOW_INSECURE,
    routesFile: values.CIVICLINE_SMS_ROUTES,
    keys: values.CIVICLINE_SMS_KEYS,
  }));

export type SmsSettings = z.output<typeof smsSettingsSchema>;
