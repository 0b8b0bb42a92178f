/**
 * `npm run crash -- [--separate] [KILLS] [DATABASE_URL]`: kills a gateway under load so often (100), counts, and says what it
 * found. Without a database it is SQLite; `postgresql` is a server of its own. `--separate`: SMIS and the SMS channel are
 * processes of their own, killed one by one.
 */
import process from 'node:process';
import { parseArgs } from 'node:util';
import { log } from '@civicline/launcher';
import { startCluster } from '../../../gateway/src/platform/storage/testing/index.ts';
import { crashLoop } from './crash-loop.ts';

const { values, positionals } = parseArgs({ options: { separate: { type: 'boolean' } }, allowPositionals: true });
const [kills = '100', wanted] = positionals;
const { separate = false } = values;
const cluster = wanted === 'postgresql' ? await startCluster() : null;
const databaseUrl = cluster?.url ?? wanted;
const database = databaseUrl === undefined ? {} : { databaseUrl };
const tally = await crashLoop({ kills: Number(kills), log, separate, ...database });
await cluster?.remove();
console.log(JSON.stringify({ ...tally, faults: tally.faults.slice(0, 20) }, null, 2));
process.exit(tally.faults.length === 0 ? 0 : 1);
