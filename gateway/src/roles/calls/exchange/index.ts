/** Calls that arrive at other exchanges: `POST /v1/telephony/calls` and what belongs to it. */
import type { Express } from 'express';
import type { Logger } from '../../../platform/http/index.ts';
import { ConfigError } from '../../../platform/run/index.ts';
import type { Database, Sealer } from '../../../platform/storage/index.ts';
import type { Organisations } from '../../directory/organisations/index.ts';
import type { CallsSettings } from '../settings.ts';
import type { ExchangeCalls } from './port.ts';
import { mountExchange } from './routes.ts';
import { createExchangeStore, migrations } from './store.ts';

export type { ExchangeArrival, ExchangeCalls } from './port.ts';
export { exchangeOperations } from './routes.ts';

/** How long a repeated request gets the first answer. */
const REMEMBER_MS = 24 * 3600_000;
const FORGET_EVERY_MS = 3600_000;

export async function createExchange(options: {
  config: Pick<CallsSettings, 'exchangeKeys'>;
  database: Database;
  sealer: Sealer;
  organisations: Organisations;
  calls: ExchangeCalls;
  log: Logger;
  now: () => number;
}): Promise<{ mount(http: Express): void; close(): void }> {
  const { config, database, sealer, organisations, calls, log, now } = options;
  for (const { organisation, name } of config.exchangeKeys) {
    if (organisations.byId(organisation)) continue;
    throw new ConfigError(
      `CIVICLINE_EXCHANGE_KEYS: "${name}" names an organisation that is not in the organisations file`,
    );
  }
  await database.migrate('exchange', migrations);
  const store = createExchangeStore(database);
  const forget = () =>
    store
      .forget(now() - REMEMBER_MS)
      .catch((error: unknown) => log.error({ error }, 'upkeep of exchange requests failed'));
  const timer = setInterval(forget, FORGET_EVERY_MS);
  timer.unref();
  return {
    mount: (http) => mountExchange(http, { keys: config.exchangeKeys, calls, store, organisations, sealer, now }),
    close: () => clearInterval(timer),
  };
}
