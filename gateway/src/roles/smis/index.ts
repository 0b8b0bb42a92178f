/**
 * SMIS, the governor of channels: takes sealed messages from senders, brings each by the channels of its strategy,
 * imposes the code of conduct, and reports what became of it. It sees neither addressees nor contents.
 */

import type { Channel } from '@civicline/protocol/channel';
import type { Express } from 'express';
import type { Logger, Metrics, Operation } from '../../platform/http/index.ts';
import type { Database, Sealer } from '../../platform/storage/index.ts';
import { createDispatch, createWindows, DEFAULT_WINDOWS, type Holidays, type SendWindows } from './dispatch/index.ts';
import { createFeedback } from './feedback/index.ts';
import { createMessages } from './messages/index.ts';
import { createSenders, type TokenIssuer } from './senders/index.ts';

export { DEFAULT_WINDOWS, type Holidays, type SendWindow, type SendWindows } from './dispatch/index.ts';
export { createWebhookAdministration } from './feedback/index.ts';
export { createSenderAdministration, type SenderAdministration, SenderError } from './senders/index.ts';

export interface SmisConfig {
  tokenIssuer: TokenIssuer | null;
  /** Networks in CIDR notation that webhooks may stand in although they are not public. */
  webhookNetworks: readonly string[];
  sendWindows: SendWindows;
  holidays: Holidays;
  /** Per channel: how many attempts it may have that it has not handed over; urgent ones go in any case. */
  mostInFlight: number;
}

export const SMIS_DEFAULTS: SmisConfig = {
  tokenIssuer: null,
  webhookNetworks: [],
  sendWindows: DEFAULT_WINDOWS,
  holidays: { 'Europe/Brussels': [], 'Europe/Amsterdam': [] },
  mostInFlight: 5_000,
};

export interface Smis {
  operations: Operation[];
  mount(http: Express): void;
  start(): void;
  /** Resolves when what is under way has ended; messages stay where they are. */
  stop(): Promise<void>;
}

export interface SmisOptions {
  config: SmisConfig;
  open(role: string): Promise<Database>;
  sealer: Sealer;
  channels: readonly Channel[];
  metrics: Metrics;
  log: Logger;
  now: () => number;
}

export async function createSmis(options: SmisOptions): Promise<Smis> {
  const { config, open, sealer, metrics, log, now } = options;
  const database = await open('smis');
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
