/** A process that calls webhooks until it is killed. Its settings come as JSON in the first argument. */
import process from 'node:process';
import { createLog, createMetrics } from '../../../../platform/http/index.ts';
import { createSealer, openDatabase } from '../../../../platform/storage/index.ts';
import { createFeedback } from '../index.ts';

export interface DelivererSettings {
  url: string;
  role: string;
  /** Base64. */
  dataKey: string;
  /** How much later it is here, milliseconds: leases of killed processes have run out then. */
  later: number;
}

const { url, role, dataKey, later } = JSON.parse(process.argv[2] ?? '') as DelivererSettings;
const feedback = await createFeedback({
  config: { webhookNetworks: ['127.0.0.0/8'] },
  database: await openDatabase({ url, role }),
  sealer: createSealer([Buffer.from(dataKey, 'base64')]),
  metrics: createMetrics(false),
  log: createLog('silent'),
  now: () => Date.now() + later,
});
feedback.start();
setInterval(() => undefined, 60_000);
