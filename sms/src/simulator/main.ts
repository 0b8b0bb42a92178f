/**
 * The SMSC simulator as a process of its own:
 *
 *     tsx sms/src/simulator/main.ts [--smpp-port 2775] [--http-port 8026] [--host 127.0.0.1] [--behaviour JSON]
 *
 * Prints one line of JSON when it listens, ends on SIGTERM and SIGINT. Port 0 is a free one.
 */
import process from 'node:process';
import { parseArgs } from 'node:util';
import { startSmscSimulator } from './index.ts';

const { values } = parseArgs({
  options: {
    'smpp-port': { type: 'string', default: '2775' },
    'http-port': { type: 'string', default: '8026' },
    host: { type: 'string', default: '127.0.0.1' },
    behaviour: { type: 'string', default: '{}' },
  },
});

const simulator = await startSmscSimulator({
  smppPort: Number(values['smpp-port']),
  httpPort: Number(values['http-port']),
  host: values.host,
  behaviour: JSON.parse(values.behaviour),
});
console.log(JSON.stringify({ simulator: 'SMSC', smppPort: simulator.smppPort, url: simulator.url }));

let stopping = false;
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.on(signal, () => {
    if (stopping) process.exit(1);
    stopping = true;
    simulator.stop().then(() => process.exit(0));
  });
}
