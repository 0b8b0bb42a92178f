/**
 * The role `email`: address and text arrive sealed, leave through one SMTP server, and are forgotten; what became of
 * each is told as an outcome. Its own database; SMIS knows it as a {@link Channel} only.
 */
import type { Channel } from '@civicline/protocol/channel';
import { publicKeyOf, type SealingPrivateKey } from '@civicline/protocol/sealing/node';
import type { Express } from 'express';
import type { Logger, Metrics, Operation } from '../../../platform/http/index.ts';
import { createQueue, type Database, queueMigrations } from '../../../platform/storage/index.ts';
import { createOutcomes } from '../kit/outcomes.ts';
import { storing } from '../kit/storing.ts';
import { createUpkeep } from '../kit/upkeep.ts';
import type { Report } from './bounces.ts';
import type { EmailEvent } from './machine.ts';
import { createEmailMetrics } from './metrics.ts';
import { openEmail } from './open-part.ts';
import { emailOperations, mountBounces } from './routes.ts';
import type { EmailSettings } from './settings.ts';
import { createStore } from './store.ts';
import { migrations, OUTCOMES, type Tables } from './tables.ts';
import { createMailTransport, type Mail } from './transport.ts';
import { createWorker } from './worker.ts';

/** How long an ended attempt is remembered: a submit that comes again within it does nothing. */
const REMEMBER_MS = 24 * 3600_000;
const LEASE_MS = 30_000;

export interface EmailChannel extends Channel {
  operations: Operation[];
  mount(http: Express): void;
  start(): void;
  /** Finishes the mails that are under way, then leaves the server. */
  stop(): Promise<void>;
}

export interface EmailChannelOptions {
  database: Database;
  /** Those to open sealed parts with; senders are told to seal for the first. */
  privateKeys: readonly [SealingPrivateKey, ...SealingPrivateKey[]];
  settings: EmailSettings;
  metrics: Metrics;
  log: Logger;
  now: () => number;
  /** For tests: how long a worker that died blocks what it had, milliseconds. */
  leaseMs?: number;
}

/** Resolves when the tables are there. Nothing leaves before `start`. */
export async function createEmailChannel(options: EmailChannelOptions): Promise<EmailChannel> {
  const { privateKeys, settings, log, now, leaseMs = LEASE_MS } = options;
  const database = options.database.withTables<Tables>();
  await database.migrate('email', migrations);
  await database.migrate('email_queue', queueMigrations('email'));
  const queue = createQueue(options.database, 'email', now);
  const outcomes = createOutcomes(options.database, OUTCOMES, log);
  const store = createStore({
    database,
    queue,
    rules: {
      quietMs: settings.quietHours * 3600_000,
      unknownMs: settings.unknownHours * 3600_000,
      rememberMs: REMEMBER_MS,
    },
    outcomes,
  });
  const metrics = createEmailMetrics(options.metrics, queue);
  const worker = createWorker({
    database: options.database,
    queue,
    store,
    transport: createMailTransport(settings.smtp),
    connections: settings.smtp.connections,
    open: (part) => openEmail(privateKeys, part),
    mailOf: ({ id, sender_name }, content) => mailOf(settings, id, sender_name, content),
    leaseMs,
    metrics,
    log,
    now,
  });
  const upkeep = createUpkeep({
    overdue: store.overdue,
    step: (ids, at) => store.happened(ids.map((attemptId) => ({ attemptId, event: { type: 'deadline', at } }))),
    onError: (error) => log.error({ error }, 'upkeep of e-mails failed'),
    now,
  });
  const keys = privateKeys.map(publicKeyOf);

  async function take(report: Report | null) {
    const result = report ? await apply(report) : 'ignored';
    metrics.report(result === 'failed' && report?.kind === 'failed' ? report.reason : result);
    return result;
  }

  async function apply(report: Report) {
    if (report.kind === 'delayed') return 'delayed';
    const at = now();
    const event: EmailEvent =
      report.kind === 'failed' ? { type: 'bounced', reason: report.reason, at } : { type: 'reported-delivered', at };
    const [state] = await store.happened([{ attemptId: report.attemptId, event }]);
    return state === null || state === undefined ? 'late' : report.kind;
  }

  return {
    name: 'email',
    operations: settings.bounceToken === null ? [] : emailOperations,
    mount(http) {
      if (settings.bounceToken !== null) mountBounces(http, settings.bounceToken, take);
    },
    start() {
      worker.start();
      upkeep.start();
    },
    async stop() {
      await Promise.all([worker.stop(), upkeep.stop()]);
    },
    keys: async () => keys,
    async submit(attempts) {
      await storing(store.submit(attempts, now()));
      worker.wake();
    },
    async cancel(attemptIds) {
      const event = { type: 'cancel', at: now() } as const;
      const states = await store.happened(attemptIds.map((attemptId) => ({ attemptId, event })));
      await worker.withdraw(attemptIds.map((id, i) => ({ id, state: states[i] ?? null })));
    },
    outcomes: outcomes.outcomes,
    acknowledge: outcomes.acknowledge,
    onOutcome: outcomes.onOutcome,
  };
}

/** Message-ID, envelope id and return path (VERP) are made from the attempt's id, so that a bounce names it. */
function mailOf(
  { from, returnPath }: EmailSettings,
  id: string,
  senderName: string,
  { to, subject, text }: { to: string; subject: string; text: string },
): Mail {
  const [local = '', domain = ''] = splitAddress(returnPath);
  return {
    from: { name: senderName, address: from },
    to,
    subject,
    text,
    messageId: `<${id}@${domain}>`,
    returnPath: `${local}+${id}@${domain}`,
    envelopeId: id,
  };
}

function splitAddress(address: string): [string, string] {
  const at = address.lastIndexOf('@');
  return [address.slice(0, at), address.slice(at + 1)];
}
