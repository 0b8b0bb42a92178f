/** The command line of `npm start`. */
import { parseArgs } from 'node:util';

export const START_HELP = `npm start -- [options]

Starts Civicline on this machine: Asterisk, the Yivi server, a simulated mobile carrier, sign-in and the gateway.
Ctrl-C stops everything. State and logs are kept under .civicline/.

  --port N     first of ten ports in a row; voice uses a thousand from N + 10000 on; default 3000
  --separate   each role of the gateway as a process of its own, with a database and keys of its own
  --help
`;

export interface StartOptions {
  help: boolean;
  port: number;
  separate: boolean;
}

const FIRST_PORT = { least: 1024, most: 54_000 };

/** @throws TypeError that says which option is wrong. */
export function readStartOptions(args: string[]): StartOptions {
  const { values } = parseArgs({
    args,
    options: {
      port: { type: 'string', default: '3000' },
      separate: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const port = Number(values.port);
  const { least, most } = FIRST_PORT;
  if (!Number.isInteger(port) || port < least || port > most)
    throw new TypeError(`--port takes a whole number from ${least} to ${most}`);
  return { help: values.help, port, separate: values.separate };
}
