/** The gateway as a process: starts, drains on SIGTERM or SIGINT, stops. A second signal ends it at once. */
import { startGateway } from './app.ts';
import { readConfig } from './config.ts';
import { createLog } from './platform/http/index.ts';

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
  console.error(explained(error));
  process.exit(1);
}

/** What has a code is for people, such as a mistake in a file or a port in use: no stack. */
function explained(error: unknown): unknown {
  if (!(error instanceof Error) || !('code' in error) || String(error.code).startsWith('ERR_')) return error;
  return error.message.includes(String(error.code)) ? error.message : `${error.code}\n${error.message}`;
}
