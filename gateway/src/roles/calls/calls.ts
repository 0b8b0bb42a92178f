/** The calls role without its requests: the engine with Asterisk behind it, the agents, their consoles, the audit. */
import type { Server } from 'node:http';
import type { SoftphoneCredentials } from '@civicline/protocol';
import type { Express } from 'express';
import { AppError, type Logger, type Metrics } from '../../platform/http/index.ts';
import type { Database, Sealer } from '../../platform/storage/index.ts';
import { isOpen, type Organisations } from '../directory/organisations/index.ts';
import type { SignIn } from '../directory/sign-in/index.ts';
import { mountAgents, mountSoftphoneAdmission, sipPhoneOperation, softphoneLogCodes } from './agents/index.ts';
import { auditExportOperation, auditMigrations, auditOperation, createAudit, mountAudit } from './audit/index.ts';
import { createConsoles } from './console/index.ts';
import { type Core, createCore } from './core.ts';
import type { ExchangeCalls } from './exchange/port.ts';
import type { Identification } from './identification.ts';
import type { CallsSettings } from './settings.ts';
import { turnServers } from './turn.ts';

export interface CallsOptions {
  config: Pick<CallsSettings, 'asterisks' | 'exchangeKeys' | 'turn' | 'publicUrl'>;
  database: Database;
  sealer: Sealer;
  organisations: Organisations;
  identification: Identification;
  signIn: Pick<SignIn, 'agentFromCookie' | 'agentsSignedIn' | 'whenEnded' | 'seen' | 'requireAgent' | 'requireRole'>;
  metrics: Metrics;
  log: Logger;
}

export interface Calls {
  exchangeCalls: ExchangeCalls;
  /** Whether calls of any Asterisk can be answered. */
  telephonyAvailable(): boolean;
  mount(http: Express): void;
  /** Consoles connect to this server from now on. */
  attach(server: Server): void;
  /** Ends the connections of consoles, which would stay open for ever. */
  detach(): Promise<void>;
  /** Takes up the calls of the database and connects with every Asterisk. */
  start(): Promise<void>;
  /** Calls go on in Asterisk, and are taken up by the next start. */
  stop(): Promise<void>;
}

export const callOperations = [auditOperation, auditExportOperation, sipPhoneOperation];
export const callLogCodes = softphoneLogCodes;

export async function createCalls(options: CallsOptions): Promise<Calls> {
  const { config, database, organisations, signIn, metrics, log } = options;
  await database.migrate('audit', auditMigrations(database.engine));
  const audit = createAudit(database);
  const servesCalls = config.asterisks.length + config.exchangeKeys.length > 0;
  const core = await createCore({
    ...options,
    asterisks: config.asterisks,
    servesCalls,
    agentsSignedIn: signIn.agentsSignedIn,
  });
  const consoles = createConsoles({
    ...core,
    audit,
    organisations,
    signIn,
    softphone: (agentId) => softphoneOf(agentId, core, options),
    isQueueOpen: (organisationId, queueId) =>
      isOpen(organisations.queue(organisationId, queueId)?.openingHours, Date.now()),
    publicUrl: config.publicUrl,
    metrics,
    log,
  });

  return {
    exchangeCalls: core.exchangeCalls,
    telephonyAvailable: core.asterisks.anyAvailable,
    mount(http) {
      mountAudit(http, { audit, organisations, signIn });
      mountSoftphoneAdmission(http, {
        signIn,
        publicUrl: config.publicUrl,
        asterisks: config.asterisks.length,
        metrics,
        log,
        now: Date.now,
      });
      mountAgents(http, { secrets: core.secrets, asterisks: config.asterisks, signIn });
    },
    attach: consoles.attach,
    detach: consoles.close,
    start: core.start,
    stop: core.stop,
  };
}

/** The page's phone registers with every Asterisk, those that are away included: it goes on trying. */
async function softphoneOf(agentId: string, core: Core, options: CallsOptions): Promise<SoftphoneCredentials> {
  const { config, organisations } = options;
  if (config.asterisks.length === 0)
    throw new AppError(503, 'TELEPHONY_UNAVAILABLE', 'There is no connection with the telephony.');
  if (!organisations.agent(agentId)?.agent.roles.includes('agent')) {
    throw new AppError(403, 'ROLE_MISSING', 'Your roles do not include this.');
  }
  const user = `browser-${agentId}`;
  const password = await core.browserPassword(agentId);
  return {
    accounts: config.asterisks.map(({ softphoneUrl, sipDomain }) => ({
      websocketUrl: softphoneUrl,
      sipUri: `sip:${user}@${sipDomain}`,
      user,
      password,
    })),
    iceServers: turnServers(config.turn, Date.now()),
  };
}
