/**
 * Who may open a SIP WebSocket to Asterisk. The reverse proxy asks here before it lets one through (`forward_auth` in
 * production/Caddyfile): Asterisk spends a thread and a place among ARI's on each, before it asks for any password.
 */
import type { Express } from 'express';
import { AppError, Counter, type Logger, type Metrics } from '../../../platform/http/index.ts';
import type { SignIn } from '../../directory/sign-in/index.ts';

/** How often one sign-in may connect within the window: enough for a bad network, and for reloading the page. */
const MOST_IN_WINDOW = 30;
const WINDOW_MS = 10 * 60_000;
const OUTCOMES = ['admitted', 'not-signed-in', 'role-missing', 'foreign-origin', 'too-many'] as const;

/** What operators may find in the log. */
export const softphoneLogCodes = {
  SOFTPHONE_REFUSED:
    'Somebody who is signed in may not connect a softphone: without the role of an agent, from a page of another site, or too often.',
};

export interface SoftphoneAdmissionOptions {
  signIn: Pick<SignIn, 'agentFromCookie'>;
  publicUrl: string;
  /** The page connects to each of them. */
  asterisks: number;
  metrics: Metrics;
  log: Logger;
  now: () => number;
}

export function mountSoftphoneAdmission(http: Express, options: SoftphoneAdmissionOptions): void {
  const { signIn, publicUrl, metrics, log, now } = options;
  const most = MOST_IN_WINDOW * Math.max(1, options.asterisks);
  const ownOrigin = new URL(publicUrl).origin;
  const connected = new Map<string, number[]>();
  const counted = new Counter({
    name: 'civicline_softphone_connections_total',
    help: 'Softphone connections that the reverse proxy asked about.',
    labelNames: ['outcome'],
    registers: [metrics],
  });
  for (const outcome of OUTCOMES) counted.inc({ outcome }, 0);

  function refuse(status: number, outcome: Exclude<(typeof OUTCOMES)[number], 'admitted'>, agentId?: string): AppError {
    counted.inc({ outcome });
    // Somebody unknown may come as often as he likes, and is counted only.
    if (agentId !== undefined)
      log.warn({ code: 'SOFTPHONE_REFUSED', outcome, agentId }, 'refused a softphone connection');
    return new AppError(status, 'SOFTPHONE_REFUSED', 'This page may not connect to the telephony now.');
  }

  function isTooOften(sessionId: string): boolean {
    const since = now() - WINDOW_MS;
    for (const [id, times] of connected) if ((times.at(-1) ?? 0) <= since) connected.delete(id);
    const recent = (connected.get(sessionId) ?? []).filter((time) => time > since);
    if (recent.length >= most) return true;
    connected.set(sessionId, [...recent, now()]);
    return false;
  }

  http.get('/internal/softphone', async (request, response) => {
    const signedIn = await signIn.agentFromCookie(request.headers.cookie);
    if (!signedIn) throw refuse(401, 'not-signed-in');
    const { agent, sessionId } = signedIn;
    if (!agent.roles.includes('agent')) throw refuse(403, 'role-missing', agent.id);
    // Every browser names the page that opens a WebSocket, and nothing else connects here.
    if (request.headers.origin !== ownOrigin) throw refuse(403, 'foreign-origin', agent.id);
    if (isTooOften(sessionId)) throw refuse(429, 'too-many', agent.id);
    counted.inc({ outcome: 'admitted' });
    response.status(204).end();
  });
}
