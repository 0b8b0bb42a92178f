/**
 * SMIS with a stand-in channel that stores on disk, in a process of its own that can be killed. Arguments: folder,
 * port, data key. Prints `ready` once it listens.
 */
import { createHttp, createLog, createMetrics, finishHttp, listen } from '../../../platform/http/index.ts';
import { createSealer, openDatabase } from '../../../platform/storage/index.ts';
import { createSmis, SMIS_DEFAULTS } from '../index.ts';
import { createStandInChannel } from './stand-in-channel.ts';

const [folder = '', port = '0', dataKey = ''] = process.argv.slice(2);
const url = `file:${folder}`;
const log = createLog('error');
const metrics = createMetrics(false);
const now = Date.now;
const DELIVERED = [{ kind: 'handed-over' }, { kind: 'delivered', segments: 1 }] as const;
const sms = await createStandInChannel({
  name: 'sms',
  database: await openDatabase({ url, role: 'stand_in_sms' }),
  script: ({ part }) =>
    part.keyId === 'fails' ? [{ kind: 'handed-over' }, { kind: 'failed', reason: 'NUMBER_INVALID' }] : DELIVERED,
});
const email = await createStandInChannel({
  name: 'email',
  database: await openDatabase({ url, role: 'stand_in_email' }),
});
const smis = await createSmis({
  config: SMIS_DEFAULTS,
  open: () => openDatabase({ url, role: 'smis' }),
  sealer: createSealer([Buffer.from(dataKey, 'base64')]),
  channels: [sms, email],
  metrics,
  log,
  now,
});
const http = createHttp({ log, metrics, trustedProxies: [] });
smis.mount(http);
finishHttp(http, log);
await listen(http, '127.0.0.1', Number(port));
smis.start();
process.stdout.write('ready\n');
