import { randomBytes } from 'node:crypto';
import type { Attempt, Channel } from '@civicline/protocol/channel';
import { generateSealingKeysSync } from '@civicline/protocol/sealing/node';
import { v7 as uuid } from 'uuid';
import { createLog, createMetrics } from '../../platform/http/index.ts';
import { createSealer, type Database } from '../../platform/storage/index.ts';
import { eachEngine } from '../../platform/storage/testing/index.ts';
import { createStandInChannel } from '../smis/testing/stand-in-channel.ts';
import { type ChannelUnderTest, itConforms } from './conformance.ts';
import { createEmailChannel } from './email/index.ts';
import * as email from './email/testing/room.ts';
import { createSmsChannel } from './sms/index.ts';
import * as sms from './sms/testing/room.ts';
import { standInRouter } from './sms/testing/stand-in-router.ts';

interface Working extends Channel {
  start(): void;
  stop(): Promise<void>;
}

/** `create` opens the channel on its database, anew after a restart. */
async function underTest(
  create: () => Promise<Working>,
  makes: Pick<ChannelUnderTest, 'attempt' | 'unopenable'>,
  end: () => Promise<void> = async () => undefined,
): Promise<ChannelUnderTest> {
  let working = await create();
  return {
    ...makes,
    get channel() {
      return working;
    },
    start: () => working.start(),
    async restart() {
      await working.stop();
      working = await create();
    },
    async close() {
      await working.stop();
      await end();
    },
  };
}

const common = () => ({ metrics: createMetrics(false), log: createLog('silent'), now: Date.now });
const sealedFor = (keyId: string, attempt: Attempt): Attempt => ({ ...attempt, part: { ...attempt.part, keyId } });
const UNKNOWN_KEY = generateSealingKeysSync().keyId;

describe('a channel as SMIS knows it', () => {
  describe('SMS', () =>
    eachEngine((open) => {
      itConforms(async () => {
        const database = await open();
        const create = () =>
          createSmsChannel({
            ...common(),
            database,
            privateKeys: [sms.KEYS],
            connect: standInRouter().connect,
            sealer: createSealer([randomBytes(32)]),
          });
        return underTest(create, { attempt: sms.attempt, unopenable: () => sealedFor(UNKNOWN_KEY, sms.attempt()) });
      });
    }));

  describe('e-mail', () =>
    eachEngine((open) => {
      itConforms(async () => {
        const [database, smtp] = [await open(), await email.startSmtp()];
        const create = () =>
          createEmailChannel({
            ...common(),
            database,
            privateKeys: [email.KEYS],
            settings: email.settingsFor(smtp.port),
          });
        const makes = { attempt: email.attempt, unopenable: () => sealedFor(UNKNOWN_KEY, email.attempt()) };
        return underTest(create, makes, smtp.kill);
      });
    }));

  describe('the stand-in', () =>
    eachEngine((open) => {
      itConforms(async () => {
        const database = await open();
        return underTest(() => createStandIn(database), {
          attempt: standInAttempt,
          unopenable: () => sealedFor(UNKNOWN_KEY, standInAttempt()),
        });
      });
    }));
});

async function createStandIn(database: Database): Promise<Working> {
  const channel = await createStandInChannel({
    name: 'sms',
    database,
    script: ({ part }) => [
      part.keyId === UNKNOWN_KEY ? { kind: 'failed', reason: 'KEY_UNKNOWN' } : { kind: 'handed-over' },
    ],
  });
  channel.held = true;
  return Object.assign(channel, { start: () => void channel.release(), stop: async () => undefined });
}

function standInAttempt(): Attempt {
  const part = { keyId: 'sms-1', sealed: 'A'.repeat(240) };
  const sender = { id: 'sender-1', name: 'Voorbeeldstad' };
  return { id: uuid(), sender, urgency: 'normal', category: 'individual', expiresAt: Date.now() + 3600_000, part };
}
