/** The agents' consoles: one Socket.IO server that shows each agent what it may see and takes orders. */
import type { Server as HttpServer, IncomingMessage } from 'node:http';
import {
  CONSOLE_SOCKET_PATH,
  type ConsoleToServer,
  type ServerToConsole,
  type SoftphoneCredentials,
} from '@civicline/protocol';
import { Server } from 'socket.io';
import { Gauge, type Logger, type Metrics } from '../../../platform/http/index.ts';
import type { Organisations } from '../../directory/organisations/index.ts';
import type { SignIn } from '../../directory/sign-in/index.ts';
import type { Agents } from '../agents/index.ts';
import type { Audit } from '../audit/index.ts';
import type { Asterisks, Call, Engine } from '../engine/index.ts';
import { createAllowance } from './allowance.ts';
import { createMembership } from './audience.ts';
import { createBroadcast } from './broadcast.ts';
import { type ConsoleData, type ConsoleSocket, createConnections } from './connections.ts';
import { createOutbox } from './outbox.ts';
import { answerRequests } from './requests.ts';
import { createViews } from './views.ts';

export interface Consoles {
  attach(server: HttpServer): void;
  /** Says goodbye to every console; they come back to whoever serves next. */
  close(): Promise<void>;
}

/** Between the end of an agent's call and signing out, so that the answer to what ended it arrives. */
const AFTER_CALL_MS = 1_000;
/** How long a connection may stand without a sign-in. */
const SIGN_IN_MS = 5_000;
/** Tabs of one agent, and connections that are being replaced. */
const CONSOLES_PER_AGENT = 10;
/** A note of 10,000 characters and what surrounds it. */
const LARGEST_MESSAGE_BYTES = 64 * 1024;

export function createConsoles(options: {
  engine: Engine;
  agents: Agents;
  asterisks: Asterisks;
  audit: Audit;
  organisations: Organisations;
  signIn: Pick<SignIn, 'agentFromCookie' | 'whenEnded' | 'seen'>;
  softphone: (agentId: string) => Promise<SoftphoneCredentials>;
  /** A sign-in has ended, and its console with it. */
  signedOut: () => void;
  isQueueOpen: (organisationId: string, queueId: string) => boolean;
  publicUrl: string;
  metrics: Metrics;
  log: Logger;
}): Consoles {
  const { engine, agents, asterisks, audit, organisations, signIn, softphone, publicUrl, metrics, log } = options;
  const { live, orders } = engine;
  const membership = createMembership(organisations);
  const connections = createConnections();
  const allowance = createAllowance();
  const outbox = createOutbox(audit, log);
  const isAvailable = (agentId: string) => agents.isReachable(agentId) && !live.ofAgent(agentId);
  const canTake = (agentId: string, { source }: Call) =>
    !live.ofAgent(agentId) && agents.canTake(agentId, source.kind === 'asterisk' ? source.asteriskId : null);
  const { membersOf } = membership;
  const views = createViews({ organisations, agents, live, isQueueOpen: options.isQueueOpen, isAvailable, membersOf });
  const broadcast = createBroadcast({
    live,
    membership,
    views,
    connections,
    outbox,
    canTake,
    isQueueOpen: options.isQueueOpen,
    telephonyAvailable: asterisks.anyAvailable,
  });
  live.onChange(broadcast.callChanged);
  agents.onChange(broadcast.agentChanged);
  asterisks.onAvailability(broadcast.telephonyChanged);
  new Gauge({
    name: 'civicline_consoles',
    help: 'Agent consoles that are connected.',
    registers: [metrics],
    collect() {
      this.set(connections.count());
    },
  });

  const io = new Server<ConsoleToServer, ServerToConsole, Record<never, never>, ConsoleData>({
    path: CONSOLE_SOCKET_PATH,
    serveClient: false,
    transports: ['websocket'],
    maxHttpBufferSize: LARGEST_MESSAGE_BYTES,
    // A tab that was closed without a word is noticed within 15 s.
    pingInterval: 10_000,
    pingTimeout: 5_000,
    connectTimeout: SIGN_IN_MS,
    allowRequest: (request, decide) => decide(null, isOwnOrigin(request, publicUrl)),
  });
  io.use(async (socket, next) => {
    const signedIn = await signIn.agentFromCookie(socket.request.headers.cookie).catch(() => null);
    if (!signedIn) return next(new Error('NOT_SIGNED_IN'));
    const { sessionId, agent, organisation, expiresAt } = signedIn;
    if (connections.countOf(agent.id) >= CONSOLES_PER_AGENT) return next(new Error('TOO_MANY_CONSOLES'));
    const data = { sessionId, agentId: agent.id, organisationId: organisation.id, signedInUntil: expiresAt };
    Object.assign(socket.data, data satisfies ConsoleData);
    next();
  });
  io.on('connection', (socket) => opened(socket));

  function opened(socket: ConsoleSocket): void {
    const { agentId } = socket.data;
    // Others hear first that the agent is there; this console begins with its snapshot.
    agents.consoleOpened(agentId);
    connections.add(socket);
    answerRequests(socket, {
      allowance,
      orders,
      agents,
      softphone,
      snapshot: broadcast.snapshot,
      seen: signIn.seen,
      log,
    });
    const stopWatching = endWithSignIn(socket);
    socket.on('disconnect', () => {
      stopWatching();
      connections.remove(socket);
      agents.consoleClosed(agentId);
    });
    broadcast.snapshot(socket);
  }

  /** One that ends by time waits for the call in hand: with the page goes the telephone in it. Returns how to stop. */
  function endWithSignIn(socket: ConsoleSocket): () => void {
    const { agentId, sessionId, signedInUntil } = socket.data;
    const signOut = () => {
      socket.emit('signed-out');
      socket.disconnect(true);
      options.signedOut();
    };
    const signOutIfFree = () => live.ofAgent(agentId) || signOut();
    let stopWaiting: (() => void) | undefined;
    const inCall = () => live.ofAgent(agentId) !== undefined;
    const stopListening = signIn.whenEnded(
      sessionId,
      () => {
        if (Date.now() < signedInUntil || !inCall()) return signOut();
        stopWaiting ??= live.onChange(() => void setTimeout(signOutIfFree, AFTER_CALL_MS).unref());
      },
      inCall,
    );
    return () => {
      stopListening();
      stopWaiting?.();
    };
  }

  return {
    attach: (server) => void io.attach(server),
    async close() {
      broadcast.close();
      io.disconnectSockets(true);
      io.engine?.close();
      await outbox.idle();
    },
  };
}

/** Browsers name the page's origin; another site must not speak with an agent's cookie. */
function isOwnOrigin({ headers: { origin } }: IncomingMessage, publicUrl: string): boolean {
  return origin === undefined || origin === new URL(publicUrl).origin;
}
