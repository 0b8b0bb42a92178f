import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { EmailContent } from '@civicline/protocol';
import type { Attempt, Outcome } from '@civicline/protocol/channel';
import { generateSealingKeysSync, type SealingPrivateKey, sealPartSync } from '@civicline/protocol/sealing/node';
import { v7 as uuid } from 'uuid';
import { createLog, createMetrics, type Metrics } from '../../../../platform/http/index.ts';
import type { Database } from '../../../../platform/storage/index.ts';
import { createEmailChannel, type EmailChannel, type EmailSettings } from '../index.ts';
import type { Behaviour, Reply, StartOptions, Told } from './smtp-server.ts';

export const KEYS = generateSealingKeysSync();
export const BOUNCE_TOKEN = 'token-of-the-bounces';
export const CONTENT = { to: 'an@example.org', subject: 'Uw afspraak', text: 'Morgen om 10:00, café Ω.\n.\nTot dan!' };

/** An attempt as SMIS submits it; what is not given is as usual. */
export function attempt(content: Partial<EmailContent> = {}, changes: Partial<Attempt> = {}): Attempt {
  return {
    id: uuid(),
    sender: { id: 'sender-1', name: 'Voorbeeldstad' },
    urgency: 'normal',
    category: 'individual',
    expiresAt: Date.now() + 24 * 3600_000,
    part: sealPartSync('email', { id: KEYS.keyId, publicKey: KEYS.publicKey }, { ...CONTENT, ...content }),
    ...changes,
  };
}

const GOOD: Behaviour = { connect: 'ok', mailFrom: 'ok', rcptTo: 'ok', content: 'ok' };

export interface SmtpProcess {
  port: number;
  mails: Extract<Told, { type: 'mail' }>[];
  /** How often it came to each point. */
  visits: Record<keyof Behaviour, number>;
  /** Resolves when it comes to this point the next time. */
  at(point: keyof Behaviour): Promise<void>;
  /** From now on; what is not named is well. */
  behave(behaviour: Partial<Behaviour>): Promise<void>;
  /** SIGKILL; resolves when it is dead. */
  kill(): Promise<void>;
}

/** Starts the SMTP server. `port`: that of one that was killed, else any. */
export async function startSmtp(
  options: Partial<Omit<StartOptions, 'behaviour'>> & { behaviour?: Partial<Behaviour> } = {},
): Promise<SmtpProcess> {
  const start: StartOptions = { port: 0, tls: 'none', ...options, behaviour: { ...GOOD, ...options.behaviour } };
  const file = join(import.meta.dirname, 'smtp-server.ts');
  const child: ChildProcess = fork(file, [JSON.stringify(start)], { execArgv: ['--import', 'tsx'] });
  const mails: SmtpProcess['mails'] = [];
  const visits = { connect: 0, mailFrom: 0, rcptTo: 0, content: 0 };
  const waiting: { point: keyof Behaviour; resolve: () => void }[] = [];
  child.on('message', (told: Told) => {
    if (told.type === 'mail') mails.push(told);
    if (told.type !== 'at') return;
    visits[told.point]++;
    for (const { resolve } of waiting.filter(({ point }) => point === told.point)) resolve();
  });
  const [listening] = (await once(child, 'message')) as [Extract<Told, { type: 'listening' }>];
  const at = (point: keyof Behaviour) => new Promise<void>((resolve) => waiting.push({ point, resolve }));
  return {
    port: listening.port,
    mails,
    visits,
    at,
    async behave(behaviour) {
      const heard = at('connect');
      child.send({ ...GOOD, ...behaviour });
      await heard;
    },
    async kill() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exit = once(child, 'exit');
      child.kill('SIGKILL');
      await exit;
    },
  };
}

export interface Room {
  channel: EmailChannel;
  metrics: Metrics;
  /** Added to the real time. */
  clock: { ahead: number };
  /** Resolves with the attempt's outcomes so far once there are `count`: each as its reason, or else its kind. */
  told(attemptId: string, count: number): Promise<string[]>;
  stop(): Promise<void>;
}

export async function openRoom(
  database: Database,
  port: number,
  changes: {
    settings?: Partial<EmailSettings>;
    smtp?: Partial<EmailSettings['smtp']>;
    keys?: SealingPrivateKey;
    leaseMs?: number;
  } = {},
): Promise<Room> {
  const metrics = createMetrics(false);
  const clock = { ahead: 0 };
  const channel = await createEmailChannel({
    database,
    privateKeys: [changes.keys ?? KEYS],
    settings: settingsFor(port, changes),
    metrics,
    log: createLog('silent'),
    now: () => Date.now() + clock.ahead,
    ...(changes.leaseMs === undefined ? {} : { leaseMs: changes.leaseMs }),
  });
  channel.start();
  return {
    channel,
    metrics,
    clock,
    told: async (id, count) =>
      (await outcomesOf(channel, id, count)).map(({ kind, reason }) => (kind === 'failed' ? (reason ?? kind) : kind)),
    stop: () => channel.stop(),
  };
}

/** Settings for the server that listens on this port. */
export function settingsFor(
  port: number,
  changes: { settings?: Partial<EmailSettings>; smtp?: Partial<EmailSettings['smtp']> } = {},
): EmailSettings {
  return {
    smtp: {
      host: 'localhost',
      port,
      security: 'none',
      connections: 3,
      silenceMs: 5_000,
      sendMs: 20_000,
      ...changes.smtp,
    },
    from: 'no-reply@example.org',
    returnPath: 'bounces@example.org',
    bounceToken: BOUNCE_TOKEN,
    quietHours: 4,
    unknownHours: 6,
    ...changes.settings,
  };
}

export function outcomesOf(channel: EmailChannel, attemptId: string, count: number): Promise<Outcome[]> {
  return new Promise((resolve, reject) => {
    async function look(): Promise<void> {
      const found = (await channel.outcomes(0, 100_000)).filter((outcome) => outcome.attemptId === attemptId);
      if (found.length < count) return;
      stopListening();
      resolve(found);
    }
    const stopListening = channel.onOutcome(() => void look().catch(reject));
    look().catch(reject);
  });
}

export type { Reply };
