/** What the SMS channel needs to be told. */
import { z } from 'zod';
import { addressShape, publicUrlOf, safetyShape, sealingKeysSchema } from '../../../platform/run/index.ts';

export const smsSettingsSchema = z
  .object({
    ...addressShape,
    ...safetyShape,
    CIVICLINE_SMS_ROUTES: z.string().min(1).describe('the routes file'),
    CIVICLINE_SMS_KEYS: sealingKeysSchema.describe(
      'JSON: `keyId` and `privateKey` each; the first is published for senders to seal for, all of them open',
    ),
  })
  .transform((values) => ({
    /** Where carriers call back. */
    publicUrl: publicUrlOf(values),
    allowInsecure: values.CIVICLINE_ALLOW_INSECURE,
    routesFile: values.CIVICLINE_SMS_ROUTES,
    keys: values.CIVICLINE_SMS_KEYS,
  }));

export type SmsSettings = z.output<typeof smsSettingsSchema>;
