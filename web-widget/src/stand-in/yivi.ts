/** A stand-in for the frontend endpoints of a Yivi server (IRMA frontend protocol 1.1). */
import { randomUUID } from 'node:crypto';
import { answersPreflight, readBody, type Server, sendJson, serve } from './server.ts';

export const PAIRING_CODE = '2468';

export interface Session {
  token: string;
  sessionPtr: { u: string; irmaqr: string };
  frontendRequest: {
    authorization: string;
    pairingHint: boolean;
    minProtocolVersion: string;
    maxProtocolVersion: string;
  };
  status: 'INITIALIZED' | 'PAIRING' | 'CONNECTED' | 'CANCELLED' | 'DONE' | 'TIMEOUT';
  pairingMethod: string;
}

export interface Yivi {
  server: Server;
  startSession(pairing: boolean): Session;
  /** What the app did in the newest session. */
  set(status: Session['status']): void;
  latest(): Session;
  /** Forgets every session, as a restart does. */
  forget(): void;
}

export async function createYivi(): Promise<Yivi> {
  const sessions: Session[] = [];

  const server = await serve(async (request, response, path) => {
    if (answersPreflight(request, response)) return;
    const [, token, endpoint] = /^\/irma\/session\/([^/]+)\/frontend\/(\w+)$/.exec(path) ?? [];
    const session = sessions.find((candidate) => candidate.token === token);
    if (!session) return sendJson(response, 400, { status: 400, error: 'SESSION_UNKNOWN' });
    if (request.headers.authorization !== session.frontendRequest.authorization) {
      return sendJson(response, 403, { status: 403, error: 'UNAUTHORIZED' });
    }
    if (endpoint === 'status') return sendJson(response, 200, { status: session.status });
    if (endpoint === 'options') {
      session.pairingMethod = ((await readBody(request)) as { pairingMethod: string }).pairingMethod;
      return sendJson(response, 200, { pairingMethod: session.pairingMethod, pairingCode: PAIRING_CODE });
    }
    session.status = 'CONNECTED';
    response.writeHead(204).end();
  });

  const latest = (): Session => {
    const session = sessions.at(-1);
    if (!session) throw new Error('no Yivi session was started');
    return session;
  };
  return {
    server,
    startSession: (pairing) => {
      const token = randomUUID().replaceAll('-', '').slice(0, 20);
      const session: Session = {
        token,
        sessionPtr: { u: `${server.origin}/irma/session/${token}`, irmaqr: 'disclosing' },
        frontendRequest: {
          authorization: randomUUID(),
          pairingHint: pairing,
          minProtocolVersion: '1.0',
          maxProtocolVersion: '1.1',
        },
        status: 'INITIALIZED',
        pairingMethod: 'none',
      };
      sessions.push(session);
      return session;
    },
    set: (status) => {
      latest().status = status;
    },
    latest,
    forget: () => {
      sessions.length = 0;
    },
  };
}
