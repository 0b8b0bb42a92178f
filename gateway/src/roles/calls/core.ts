/** Engine and agents put together, on one database and any number of Asterisks. */

import { type Loop, startLoop } from '@civicline/protocol/run';
import { type Ari, connectAri } from '../../platform/ari/index.ts';
import type { Logger, Metrics } from '../../platform/http/index.ts';
import type { Database, Sealer } from '../../platform/storage/index.ts';
import type { Organisations } from '../directory/organisations/index.ts';
import {
  type Agents,
  agentMigrations,
  createAgentStore,
  createAgents,
  createRegistrations,
  createSecrets,
  provisionAgent,
  provisionAgents,
  provisionNumbers,
  type Secrets,
  withdrawFormerAgents,
} from './agents/index.ts';
import {
  type Asterisks,
  callMigrations,
  createAsterisks,
  createCallStore,
  createEngine,
  createExchangeCalls,
  type Engine,
  EVENT_FILTER,
} from './engine/index.ts';
import type { ExchangeCalls } from './exchange/port.ts';
import type { Identification } from './identification.ts';
import type { AsteriskSettings } from './settings.ts';

export interface CoreOptions {
  asterisks: readonly AsteriskSettings[];
  /** False: calls come to another gateway, and those in the database are its own. */
  servesCalls: boolean;
  database: Database;
  sealer: Sealer;
  organisations: Organisations;
  identification: Identification;
  /** The ids of all who are signed in. */
  agentsSignedIn: () => Promise<Set<string>>;
  metrics: Metrics;
  log: Logger;
}

export interface Core {
  engine: Engine;
  agents: Agents;
  asterisks: Asterisks;
  secrets: Secrets;
  exchangeCalls: ExchangeCalls;
  /** A password with which the agent's browser can register, known to every Asterisk that is connected. */
  browserPassword(agentId: string): Promise<string>;
  /** Somebody has signed out: the password of the browser ends soon. */
  signedOut(): void;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** Name of the Stasis application in the dialplan. */
const APPLICATION = 'civicline';
/** How soon a browser's password ends when the sign-in ended unheard, by time or at another gateway. */
const END_PASSWORDS_MS = 60_000;

export async function createCore(options: CoreOptions): Promise<Core> {
  const { database, sealer, organisations, identification, metrics, log } = options;
  await database.migrate('calls', callMigrations);
  await database.migrate('agents', agentMigrations);
  const agentStore = createAgentStore(database, sealer);
  const { agents, registrations } = await createAgents({
    store: agentStore,
    makeRegistrations: createRegistrations,
    needPhones: options.asterisks.length > 0,
    log,
  });
  const agentIds = organisations.all.flatMap((organisation) =>
    organisation.agents.filter(({ roles }) => roles.includes('agent')).map(({ id }) => id),
  );
  const secrets = await createSecrets(agentStore, agentIds, Date.now);
  const connections = options.asterisks.map(({ id, url, user, password }) =>
    connectAri({ id, url, user, password, application: APPLICATION, eventFilter: EVENT_FILTER, log }),
  );
  const asterisks = createAsterisks(connections, log);
  const store = createCallStore(database, sealer);

  const engine = createEngine({
    store,
    asterisks,
    organisations,
    identification,
    agents,
    async learn(ari: Ari) {
      await Promise.all([provisionNumbers(ari, organisations), registrations.refresh(ari)]);
    },
    async provision(ari: Ari) {
      await provisionAgents(ari, secrets.all());
      await withdrawFormerAgents(ari, (agentId) => agentIds.includes(agentId));
      await registrations.refresh(ari);
    },
    endpointChanged(asteriskId, resource) {
      const asterisk = asterisks.get(asteriskId);
      if (asterisk) registrations.changed(asterisk.ari, resource);
    },
    metrics,
    log,
  });

  async function tellAsterisks(secret: Parameters<typeof provisionAgent>[1]): Promise<void> {
    const connected = [...asterisks.all()].filter(({ ari }) => ari.state === 'connected');
    await Promise.all(connected.map(({ ari }) => provisionAgent(ari, secret)));
  }

  /** Whoever has signed out must not register any more with what the page was told, nor somebody who has read it. */
  async function endPasswords(): Promise<void> {
    const known = secrets.handedOut();
    if (known.length === 0) return;
    const signedIn = await options.agentsSignedIn();
    for (const agentId of known) {
      const inUse = signedIn.has(agentId) || agents.hasConsole(agentId) || engine.live.ofAgent(agentId) !== undefined;
      if (!inUse) await secrets.renewBrowser(agentId, tellAsterisks);
    }
  }
  let passwords: Loop | undefined;

  return {
    engine,
    agents,
    asterisks,
    secrets,
    exchangeCalls: createExchangeCalls(engine.live, store, organisations),
    async browserPassword(agentId) {
      const { password, isNew } = await secrets.forBrowser(agentId);
      if (isNew) await tellAsterisks({ agentId, kind: 'browser', password });
      return password;
    },
    signedOut: () => passwords?.wake(),
    async start() {
      if (!options.servesCalls) return;
      await engine.start();
      passwords = startLoop(
        async () => {
          await endPasswords();
          return END_PASSWORDS_MS;
        },
        (error) => log.error({ error }, 'passwords of browsers could not be changed'),
      );
    },
    async stop() {
      await passwords?.stop();
      await engine.stop();
      agents.close();
      await Promise.all(connections.map((ari) => ari.close()));
    },
  };
}
