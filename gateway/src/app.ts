/** The composition root: turns a configuration into a running process of some of Civicline's roles. */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Config } from './config.ts';
import { createMetrics, type Logger } from './platform/http/index.ts';
import { type RunningProcess, startProcess, tellExposures } from './platform/run/index.ts';
import { createRemoteChannel, offered } from './remote/index.ts';
import { serveApiPage, serveDocumentation, serveFrontEnds } from './site/index.ts';

const ROOT = resolve(import.meta.dirname, '../..');

export type Gateway = RunningProcess;

export interface GatewayOptions {
  config: Config;
  log: Logger;
  /** The process's own metrics as well; once per process. */
  processMetrics?: boolean;
  /** For tests: another clock, UTC milliseconds. */
  now?: () => number;
}

/** Starts a gateway; it answers when the promise resolves. */
export function startGateway({
  config,
  log,
  processMetrics = false,
  now = Date.now,
}: GatewayOptions): Promise<Gateway> {
  const { listen, trustedProxies, publicUrl, settings, roleKey, remoteChannels, smisPublicKeys } = config;
  tellExposures(config.exposures, log);
  const server = roleKey && smisPublicKeys.length > 0 ? { privateKey: roleKey, smisPublicKeys } : null;
  return startProcess({
    roles: config.roles.map((role) => ({ ...role, definition: offered(role.definition, server) })),
    channels: remoteChannels.map((channel) => createRemoteChannel({ ...channel, privateKey: roleKey ?? '', log, now })),
    listen,
    trustedProxies,
    metrics: createMetrics(processMetrics),
    log,
    now,
    mountPages(http, running) {
      serveDocumentation(http, {
        operations: running.flatMap(({ operations }) => operations),
        demo: config.demo ? { phonesUrl: config.phonesUrl } : null,
        logCodes: Object.assign({}, ...running.map(({ logCodes }) => logCodes)),
        version: version(),
      });
      serveApiPage(http, ROOT);
      const { calls } = settings;
      if (!calls) return;
      serveFrontEnds(http, {
        root: ROOT,
        publicUrl,
        softphoneUrls: calls.asterisks.map(({ softphoneUrl }) => softphoneUrl),
        issuer: calls.signIn.issuer,
        irmaClientUrl: calls.irma.clientUrl,
        demo: config.demo,
      });
    },
  });
}

function version(): string {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
  return version;
}
