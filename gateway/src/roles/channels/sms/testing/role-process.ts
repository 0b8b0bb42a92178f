/**
 * The role as a process of its own, to be killed: `role-process.ts FOLDER SMPP_PORT PRIVATE_KEY load|drain`.
 * `load` submits batch after batch and prints the ids of each once it is acknowledged, and `going` after the first
 * hand-over; `drain` prints `drained` when
 * nothing waits any more, and ends.
 */
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import type { Attempt } from '@civicline/protocol/channel';
import { publicKeyOf, sealPartSync } from '@civicline/protocol/sealing/node';
import { createRouter, parseRoutes } from '@civicline/sms';
import { v7 as uuid } from 'uuid';
import { createLog, createMetrics } from '../../../../platform/http/index.ts';
import { createQueue, createSealer, openDatabase } from '../../../../platform/storage/index.ts';
import { createSmsChannel } from '../index.ts';

const [folder = '', port = '', privateKey = '', task = ''] = process.argv.slice(2);
const LEASE_MS = 1_500;
const BATCH = 20;
const key = { keyId: 'test', privateKey };
const ROUTES = `routes:
  - name: first
    kind: smpp
    host: 127.0.0.1
    port: ${port}
    systemId: test
    password: \${PASSWORD}
    prefixes: [{ prefix: '+32', price: 0.03 }]
`;
const routes = parseRoutes(ROUTES, 'routes.yaml', { environment: { PASSWORD: 'secret' }, folder });
const database = await openDatabase({ url: `file:${folder}`, role: 'sms' });
const channel = await createSmsChannel({
  database,
  privateKeys: [key],
  connect: (listener) => createRouter({ file: routes, listener }),
  sealer: createSealer([Buffer.alloc(32, 1)]),
  metrics: createMetrics(false),
  log: createLog('warn'),
  now: Date.now,
  leaseMs: LEASE_MS,
});
channel.start();
if (task === 'load') await load();
else await drain();

async function load(): Promise<never> {
  const stopListening = channel.onOutcome(() => {
    stopListening();
    process.stdout.write('going\n');
  });
  for (;;) {
    const attempts = Array.from({ length: BATCH }, () => attempt(uuid()));
    await channel.submit(attempts);
    process.stdout.write(`${attempts.map(({ id }) => id).join(' ')}\n`);
    await delay(5);
  }
}

async function drain(): Promise<void> {
  const queue = createQueue(database, 'sms_queue', Date.now);
  while ((await queue.counts()).length > 0) await delay(50);
  process.stdout.write('drained\n');
  // Until the parent has written the last receipts.
  for await (const _line of createInterface(process.stdin)) break;
  await channel.stop();
  await database.close();
}

/** Its text is its id, so that the SMSC can be asked how often it came. */
function attempt(id: string): Attempt {
  const part = sealPartSync('sms', publicKeyOf(key), { to: '+32470000001', text: id });
  const sender = { id: 'sender-1', name: 'Voorbeeldstad' };
  return { id, sender, urgency: 'normal', category: 'individual', expiresAt: Date.now() + 3600_000, part };
}
