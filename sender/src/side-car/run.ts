/** `civicline-side-car`: starts the side-car and stops it by signal. */
import { parseArgs } from 'node:util';
import { UsageError } from '../command-line/usage.ts';
import { destination } from '../command-line/where.ts';
import { ConfigError, configFromEnvironment, createLog, readConfig, runSideCar } from './index.ts';

const HELP = `Runs beside a government application and hands its messages to SMIS.

  npx civicline-side-car                       one service, told by the environment
  npx civicline-side-car --config FILE.yaml    any number; see docs/sending.md

Without a file: CIVICLINE_URL and CIVICLINE_KEY (else the npm start of this clone), CIVICLINE_SIDE_CAR_LISTEN
(127.0.0.1:8025), CIVICLINE_SIDE_CAR_FOLDER (.civicline-side-car), CIVICLINE_SIDE_CAR_API_KEY (what the service sends;
needed for the RingRing API), CIVICLINE_SIDE_CAR_CATEGORY (individual), CIVICLINE_SIDE_CAR_COUNTRY.`;

/** Resolves with the exit code when a signal has ended it. */
export async function run(args: readonly string[], process: NodeJS.Process): Promise<number> {
  const say = (text: string) => process.stderr.write(`${text}\n`);
  const stop = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve());
  });
  try {
    const values = read(args);
    if (values.help) {
      process.stdout.write(`${HELP}\n`);
      return 0;
    }
    const config =
      values.config === undefined
        ? configFromEnvironment(process.env, await destination({}, process.env))
        : readConfig(values.config, process.env);
    const sideCar = await runSideCar({ config, log: createLog(process.stderr, Date.now) });
    process.stdout.write(`listening on ${sideCar.url}\n`);
    await stop;
    await sideCar.stop();
    return 0;
  } catch (error) {
    if (error instanceof ConfigError || error instanceof UsageError) {
      say(error.message);
      return 2;
    }
    const { code } = Object(error) as { code?: string };
    say(code === 'EADDRINUSE' ? 'Another program listens there already.' : (error as Error).message);
    return 1;
  }
}

function read(args: readonly string[]): { config?: string; help?: boolean } {
  try {
    return parseArgs({ args: [...args], options: { config: { type: 'string' }, help: { type: 'boolean' } } }).values;
  } catch {
    throw new UsageError('Only --config FILE and --help are known.');
  }
}
