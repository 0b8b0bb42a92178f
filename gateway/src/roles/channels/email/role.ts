import { z } from 'zod';
import { json, type RoleDefinition, sealingKeysSchema } from '../../../platform/run/index.ts';
import { createEmailChannel } from './channel.ts';
import { emailSettingsSchema } from './settings.ts';

const settingsSchema = z.object({
  /** The SMTP server and what belongs to it. */
  CIVICLINE_EMAIL: json(emailSettingsSchema),
  /** The first is published for senders to seal for; all of them open (key rotation). */
  CIVICLINE_EMAIL_KEYS: sealingKeysSchema,
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
