/** The gateway as a process: starts, drains on SIGTERM or SIGINT, stops. A second signal ends it at once. */
import { startGateway } from './app.ts';
import { ConfigError, readConfig } from './config.ts';
import { createLog } from './http/index.ts';
import { OrganisationsError } from './organisations/index.ts';

try {
  const config = readConfig(process.env);
  const log = createLog(config.logLevel);
  const gateway = await startGateway({ config, log, processMetrics: true });
  log.info({ url: gateway.url }, 'gateway started');

  let signals = 0;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, async () => {
      if (++signals > 1) process.exit(1);
      log.info({ signal }, 'gateway stopping');
      await gateway.stop();
      log.info('gateway stopped');
      process.exit(0);
    });
  }
} catch (error) {
  // Mistakes in the configuration are for people: no stack.
  const forPeople = error instanceof ConfigError || error instanceof OrganisationsError;
  console.error(forPeople ? `${error.code}\n${error.message}` : error);
  process.exit(1);
}
