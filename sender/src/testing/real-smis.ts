/** The real thing in one process: SMIS and the SMS channel behind HTTP, an SMPP session to the SMSC simulator. */
import { randomBytes } from 'node:crypto';
import { CHANNELS } from '@civicline/protocol';
import { generateSealingKeysSync } from '@civicline/protocol/sealing/node';
import { createRouter, parseRoutes } from '@civicline/sms';
import { startSmscSimulator } from '@civicline/sms/simulator';
import {
  createHttp,
  createLog,
  createMetrics,
  drain,
  finishHttp,
  listen,
} from '../../../gateway/src/platform/http/index.ts';
import { createSealer, openDatabase } from '../../../gateway/src/platform/storage/index.ts';
import { createSmsChannel } from '../../../gateway/src/roles/channels/sms/index.ts';
import { createSenderAdministration, createSmis, SMIS_DEFAULTS } from '../../../gateway/src/roles/smis/index.ts';
import { SCOPES } from '../../../gateway/src/roles/smis/senders/index.ts';

export type RealSmis = Awaited<ReturnType<typeof startRealSmis>>;

const ALWAYS = { individual: null, informative: null, broadcast: null };

export async function startRealSmis() {
  const log = createLog('silent');
  const metrics = createMetrics(false);
  const sealer = createSealer([randomBytes(32)]);
  const now = Date.now;
  const simulator = await startSmscSimulator();
  const route = { name: 'simulator', kind: 'smpp', host: '127.0.0.1', port: simulator.smppPort, systemId: 'civicline' };
  const prefixes = [{ prefix: '+', price: 0.05 }];
  const routes = JSON.stringify({ routes: [{ ...route, prefixes, password: `\${PASSWORD}` }] });
  const file = parseRoutes(routes, 'routes', { environment: { PASSWORD: 'secret' }, folder: '.' });
  const smsDatabase = await openDatabase({ url: 'memory:', role: 'sms' });
  const sms = await createSmsChannel({
    database: smsDatabase,
    privateKeys: [generateSealingKeysSync()],
    connect: (listener) => createRouter({ file, listener }),
    ...{ sealer, metrics, log, now },
  });
  const database = await openDatabase({ url: 'memory:', role: 'smis' });
  const sendWindows = Object.fromEntries(CHANNELS.map((channel) => [channel, ALWAYS])) as never;
  const config = { ...SMIS_DEFAULTS, sendWindows };
  const smis = await createSmis({ config, open: async () => database, channels: [sms], sealer, metrics, log, now });
  const administration = await createSenderAdministration({ database, sealer, now });
  const http = createHttp({ log, metrics, trustedProxies: [] });
  smis.mount(http);
  finishHttp(http, log);
  sms.start();
  smis.start();
  const { server, port } = await listen(http, '127.0.0.1', 0);

  return {
    url: `http://127.0.0.1:${port}`,
    simulator,
    /** The key of a new sender. */
    async addSender(name: string, perMinute: number | null = null): Promise<string> {
      const limits = { perMinute, perDay: null };
      const { apiKey } = await administration.add({
        ...{ name, limits, zone: 'Europe/Brussels', scopes: [...SCOPES], clientId: null, expiresAt: null },
      });
      return apiKey ?? '';
    },
    async stop() {
      await drain(server, 100);
      await smis.stop();
      await sms.stop();
      await smsDatabase.close();
      await simulator.stop();
    },
  };
}
