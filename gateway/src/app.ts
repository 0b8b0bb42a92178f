/** The composition root: the only file that knows every part of the gateway. */
import { readFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { join, resolve } from 'node:path';
import type { Config } from './config.ts';
import { createMessages } from './messages.ts';
import {
  createEventStreams,
  createHttp,
  createMetrics,
  drain,
  finishHttp,
  Gauge,
  type Logger,
  listen,
} from './platform/http/index.ts';
import { createSealer, openDatabase } from './platform/storage/index.ts';
import { createExchange, exchangeOperations } from './roles/calls/exchange/index.ts';
import { callOperations, createCalls } from './roles/calls/index.ts';
import { createCallRequests, requestLogCodes, requestOperations } from './roles/calls/requests/index.ts';
import { createIrmaClient, type IrmaClient } from './roles/directory/irma/index.ts';
import { createOrganisations, readOrganisationsFile } from './roles/directory/organisations/index.ts';
import { createSignIn, signInLogCodes, signInOperations } from './roles/directory/sign-in/index.ts';
import { type Readiness, serveFrontEnds, serveOwnPages } from './site/index.ts';

const ROOT = resolve(import.meta.dirname, '../..');
/** How long requests under way get when the gateway stops. */
const DRAIN_MS = 5_000;

export interface Gateway {
  /** Where it listens, such as http://127.0.0.1:3000 */
  url: string;
  server: Server;
  /** Finishes what is under way, then closes everything. Repeats wait for the first. */
  stop(): Promise<void>;
}

export interface GatewayOptions {
  config: Config;
  log: Logger;
  /** The process's own metrics as well; once per process. */
  processMetrics?: boolean;
  /** For tests: another clock, a stand-in for the IRMA server. */
  now?: () => number;
  irma?: IrmaClient;
}

/** Starts a gateway; it answers when the promise resolves. */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const { config, log, now = Date.now } = options;
  const organisations = createOrganisations(readOrganisationsFile(config.organisationsFile));
  const metrics = createMetrics(options.processMetrics ?? false);
  const openRole = (role: string) => openDatabase({ url: config.databaseUrl, role });
  const database = await openRole('calls');
  const sealer = createSealer(config.dataKeys);
  const streams = createEventStreams();
  const irma = options.irma ?? createIrmaClient(config.irma);
  const signIn = await createSignIn({ config, database, organisations, log, now });
  const requests = await createCallRequests({
    config,
    database,
    sealer,
    organisations,
    irma,
    streams,
    log,
    metrics,
    now,
  });

  const calls = await createCalls({
    config,
    database,
    sealer,
    organisations,
    identification: requests.identification,
    signIn,
    metrics,
    log,
  });

  const exchange = await createExchange({
    config,
    database,
    sealer,
    organisations,
    calls: calls.exchangeCalls,
    log,
    now,
  });

  const messages = await createMessages({ config, open: openRole, sealer, metrics, log, now });

  new Gauge({
    name: 'civicline_status_streams',
    help: 'Pages that follow a call request.',
    registers: [metrics],
    collect() {
      this.set(streams.size());
    },
  });

  let stopped: Promise<void> | null = null;
  const readiness: Readiness[] = [
    {
      name: 'database',
      vital: true,
      check: async () =>
        (await database.sql.selectNoFrom((expression) => expression.val(1).as('one')).execute()) && true,
    },
    // Without Asterisk, citizens still get codes and consoles their calls.
    { name: 'telephony', vital: false, check: async () => calls.telephonyAvailable() },
  ];
  const operations = [
    ...requestOperations,
    ...exchangeOperations,
    ...callOperations,
    ...signInOperations,
    ...messages.operations,
  ];

  const http = createHttp({ log, metrics, trustedProxies: config.trustedProxies });
  signIn.mount(http);
  requests.mount(http);
  exchange.mount(http);
  calls.mount(http);
  messages.mount(http);
  serveOwnPages(http, {
    operations,
    demo: config.demo ? { phonesUrl: config.phonesUrl } : null,
    logCodes: { ...requestLogCodes, ...signInLogCodes },
    version: version(),
    metrics,
    readiness,
    stopping: () => stopped !== null,
  });
  serveFrontEnds(http, {
    root: ROOT,
    publicUrl: config.publicUrl,
    softphoneUrls: config.asterisks.map(({ softphoneUrl }) => softphoneUrl),
    issuer: config.signIn.issuer,
    irmaClientUrl: config.irma.clientUrl,
    demo: config.demo,
  });
  finishHttp(http, log);

  const stopUpkeep = requests.upkeep.start();
  await calls.start();
  messages.start();
  const { server, port } = await listen(http, config.listen.host, config.listen.port);
  calls.attach(server);

  async function stop(): Promise<void> {
    streams.close();
    await calls.stop();
    await Promise.all([drain(server, DRAIN_MS), stopUpkeep()]);
    await messages.stop();
    signIn.close();
    exchange.close();
    await database.close();
  }

  return {
    url: `http://${config.listen.host.includes(':') ? `[${config.listen.host}]` : config.listen.host}:${port}`,
    server,
    stop: () => (stopped ??= stop()),
  };
}

function version(): string {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
  return version;
}
