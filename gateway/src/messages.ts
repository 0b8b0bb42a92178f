/** Composes the roles of sealed messages: SMIS and its channels, each with a database of its own. */
import type { Channel } from '@civicline/protocol/channel';
import { createRouter, readRoutesFile } from '@civicline/sms';
import type { Express } from 'express';
import type { Config } from './config.ts';
import type { Logger, Metrics, Operation } from './platform/http/index.ts';
import type { Database, Sealer } from './platform/storage/index.ts';
import { createEmailChannel } from './roles/channels/email/index.ts';
import { createSmsChannel } from './roles/channels/sms/index.ts';
import { createSmis } from './roles/smis/index.ts';

export interface Messages {
  operations: Operation[];
  mount(http: Express): void;
  start(): void;
  /** What is under way is finished or kept. */
  stop(): Promise<void>;
}

export interface MessagesOptions {
  config: Config;
  open(role: string): Promise<Database>;
  sealer: Sealer;
  metrics: Metrics;
  log: Logger;
  now: () => number;
}

/** A channel as a part of this process. */
interface Part extends Channel {
  operations: Operation[];
  mount(http: Express): void;
  start(): void;
  stop(): Promise<void>;
}

export async function createMessages(options: MessagesOptions): Promise<Messages> {
  const { config, open, sealer, metrics, log, now } = options;
  const databases: Database[] = [];
  const opened = async (role: string) => {
    const database = await open(role);
    databases.push(database);
    return database;
  };
  const channels: Part[] = [];
  if (config.sms) channels.push(await smsChannel(config.sms, config.publicUrl));
  if (config.email) channels.push(await emailChannel(config.email));
  const smis = await createSmis({ config: config.smis, open, sealer, channels, metrics, log, now });

  async function smsChannel({ routesFile, keys }: NonNullable<Config['sms']>, publicUrl: string): Promise<Part> {
    const file = readRoutesFile(routesFile);
    return createSmsChannel({
      database: await opened('sms'),
      privateKeys: keys,
      connect: (listener) =>
        createRouter({
          file,
          listener,
          publicUrl,
          log: ({ route, what, code }) => log[what === 'up' ? 'info' : 'warn']({ route, code }, `SMS route: ${what}`),
        }),
      sealer,
      metrics,
      log,
      now,
    });
  }

  async function emailChannel({ settings, keys }: NonNullable<Config['email']>): Promise<Part> {
    const database = await opened('email');
    return createEmailChannel({ database, privateKeys: keys, settings, metrics, log, now });
  }

  return {
    operations: [...smis.operations, ...channels.flatMap(({ operations }) => operations)],
    mount(http) {
      smis.mount(http);
      for (const channel of channels) channel.mount(http);
    },
    start() {
      for (const channel of channels) channel.start();
      smis.start();
    },
    async stop() {
      await smis.stop();
      for (const channel of channels) await channel.stop();
      for (const database of databases) await database.close();
    },
  };
}
