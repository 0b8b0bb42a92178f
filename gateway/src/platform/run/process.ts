import type { Server } from 'node:http';
import type { ChannelName } from '@civicline/protocol';
import type { Channel } from '@civicline/protocol/channel';
import type { Express } from 'express';
import { createHttp, drain, finishHttp, type Logger, listen, type Metrics } from '../http/index.ts';
import { createSealer, type Database, openDatabase } from '../storage/index.ts';
import { serveHealth } from './health.ts';
import type { Readiness, Role, RoleContext, RoleDefinition } from './role.ts';
import type { StorageSettings } from './settings.ts';

/** How long requests under way get when the process stops. */
const DRAIN_MS = 5_000;

export interface RunningProcess {
  /** Where it listens, such as http://127.0.0.1:3000 */
  url: string;
  server: Server;
  /** Finishes what is under way, then closes everything. Repeats wait for the first. */
  stop(): Promise<void>;
}

/** A role with what its settings say. */
export interface ConfiguredRole {
  definition: RoleDefinition;
  settings: unknown;
  storage: StorageSettings;
}

export interface ProcessOptions {
  /** Each after those whose channels it uses. */
  roles: readonly ConfiguredRole[];
  listen: { host: string; port: number };
  trustedProxies: readonly string[];
  /** Channels that run in other processes. */
  channels?: readonly Channel[];
  /** Adds pages that belong to no role. */
  mountPages?(http: Express, roles: readonly Role[]): void;
  metrics: Metrics;
  log: Logger;
  now: () => number;
}

/**
 * Runs roles as one process. Start: create all, mount all, start each, listen, attach sockets. Stop: detach sockets and
 * streams, drain the server, then stop the roles and close their databases, last created first. What has started is
 * stopped again when a later part fails.
 */
export async function startProcess(options: ProcessOptions): Promise<RunningProcess> {
  const { log, metrics, trustedProxies } = options;
  const undo: (() => Promise<void>)[] = [];
  let stopped: Promise<void> | undefined;

  async function unwind(): Promise<void> {
    for (const step of undo.splice(0).reverse()) {
      await step().catch((error: unknown) => log.error({ error }, 'stopping: a part failed; the others are stopped'));
    }
  }

  try {
    const { roles, readiness } = await createRoles(options, undo);
    const http = createHttp({ log, metrics, trustedProxies });
    for (const role of roles) role.mount(http);
    serveHealth(http, { metrics, readiness, isStopping: () => stopped !== undefined });
    options.mountPages?.(http, roles);
    finishHttp(http, log);
    for (const role of roles) await role.start();
    const { host } = options.listen;
    const { server, port } = await listen(http, host, options.listen.port);
    undo.push(async () => {
      await Promise.all(roles.map((role) => role.detach?.()));
      await drain(server, DRAIN_MS);
    });
    for (const role of roles) role.attach?.(server);
    return {
      url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
      server,
      stop: () => (stopped ??= unwind()),
    };
  } catch (error) {
    await unwind();
    throw error;
  }
}

async function createRoles(
  { roles: configured, channels: elsewhere = [], metrics, log, now }: ProcessOptions,
  undo: (() => Promise<void>)[],
): Promise<{ roles: Role[]; readiness: Readiness[] }> {
  const channels = new Map<ChannelName, Channel>(elsewhere.map((channel) => [channel.name, channel]));
  const roles: Role[] = [];
  const databases = new Map<string, Database>();
  const readiness: Readiness[] = [];
  for (const { definition, settings, storage } of configured) {
    const { name } = definition;
    const context: RoleContext = {
      async open() {
        const database = await openDatabase({ url: storage.databaseUrl, role: name });
        undo.push(() => database.close());
        databases.set(name, database);
        return database;
      },
      sealer: () => createSealer(storage.dataKeys),
      channels,
      metrics,
      log,
      now,
    };
    const role = await definition.create(settings, context);
    undo.push(() => role.stop());
    roles.push(role);
    readiness.push(...(role.readiness ?? []));
    if (role.channel) channels.set(role.channel.name, role.channel);
  }
  return { roles, readiness: [...databaseReadiness(databases), ...readiness] };
}

/** One role's database that is away takes nothing from the others: the process is not ready when none answers. */
function databaseReadiness(databases: ReadonlyMap<string, Database>): Readiness[] {
  const answers = (database: Database) =>
    database.sql
      .selectNoFrom((expression) => expression.val(1).as('one'))
      .execute()
      .then(
        () => true,
        () => false,
      );
  const all = [...databases.values()];
  const any: Readiness = {
    name: 'database',
    vital: all.length > 0,
    check: async () => (await Promise.all(all.map(answers))).includes(true),
  };
  if (all.length < 2) return [any];
  const each = [...databases].map(([name, database]) => {
    return { name: `database of ${name}`, vital: false, check: () => answers(database) };
  });
  return [any, ...each];
}
