import { createRouter, type RoutesFile, readRoutesFile, routesInClear } from '@civicline/sms';
import { allowExposures, type Exposure, type RoleDefinition } from '../../../platform/run/index.ts';
import { createSmsChannel } from './channel.ts';
import { type SmsSettings, smsSettingsSchema } from './settings.ts';
import { numberColumns } from './suppressions.ts';

export const smsRole: RoleDefinition<SmsSettings> = {
  name: 'sms',
  settings: smsSettingsSchema,
  seals: true,
  keyedColumns: numberColumns,
  async create({ publicUrl, routesFile, keys, allowInsecure }, { open, sealer, metrics, log, now }) {
    const file = readRoutesFile(routesFile);
    allowExposures(exposuresOfRoutes(file), allowInsecure, log);
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

function exposuresOfRoutes(file: RoutesFile): Exposure[] {
  return routesInClear(file).map((name) => ({
    variable: 'CIVICLINE_SMS_ROUTES',
    why: `reaches the carrier of route "${name}" without encryption; give the route a tls`,
  }));
}
