import type { RoleDefinition } from '../../platform/run/index.ts';
import { webhookKeyedColumns } from './feedback/index.ts';
import { type SmisSettings, smisSettingsSchema } from './settings.ts';
import { createSmis } from './smis.ts';

/** SMIS as a role; it must be created after the channels of its process. */
export const smisRole: RoleDefinition<SmisSettings> = {
  name: 'smis',
  settings: smisSettingsSchema,
  seals: true,
  keyedColumns: webhookKeyedColumns,
  create(config, { open, sealer, channels, metrics, log, now }) {
    return createSmis({ config, open, sealer: sealer(), channels: [...channels.values()], metrics, log, now });
  },
};
