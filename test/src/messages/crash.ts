/** `npm run crash -- [KILLS] [DATABASE_URL]`: kills a gateway under load so often (100), counts, and says what it found. */
import process from 'node:process';
import { log } from '@civicline/launcher';
import { crashLoop } from './crash-loop.ts';

const [kills = '100', databaseUrl] = process.argv.slice(2);
const tally = await crashLoop({ kills: Number(kills), log, ...(databaseUrl === undefined ? {} : { databaseUrl }) });
console.log(JSON.stringify({ ...tally, faults: tally.faults.slice(0, 20) }, null, 2));
process.exit(tally.faults.length === 0 ? 0 : 1);
