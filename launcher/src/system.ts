/**
 * Civicline as one set of processes on 127.0.0.1: Asterisk, the Yivi server, the development sign-in and the gateway.
 * `npm start` runs it supervised on fixed ports; end-to-end tests and benchmarks run it on free ports and may kill its
 * parts one by one.
 */
import { type ChildProcess, execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { prepareAsterisk, type RunningAsterisk, startAsterisk } from '@civicline/asterisk';
import { startDevelopmentSignIn } from '@civicline/development-sign-in';
import { prepareYivi, type RunningYivi, startYivi } from '@civicline/yivi';
import { parse, parseDocument } from 'yaml';
import { type RunningChild, startChild } from './child.ts';
import { type Ports, RTP_PORTS } from './ports.ts';
import { administration, apart, type GatewayProcess, localUrl, OIDC_CLIENT_ID, together } from './roles.ts';
import { loadSecrets, type Secrets, saveSecrets } from './secrets.ts';
import type { Component } from './supervise.ts';

export const root = resolve(import.meta.dirname, '../..');

/**
 * What `node` runs as a gateway, as in its Dockerfile. With a limit below 2 GiB, V8 collects before the heap has grown to
 * four times what is in use; the gateway needs a tenth of it.
 */
export const gatewayArguments = ['--max-old-space-size=1024', '--import', 'tsx', join(root, 'gateway/src/main.ts')];

export interface SystemOptions {
  /** Where components are installed, shared by all systems of this clone: `.civicline/`. */
  home: string;
  /** Where this system keeps its state: database, secrets, generated configuration, logs. */
  directory: string;
  ports: Ports;
  organisationsFile: string;
  /** The gateway's settings beyond those that follow from the above. */
  settings?: Record<string, string>;
  /** Each role a process of its own, with a database and keys of its own. */
  separate?: boolean;
  log: (line: string) => void;
}

export interface RunningSystem {
  /** Where it keeps its state. */
  directory: string;
  ports: Ports;
  gatewayUrl: string;
  signInUrl: string;
  secrets: Secrets;
  asterisk: Part<RunningAsterisk>;
  yivi: Part<RunningYivi & Component>;
  /** All roles; or the calls role, which citizens and agents see. */
  gateway: Part<RunningChild>;
  /** The other roles, when each is a process of its own. */
  otherRoles: Part<RunningChild>[];
  /** A fake mobile carrier, with its page of phones. */
  simulator: Part<RunningChild>;
  phonesUrl: string;
  /** Where senders reach SMIS. */
  messagesUrl: string;
  /** API key of the demo's sender. */
  senderKey: string;
  /** The gateway's settings that `civicline` commands need. */
  administration: Record<string, string>;
  /** The folder of schemes that wallets need, too. */
  yiviSchemes: string;
  people: Person[];
  stop(): Promise<void>;
}

/** A component that can be ended and started again in its place: same ports, same state. */
export interface Part<T> {
  name: string;
  current: T;
  start(): Promise<T>;
}

export interface Person {
  /** The agent's id. */
  id: string;
  /** What the development sign-in vouches for. */
  signIn: string;
  name: string;
}

/** Starts everything and waits until it serves. What had started is stopped again when a later part fails. */
export async function startSystem(options: SystemOptions): Promise<RunningSystem> {
  const { home, directory, ports, separate = false, log } = options;
  await mkdir(join(directory, 'logs'), { recursive: true });
  const secretsFile = join(directory, 'secrets.json');
  const secrets = await loadSecrets(secretsFile);
  await writeRoutes(join(directory, 'sms-routes.yaml'), ports);
  const people = await readPeople(options.organisationsFile);
  const asteriskInstallation = await prepareAsterisk({ home, log });
  const yiviInstallation = await prepareYivi({ home, log });

  const started: { stop(): Promise<unknown> }[] = [];
  const keep = <T extends { stop(): Promise<unknown> }>(component: T): T => {
    started.push(component);
    return component;
  };
  try {
    const asterisk = await part('Asterisk', () =>
      startAsterisk({
        installation: asteriskInstallation,
        directory: join(directory, 'asterisk'),
        ports: {
          http: ports.asteriskHttp,
          sip: ports.sip,
          rtpStart: ports.rtpStart,
          rtpEnd: ports.rtpStart + RTP_PORTS - 1,
        },
        ariPassword: secrets.ariPassword,
      }),
    );
    keep({ stop: () => asterisk.current.stop() });
    const yivi = await part('Yivi server', async () =>
      withExit(
        await startYivi({
          installation: yiviInstallation,
          directory: join(directory, 'yivi'),
          ports: { requestor: ports.yiviRequestor, client: ports.yiviClient },
        }),
      ),
    );
    keep({ stop: () => yivi.current.stop() });
    const gatewayUrl = localUrl(ports.gateway);
    const signIn = keep(
      await startDevelopmentSignIn({
        port: ports.signIn,
        clientId: OIDC_CLIENT_ID,
        clientSecret: secrets.oidcClientSecret,
        redirectUris: [`${gatewayUrl}/sign-in/callback`],
        people: people.map(({ signIn, name }) => ({ sub: signIn, email: signIn, name })),
      }),
    );
    const simulator = await part('SMSC simulator', () => startSimulator(options));
    keep({ stop: () => simulator.current.stop() });
    const processes = (separate ? apart : together)({
      ...{ directory, ports, secrets, organisationsFile: options.organisationsFile, issuer: signIn.issuer },
      ...{ asterisk: asterisk.current, yivi: yivi.current },
    });
    const roles: Part<RunningChild>[] = [];
    for (const one of processes) {
      const role = await part(one.name, () => startRole(one, options));
      keep({ stop: () => role.current.stop() });
      roles.push(role);
    }
    const [gateway, ...otherRoles] = roles as [Part<RunningChild>, ...Part<RunningChild>[]];
    const settings = administration({ directory, secrets, ports }, separate);
    const senderKey = await demoSenderKey(secrets, secretsFile, settings);
    return {
      directory,
      ports,
      gatewayUrl,
      signInUrl: signIn.issuer,
      secrets,
      asterisk,
      yivi,
      gateway,
      otherRoles,
      simulator,
      phonesUrl: localUrl(ports.phones),
      messagesUrl: localUrl(separate ? ports.smis : ports.gateway),
      senderKey,
      administration: settings,
      yiviSchemes: yiviInstallation.schemes,
      people,
      stop: () => stopAll(started),
    };
  } catch (error) {
    await stopAll(started);
    throw error;
  }
}

async function part<T>(name: string, start: () => Promise<T>): Promise<Part<T>> {
  const self: Part<T> = {
    name,
    current: await start(),
    async start() {
      self.current = await start();
      return self.current;
    },
  };
  return self;
}

function withExit<T extends { process: ChildProcess; stop(): Promise<void> }>(running: T): T & Component {
  return { ...running, exited: once(running.process, 'exit').then(() => {}) };
}

/** Last started, first stopped: the gateway says goodbye to callers while Asterisk is still there. */
async function stopAll(started: { stop(): Promise<unknown> }[]): Promise<void> {
  for (const component of started.reverse()) await component.stop();
}

function startSimulator({ directory, ports }: SystemOptions): Promise<RunningChild> {
  return startChild({
    name: 'SMSC simulator',
    command: process.execPath,
    args: [
      ...['--import', 'tsx', join(root, 'sms/src/simulator/main.ts')],
      ...['--smpp-port', String(ports.smpp), '--http-port', String(ports.phones)],
    ],
    cwd: root,
    logFile: join(directory, 'logs', 'simulator.log'),
    readyUrl: localUrl(ports.phones),
    env: {},
  });
}

function startRole({ name, port, log, env }: GatewayProcess, options: SystemOptions): Promise<RunningChild> {
  return startChild({
    name,
    command: process.execPath,
    args: gatewayArguments,
    cwd: root,
    logFile: join(options.directory, 'logs', `${log}.log`),
    readyUrl: `${localUrl(port)}/ready`,
    env: { ...env, ...options.settings },
  });
}

/** The demonstration's sender is made once, by the command with which an operator makes any other. */
async function demoSenderKey(secrets: Secrets, secretsFile: string, settings: Record<string, string>): Promise<string> {
  if (secrets.senderKey !== null) return secrets.senderKey;
  const command = (verb: string) =>
    promisify(execFile)(
      process.execPath,
      [join(root, 'gateway/bin/civicline.mjs'), 'senders', verb, 'Demo', '--json'],
      {
        cwd: root,
        env: { ...process.env, ...settings },
      },
    );
  // It may be there already when its key was not kept: an earlier start ended in between.
  const { stdout } = await command('add').catch(() => command('rotate'));
  const { apiKey } = JSON.parse(stdout) as { apiKey: string };
  await saveSecrets(secretsFile, { ...secrets, senderKey: apiKey });
  return apiKey;
}

/** The demonstration's routes, to the simulator where it listens. */
async function writeRoutes(file: string, { smpp }: Ports): Promise<void> {
  const document = parseDocument(await readFile(join(root, 'demo/sms-routes.yaml'), 'utf8'));
  document.setIn(['routes', 0, 'port'], smpp);
  await writeFile(file, document.toString());
}

interface OrganisationsOutline {
  organisations: { agents?: { id: string; signIn: string; name: string }[] }[];
}

/** The agents of the organisations file, as the people whom the development sign-in knows. */
async function readPeople(file: string): Promise<Person[]> {
  const { organisations } = parse(await readFile(file, 'utf8')) as OrganisationsOutline;
  return organisations.flatMap(({ agents = [] }) => agents.map(({ id, signIn, name }) => ({ id, signIn, name })));
}
