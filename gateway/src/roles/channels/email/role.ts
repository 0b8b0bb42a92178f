import { z } from 'zod';
import { json, type RoleDefinition, sealingKeysSchema } from '../../../platform/run/index.ts';
import { createEmailChannel } from './channel.ts';
import { emailSettingsSchema } from './settings.ts';

const settingsSchema = z.object({
  CIVICLINE_EMAIL: json(emailSettingsSchema).describe('JSON, see *E-mail*'),
  CIVICLINE_EMAIL_KEYS: sealingKeysSchema.describe('as `CIVICLINE_SMS_KEYS`'),
});

export type EmailRoleSettings = z.output<typeof settingsSchema>;

export const emailRole: RoleDefinition<EmailRoleSettings> = {
  name: 'email',
  settings: settingsSchema,
  seals: false,
  async create({ CIVICLINE_EMAIL: settings, CIVICLINE_EMAIL_KEYS: privateKeys }, { open, metrics, log, now }) {
    const channel = await createEmailChannel({ database: await open(), privateKeys, settings, metrics, log, now });
    return { ...channel, channel };
  },
};
