import { randomBytes } from 'node:crypto';
import type { SmsContent } from '@civicline/protocol';
import type { Attempt, Outcome } from '@civicline/protocol/channel';
import { generateSealingKeysSync, sealPartSync } from '@civicline/protocol/sealing/node';
import { v7 as uuid } from 'uuid';
import { createLog, createMetrics, type Metrics } from '../../../../platform/http/index.ts';
import { createSealer, type Database } from '../../../../platform/storage/index.ts';
import { createSmsChannel, type SmsChannel, type SmsChannelOptions } from '../index.ts';
import { type StandInRouter, standInRouter } from './stand-in-router.ts';

export const KEYS = generateSealingKeysSync();
const LOOK_EVERY_MS = 250;
export const SENDER = { id: 'sender-1', name: 'Voorbeeldstad' };

/** An attempt as SMIS submits it; what is not given is as usual. */
export function attempt(content: Partial<SmsContent> = {}, changes: Partial<Attempt> = {}): Attempt {
  const sealed = { to: '+32470000001', text: 'Uw afspraak is morgen om 10:00', ...content };
  return {
    id: uuid(),
    sender: SENDER,
    urgency: 'normal',
    category: 'individual',
    expiresAt: Date.now() + 3600_000,
    part: sealPartSync('sms', { id: KEYS.keyId, publicKey: KEYS.publicKey }, sealed),
    ...changes,
  };
}

export interface Room {
  channel: SmsChannel;
  router: StandInRouter;
  metrics: Metrics;
  /** Added to the real time. */
  clock: { ahead: number };
  /** Resolves with the attempt's outcomes so far once there are `count`. */
  outcomes(attemptId: string, count: number): Promise<Outcome[]>;
  stop(): Promise<void>;
}

/** A channel with a stand-in for its routes. */
export async function openRoom(database: Database, options: Partial<SmsChannelOptions> = {}): Promise<Room> {
  const router = standInRouter();
  const metrics = createMetrics(false);
  const clock = { ahead: 0 };
  const channel = await createSmsChannel({
    database,
    privateKeys: [KEYS],
    connect: router.connect,
    sealer: createSealer([randomBytes(32)]),
    metrics,
    log: createLog('silent'),
    now: () => Date.now() + clock.ahead,
    ...options,
  });
  channel.start();
  return {
    channel,
    router,
    metrics,
    clock,
    outcomes: (attemptId, count) => waitForOutcomes(channel, attemptId, count),
    stop: () => channel.stop(),
  };
}

/** Looks when the channel tells of some, and now and then, as SMIS does: another process may have stored them. */
function waitForOutcomes(channel: SmsChannel, attemptId: string, count: number): Promise<Outcome[]> {
  return new Promise((resolve, reject) => {
    async function look(): Promise<void> {
      const found = (await channel.outcomes(0, 100_000)).filter((outcome) => outcome.attemptId === attemptId);
      if (found.length >= count) end(() => resolve(found));
    }
    function end(settle: () => void): void {
      stopListening();
      clearInterval(looking);
      settle();
    }
    const lookAgain = () => void look().catch((error) => end(() => reject(error)));
    const stopListening = channel.onOutcome(lookAgain);
    const looking = setInterval(lookAgain, LOOK_EVERY_MS);
    lookAgain();
  });
}
