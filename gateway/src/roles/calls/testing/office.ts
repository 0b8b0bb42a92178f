/**
 * A whole office for tests: the calls role on a database of its own, consoles that connect to it over real sockets, and
 * any ARI server. Stand-ins: signing in (the cookie says who), and call requests.
 */
import { randomBytes } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { createHttp, createLog, createMetrics, finishHttp, type Metrics } from '../../../platform/http/index.ts';
import { createSealer, openDatabase } from '../../../platform/storage/index.ts';
import type { Organisations } from '../../directory/organisations/index.ts';
import { type Calls, createCalls } from '../calls.ts';
import type { AsteriskSettings } from '../settings.ts';
import { temporaryFolder } from './folder.ts';
import { standInIdentification } from './identification.ts';
import { testOrganisations } from './organisations.ts';
import { openConsole, type TestConsole } from './test-console.ts';

export interface Office {
  calls: Calls;
  identification: ReturnType<typeof standInIdentification>;
  metrics: Metrics;
  organisations: Organisations;
  url: string;
  databaseUrl: string;
  /** Opens a console; resolves with its first snapshot. */
  console(agentId: string): Promise<TestConsole>;
  /** Ends a sign-in, as signing out elsewhere does. */
  signOut(agentId: string): void;
  /** For consoles that this agent opens from now on; one hour unless told. */
  signInFor(agentId: string, milliseconds: number): void;
  /** Stops the gateway, and leaves the database for the next. */
  stop(): Promise<void>;
}

export interface OfficeOptions {
  asterisks: { id: string; url: string; user: string; password: string }[];
  organisations?: Organisations;
  /** That of an office before, which this one takes over; else a new one. */
  successorOf?: Office;
  logLevel?: string;
}

const dataKey = randomBytes(32);

export async function openOffice(options: OfficeOptions): Promise<Office> {
  const { organisations = testOrganisations(), successorOf } = options;
  const databaseUrl = successorOf?.databaseUrl ?? `file:${temporaryFolder()}`;
  const database = await openDatabase({ url: databaseUrl, role: 'calls' });
  const log = createLog(options.logLevel ?? process.env.TEST_LOG ?? 'silent');
  const metrics = createMetrics(false);
  const identification = successorOf?.identification ?? standInIdentification();
  const server = createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const signedOut = new EventEmitter<Record<string, []>>();
  const lengths = new Map<string, number>();
  const gone = new Set<string>();
  const asterisks: AsteriskSettings[] = options.asterisks.map((asterisk) => ({
    ...asterisk,
    softphoneUrl: 'ws://127.0.0.1/ws',
    sipDomain: '127.0.0.1',
  }));

  const calls = await createCalls({
    config: { asterisks, exchangeKeys: [], turn: null, publicUrl: url },
    database,
    sealer: createSealer([dataKey]),
    organisations,
    identification,
    signIn: standInSignIn(organisations, signedOut, lengths, gone),
    metrics,
    log,
  });
  const http = createHttp({ log, metrics, trustedProxies: ['loopback'] });
  calls.mount(http);
  finishHttp(http, log);
  server.on('request', http);
  await calls.start();
  calls.attach(server);
  const consoles: TestConsole[] = [];

  return {
    calls,
    identification,
    metrics,
    organisations,
    url,
    databaseUrl,
    async console(agentId) {
      const opened = await openConsole(url, agentId);
      consoles.push(opened);
      return opened;
    },
    signOut(agentId) {
      gone.add(agentId);
      signedOut.emit(`session-${agentId}`);
    },
    signInFor(agentId, milliseconds) {
      lengths.set(agentId, milliseconds);
    },
    async stop() {
      for (const opened of consoles) opened.close();
      await calls.detach();
      await calls.stop();
      server.closeAllConnections();
      server.close();
      await database.close();
    },
  };
}

/** Resolves when the condition holds; rejects when it does not within a minute, so that a failed test ends. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + 60_000;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error('what was waited for did not happen within a minute');
    await sleep(5);
  }
}

function standInSignIn(
  organisations: Organisations,
  signedOut: EventEmitter<Record<string, []>>,
  lengths: ReadonlyMap<string, number>,
  gone: ReadonlySet<string>,
) {
  function of(cookie: string | undefined) {
    const agentId = /agent=([a-z0-9-]+)/.exec(cookie ?? '')?.[1];
    const found = agentId === undefined ? undefined : organisations.agent(agentId);
    if (!found) return null;
    const expiresAt = Date.now() + (lengths.get(found.agent.id) ?? 3_600_000);
    return { ...found, sessionId: `session-${agentId}`, expiresAt };
  }
  type Request = { headers: { cookie?: string } };
  type Response = { locals: Record<string, unknown>; sendStatus(status: number): void };
  const requireRole = (role: 'agent' | 'auditor') => (request: Request, response: Response, next: () => void) => {
    const signedIn = of(request.headers.cookie);
    if (!signedIn) return response.sendStatus(401);
    if (!signedIn.agent.roles.includes(role)) return response.sendStatus(403);
    response.locals.signedIn = signedIn;
    return next();
  };
  return {
    agentsSignedIn: async () =>
      new Set(organisations.all.flatMap(({ agents }) => agents.flatMap(({ id }) => (gone.has(id) ? [] : id)))),
    agentFromCookie: async (cookie: string | undefined) => of(cookie),
    whenEnded(sessionId: string, listener: () => void) {
      signedOut.on(sessionId, listener);
      return () => void signedOut.off(sessionId, listener);
    },
    seen: async () => undefined,
    requireAgent: requireRole('agent') as never,
    requireRole: requireRole as never,
  };
}
