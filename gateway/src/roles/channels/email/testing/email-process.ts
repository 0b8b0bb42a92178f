/** The e-mail channel in a process of its own, to be killed. Takes attempts over IPC, tells when they are stored. */
import process from 'node:process';
import type { Attempt } from '@civicline/protocol/channel';
import { openDatabase } from '../../../../platform/storage/index.ts';
import { openRoom } from './room.ts';

const { url, role, port, keys } = JSON.parse(process.argv[2] ?? '{}');
const database = await openDatabase({ url, role });
const room = await openRoom(database, port, { leaseMs: 1_000, keys });
process.on('message', async ({ attempts }: { attempts: Attempt[] }) => {
  await room.channel.submit(attempts);
  process.send?.('stored');
});
process.on('disconnect', () => process.exit(0));
process.send?.('ready');
