/**
 * SMIS, the governor of channels: takes sealed messages from senders, brings each by the channels of its strategy,
 * imposes the code of conduct, and reports what became of it. It sees neither addressees nor contents.
 */

import type { Channel } from '@civicline/protocol/channel';
import type { Express } from 'express';
import type { Logger, Metrics, Operation } from '../../platform/http/index.ts';
import type { Database, Sealer } from '../../platform/storage/index.ts';
import { createDispatch, createWindows } from './dispatch/index.ts';
import { createFeedback } from './feedback/index.ts';
import { createMessages } from './messages/index.ts';
import { createSenders } from './senders/index.ts';
import type { SmisSettings } from './settings.ts';

export interface Smis {
  operations: Operation[];
  mount(http: Express): void;
  start(): void;
  /** Resolves when what is under way has ended; messages stay where they are. */
  stop(): Promise<void>;
}

export interface SmisOptions {
  config: SmisSettings;
  open(): Promise<Database>;
  sealer: Sealer;
  channels: readonly Channel[];
  metrics: Metrics;
  log: Logger;
  now: () => number;
}

export async function createSmis(options: SmisOptions): Promise<Smis> {
  const { config, open, sealer, metrics, log, now } = options;
  const database = await open();
  const channels = new Map(options.channels.map((channel) => [channel.name, channel]));
  const windows = createWindows(config.sendWindows, config.holidays);
  const feedback = await createFeedback({ config, database, sealer, metrics, log, now });
  const senders = await createSenders({
    config,
    database,
    sealer,
    warnOfQuota: feedback.warnOfQuota,
    sendWindows: ({ zone }) => windows.describe(zone).filter(({ channel }) => channels.has(channel)),
    now,
  });
  const messages = await createMessages({ database, sealer, channels, senders, feedback, metrics, log, now });
  const { mostInFlight } = config;
  const dispatch = createDispatch({
    messages,
    channels,
    windows,
    findSender: senders.find,
    mostInFlight,
    metrics,
    log,
    now,
  });

  return {
    operations: [...messages.operations, ...feedback.operations, ...senders.operations],
    mount(http) {
      messages.mount(http);
      feedback.mount(http, senders);
      senders.mount(http);
    },
    start() {
      messages.start();
      feedback.start();
      dispatch.start();
    },
    async stop() {
      await dispatch.stop();
      await Promise.all([messages.stop(), feedback.stop()]);
      await database.close();
    },
  };
}
