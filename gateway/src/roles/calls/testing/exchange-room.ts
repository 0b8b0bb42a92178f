import { createLog, createMetrics } from '../../../platform/http/index.ts';
import { createSealer, type Database, openDatabase } from '../../../platform/storage/index.ts';
import type { Organisations } from '../../directory/organisations/index.ts';
import { type Core, createCore } from '../core.ts';
import type { Call } from '../engine/index.ts';
import { temporaryFolder } from './folder.ts';
import { standInIdentification } from './identification.ts';
import { testOrganisations } from './organisations.ts';

export interface Room {
  core: Core;
  database: Database;
  databaseUrl: string;
  identification: ReturnType<typeof standInIdentification>;
  /** Live calls, the oldest first. */
  calls(): Call[];
  /** The one live call. */
  call(): Call;
  /** Ends the gateway; calls stay in Asterisk and in the database. */
  stop(): Promise<void>;
}

export interface RoomOptions {
  asterisks: { id: string; url: string; user: string; password: string }[];
  organisations?: Organisations;
  successorOf?: Room;
  /** Of a gateway before; else a new one. */
  databaseUrl?: string;
  agents?: string[];
  /** Default true. */
  servesCalls?: boolean;
}

/** The same in every process of the tests. */
const dataKey = Buffer.alloc(32, 7);

export async function openRoom(options: RoomOptions): Promise<Room> {
  const { organisations = testOrganisations(), successorOf, agents = ['agent-a', 'agent-b'] } = options;
  const databaseUrl = options.databaseUrl ?? successorOf?.databaseUrl ?? `file:${temporaryFolder()}`;
  const database = await openDatabase({ url: databaseUrl, role: 'calls' });
  const identification = successorOf?.identification ?? standInIdentification();
  const core = await createCore({
    agentsSignedIn: async () => new Set(),
    servesCalls: options.servesCalls ?? true,
    asterisks: options.asterisks.map((asterisk) => ({ ...asterisk, softphoneUrl: 'ws://x', sipDomain: 'x' })),
    database,
    sealer: createSealer([dataKey]),
    organisations,
    identification,
    metrics: createMetrics(false),
    log: createLog(process.env.TEST_LOG ?? 'silent'),
  });
  for (const agentId of agents) {
    core.agents.consoleOpened(agentId);
    // At first, agents are on a break.
    if (core.agents.state(agentId).presence === 'break') await core.agents.setPresence(agentId, 'ready', '');
  }
  await core.start();
  const calls = () => [...core.engine.live.all()].map(({ call }) => call);
  return {
    core,
    database,
    databaseUrl,
    identification,
    calls,
    call() {
      const [call] = calls();
      if (!call) throw new Error('there is no call');
      return call;
    },
    async stop() {
      await core.stop();
      await database.close();
    },
  };
}
