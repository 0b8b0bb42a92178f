/** `npm run demo:call`: plays the citizen. */
import { join, resolve } from 'node:path';
import process from 'node:process';
import { readRunFile } from '@civicline/launcher/run-file';
import { createCaller } from '../phone/index.ts';
import { prepareCitizen } from './citizen.ts';
import type { CitizenCall, CitizenWorld } from './citizen-plan.ts';
import { requireGateway } from './gateway-api.ts';
import { CALL_HELP, type CallOptions, readCallOptions } from './options.ts';
import { createTeller, summary, wentWrong } from './report.ts';
import { createWallets, type Wallets } from './wallets.ts';

const HOME = join(resolve(import.meta.dirname, '../../..'), '.civicline');
const NO_WALLETS: Wallets = {
  borrow: () => Promise.reject(new Error('Nobody needs a wallet.')),
};
/** On this machine a server that is silent for 64 × 100 ms is gone. */
const TIMING = { t1: 100, t2: 1000, t4: 1000 };

try {
  const options = readCallOptions(process.argv.slice(2), process.stdout.isTTY);
  if (options.help) process.stdout.write(CALL_HELP);
  else process.exitCode = await run(options);
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = error instanceof TypeError ? 2 : 1;
}

async function run(options: CallOptions): Promise<number> {
  const { gatewayUrl, sipPort, yivi } = await readRunFile();
  await requireGateway(gatewayUrl);
  const log = (line: string) => console.error(line);
  const wallets =
    options.plan.code === 'none'
      ? NO_WALLETS
      : await createWallets({ home: HOME, schemes: yivi.schemes, issuer: yivi, log });
  const caller = await createCaller({ server: { address: '127.0.0.1', port: sipPort }, timing: TIMING });
  try {
    const calls = await playAll(options, { gatewayUrl, caller, wallets, signal: interruption() });
    return calls.some((call) => wentWrong(call, options.plan.code)) ? 1 : 0;
  } finally {
    await caller.close();
  }
}

/** Everybody discloses first; then all dial at once. */
async function playAll({ callers, plan, json }: CallOptions, world: CitizenWorld): Promise<CitizenCall[]> {
  const print = (line: string) => console.log(line);
  const citizens = Array.from({ length: callers }, (_, n) => {
    const tell = json ? () => {} : createTeller(callers > 1 ? `[${n + 1}] ` : '', print);
    return prepareCitizen(n, plan, world, tell);
  });
  const ready = await Promise.all(citizens);
  const calls = await Promise.all(
    ready.map(async (citizen) => {
      const call = await citizen.dial();
      if (json) print(JSON.stringify(call));
      return call;
    }),
  );
  if (!json && callers > 1) print(summary(calls));
  return calls;
}

/** The first Ctrl-C hangs up, the second ends the program. */
function interruption(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (controller.signal.aborted) process.exit(1);
      controller.abort();
    });
  }
  return controller.signal;
}
