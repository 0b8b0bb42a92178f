import { createRouter, readRoutesFile } from '@civicline/sms';
import type { RoleDefinition } from '../../../platform/run/index.ts';
import { createSmsChannel } from './channel.ts';
import { type SmsSettings, smsSettingsSchema } from './settings.ts';
import { numberColumns } from './suppressions.ts';

export const smsRole: RoleDefinition<SmsSettings> = {
  name: 'sms',
  settings: smsSettingsSchema,
  seals: true,
  keyedColumns: numberColumns,
  async create({ publicUrl, routesFile, keys }, { open, sealer, metrics, log, now }) {
    const file = readRoutesFile(routesFile);
    const channel = await createSmsChannel({
      database: await open(),
      privateKeys: keys,
      connect: (listener) =>
        createRouter({
          file,
          listener,
          publicUrl,
          log: ({ route, what, code }) => log[what === 'up' ? 'info' : 'warn']({ route, code }, `SMS route: ${what}`),
        }),
      sealer: sealer(),
      metrics,
      log,
      now,
    });
    return { ...channel, channel };
  },
};
