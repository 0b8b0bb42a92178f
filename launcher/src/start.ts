/**
 * `npm start`: brings what is missing, builds the front ends, runs everything supervised and prints one table.
 * Ctrl-C (or SIGTERM) stops it all and leaves no process behind.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import process from 'node:process';
import { prepareAsterisk } from '@civicline/asterisk';
import { prepareYivi } from '@civicline/yivi';
import { buildFrontEnds } from './front-ends.ts';
import { log } from './log.ts';
import { readStartOptions, START_HELP, type StartOptions } from './options.ts';
import { assertPortsFree, portsFrom } from './ports.ts';
import { RUN_FILE, type RunFile } from './run-file.ts';
import { type Component, type Supervised, supervise } from './supervise.ts';
import { type Part, type RunningSystem, root, startSystem } from './system.ts';

const home = join(root, '.civicline');
try {
  const options = readStartOptions(process.argv.slice(2));
  if (options.help) process.stdout.write(START_HELP);
  else await start(options);
} catch (error) {
  console.error((error as Error).message);
  process.exit(error instanceof TypeError ? 2 : 1);
}

async function start({ port, separate }: StartOptions): Promise<void> {
  const ports = portsFrom(port);
  await assertPortsFree(ports);
  await holdClone();
  await buildFrontEnds(root, log);
  await prepareAsterisk({ home, log });
  await prepareYivi({ home, log });
  // Until here a signal simply ends this process; from here on there is something to stop.
  const stopRequested = stopSignal();
  const system = await startSystem({
    home,
    directory: join(home, separate ? 'run-separate' : 'run'),
    ports,
    organisationsFile: join(root, 'demo/civicline.yaml'),
    separate,
    log,
  });
  const supervised = [system.gateway, ...system.otherRoles, system.simulator, system.yivi, system.asterisk].map(
    keepRunning,
  );
  await writeFile(join(root, RUN_FILE), JSON.stringify(runFile(system), null, 2), { mode: 0o600 });
  printTable(system);

  await stopRequested;
  log('Stopping …');
  await rm(join(root, RUN_FILE), { force: true });
  for (const part of supervised) await part.stop();
  await system.stop();
  log('Everything has stopped.');
  process.exit(0);
}

/**
 * Two Civiclines of one clone would write over each other's settings. The name (unix(7), *abstract*) goes with the
 * process, so nothing is left of one that was killed.
 */
async function holdClone(): Promise<void> {
  const name = createHash('sha256').update(root).digest('hex');
  const holder = createServer().unref().listen(`\0civicline-${name}`);
  await once(holder, 'listening').catch(() => {
    throw new Error('LAUNCHER_RUNS_ALREADY: Civicline runs already in this folder. Stop it first, or clone once more.');
  });
}

function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve());
  });
}

function keepRunning(part: Part<Component>): Supervised {
  return supervise(part.name, part.current, () => part.start(), log);
}

function runFile(system: RunningSystem): RunFile {
  const { asterisk, yivi } = system;
  return {
    gatewayUrl: system.gatewayUrl,
    signInUrl: system.signInUrl,
    sipPort: system.ports.sip,
    asterisk: { ariUrl: asterisk.current.ariUrl },
    yivi: {
      requestorUrl: yivi.current.requestorUrl,
      requestorToken: yivi.current.requestorToken,
      schemes: system.yiviSchemes,
    },
    messages: { url: system.messagesUrl, key: system.senderKey, phonesUrl: system.phonesUrl },
    settings: system.administration,
    agents: system.people,
  };
}

function printTable(system: RunningSystem): void {
  const rows = [
    ['Municipality demo page', `${system.gatewayUrl}/demo/`],
    ['Agent console', `${system.gatewayUrl}/console/   (sign in as Demo agent A: no password)`],
    ['Phones (SMSC simulator)', `${system.phonesUrl}/`],
    [
      'API documentation',
      [...new Set([system.gatewayUrl, system.messagesUrl])].map((url) => `${url}/docs`).join('   '),
    ],
    ['Play the citizen', 'npm run demo:call'],
    ['Play an agent in the terminal', 'npm run demo:agent'],
    ['Send a message', `npx civicline-send --to +32470000001 --text "Uw afspraak is morgen om 10:00"`],
    ['Gateway', `Node.js ${process.versions.node}, port ${system.ports.gateway}`],
    ['Asterisk', `${system.asterisk.current.version}, SIP on 127.0.0.1:${system.ports.sip}/udp`],
    ['Yivi server', `${system.yivi.current.version}, port ${system.ports.yiviClient}`],
    ['State and logs', system.directory],
  ];
  const width = Math.max(...rows.map(([name]) => name?.length ?? 0));
  console.log('\nCivicline is ready. Ctrl-C stops it.\n');
  for (const [name = '', value] of rows) console.log(`  ${name.padEnd(width)}   ${value}`);
  console.log();
}
