import type { Server } from 'node:http';
import type { ChannelName } from '@civicline/protocol';
import type { Channel } from '@civicline/protocol/channel';
import type { Express } from 'express';
import type { z } from 'zod';
import type { Logger, Metrics, Operation } from '../http/index.ts';
import type { Database, KeyedColumn, Sealer } from '../storage/index.ts';

/**
 * A part of Civicline that may be a process of its own, with its settings, database and keys: calls, SMIS, a channel.
 * One process runs any number of them; see {@link startProcess} for the order in which the methods are called.
 */
export interface Role {
  /** Its public HTTP API, for the documentation. */
  readonly operations: readonly Operation[];
  /** What the codes in its log mean. */
  readonly logCodes?: Readonly<Record<string, string>>;
  readonly readiness?: readonly Readiness[];
  /** Channels: how SMIS reaches it when both are in one process. */
  readonly channel?: Channel;
  mount(http: Express): void;
  /** Takes up what the database says was under way. */
  start(): Promise<void> | void;
  /** Sockets connect to this server from now on. */
  attach?(server: Server): void;
  /** Ends sockets and streams, which would stay open for ever and keep the server from closing. */
  detach?(): Promise<void> | void;
  /** Resolves when work under way has ended, or is kept for the next start. Also called when `start` was not. */
  stop(): Promise<void>;
}

/** How something that a role needs is doing; shown by `/ready`. */
export interface Readiness {
  name: string;
  /** Without it no request can be answered; others are reported only. */
  vital: boolean;
  /** A check that throws counts as false. */
  check(): Promise<boolean> | boolean;
}

/** What a role gets from its process. */
export interface RoleContext {
  /** Opens the role's own database; the process closes it after the role has stopped. */
  open(): Promise<Database>;
  /** Seals with the role's own key. Throws when the role was declared to seal nothing. */
  sealer(): Sealer;
  /** The channels of the same process, and those that run elsewhere. */
  channels: ReadonlyMap<ChannelName, Channel>;
  metrics: Metrics;
  log: Logger;
  /** UTC milliseconds. */
  now: () => number;
}

export interface RoleDefinition<Settings = unknown> {
  /** Also the name of its database, and the suffix of its variables: `CIVICLINE_DATA_KEY_<NAME>`. */
  readonly name: string;
  /** Parses the environment. */
  readonly settings: z.ZodType<Settings>;
  /** Whether it needs a data key. */
  readonly seals: boolean;
  /** What depends on its data key and is moved when that changes. */
  readonly keyedColumns?: readonly KeyedColumn[];
  create(settings: Settings, context: RoleContext): Promise<Role>;
}
