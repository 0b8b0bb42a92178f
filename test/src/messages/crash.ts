/**
 * `npm run crash -- [KILLS] [DATABASE_URL]`: kills a gateway under load so often (100), counts, and says what it found.
 * Without a database it is SQLite; `postgresql` is a server of its own.
 */
import process from 'node:process';
import { log } from '@civicline/launcher';
import { startCluster } from '../../../gateway/src/platform/storage/testing/index.ts';
import { crashLoop } from './crash-loop.ts';

const [kills = '100', wanted] = process.argv.slice(2);
const cluster = wanted === 'postgresql' ? await startCluster() : null;
const databaseUrl = cluster?.url ?? wanted;
const tally = await crashLoop({ kills: Number(kills), log, ...(databaseUrl === undefined ? {} : { databaseUrl }) });
await cluster?.remove();
console.log(JSON.stringify({ ...tally, faults: tally.faults.slice(0, 20) }, null, 2));
process.exit(tally.faults.length === 0 ? 0 : 1);
