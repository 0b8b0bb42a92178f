/**
 * A stand-in for the gateway's citizen API, for tests of the widget alone. The test plays what happens: it tells
 * statuses, closes purposes, refuses requests, takes the network away.
 */
import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import {
  type CallRequestInput,
  type CallRequestState,
  type CallRequestStatus,
  callRequestInputSchema,
  type PurposeView,
} from '@civicline/protocol';
import { answersPreflight, readBody, type Server, sendJson, sendProblem, serve } from './server.ts';
import { createYivi, PAIRING_CODE, type Yivi } from './yivi.ts';

export const PURPOSE: PurposeView = {
  organisation: {
    id: 'voorbeeldstad',
    name: {
      nl: 'Gemeente Voorbeeldstad',
      fr: 'Commune de Voorbeeldstad',
      de: 'Gemeinde Voorbeeldstad',
      en: 'Municipality of Voorbeeldstad',
    },
  },
  purpose: {
    id: 'verhuizing',
    title: { nl: 'Verhuizing doorgeven', fr: 'Signaler un déménagement', de: 'Umzug melden', en: 'Report a move' },
  },
  number: '+31850000001',
  otherPhone: true,
  open: true,
};

export const CODE = '12345678';
/** This organisation wants two pauses. */
export const TEL_URL = `tel:${PURPOSE.number},,${CODE}`;

export interface StandInRequest {
  id: string;
  token: string;
  input: CallRequestInput;
  status: CallRequestStatus;
  cancelled: boolean;
  yiviToken: string;
}

export interface StandIn {
  server: Server;
  yivi: Yivi;
  /** Every call request ever made, oldest first. */
  requests: StandInRequest[];
  /** What purposes answer with; only `verhuizing` is known. */
  purpose: PurposeView;
  /** Refuses what matches `METHOD path` with this problem. */
  refuse: { matching: RegExp; status: number; code: string } | null;
  /** Holds answers to new call requests back until it settles. */
  delay: Promise<void> | null;
  /** Whether disclosures ask for a pairing code. */
  pairing: boolean;
  /** Changes the newest request's state and tells whoever listens. */
  tell(state: CallRequestState): void;
  /** How many event streams stand open. */
  listeners(): number;
  close(): Promise<void>;
}

export async function createStandIn(): Promise<StandIn> {
  const streams = new Map<ServerResponse, StandInRequest>();
  const yivi = await createYivi();

  const server = await serve(async (request, response, path) => {
    if (answersPreflight(request, response)) return;
    const { method } = request;
    const { refuse } = standIn;
    if (refuse?.matching.test(`${method} ${path}`)) return sendProblem(response, refuse.status, refuse.code);
    if (method === 'POST' && path === '/v1/call-requests') return create(await readBody(request), response);
    const [, organisation, purpose] = /^\/v1\/organisations\/([^/]+)\/purposes\/([^/]+)$/.exec(path) ?? [];
    if (organisation) return purposeView(organisation, purpose, response);
    const [, id, rest = ''] = /^\/v1\/call-requests\/([^/]+)(\/.*)?$/.exec(path) ?? [];
    const known = standIn.requests.find((candidate) => candidate.id === id);
    if (!known) return sendProblem(response, 404, 'CALL_REQUEST_UNKNOWN');
    if (request.headers.authorization !== `Bearer ${known.token}`)
      return sendProblem(response, 404, 'CALL_REQUEST_UNKNOWN');
    if (rest === '/events') return openStream(known, response);
    if (rest === '/dial-code') return tellCode(known, response);
    if (rest === '/pairing') return pair(await readBody(request), response);
    known.cancelled = true;
    response.writeHead(204).end();
  });

  const standIn: StandIn = {
    server,
    yivi,
    requests: [],
    purpose: PURPOSE,
    refuse: null,
    delay: null,
    pairing: false,
    tell: (state) => {
      const request = standIn.requests.at(-1);
      if (!request) throw new Error('no call request to tell about');
      request.status = { state, sequence: request.status.sequence + 1, ...(state === 'disclosed' && inTenMinutes()) };
      for (const [stream, owner] of streams) if (owner === request) writeStatus(stream, request.status);
    },
    listeners: () => streams.size,
    close: async () => {
      await Promise.all([server.close(), yivi.server.close()]);
    },
  };

  function purposeView(organisation: string, purpose: string | undefined, response: ServerResponse): void {
    const known = organisation === 'voorbeeldstad' && purpose === 'verhuizing';
    if (known) sendJson(response, 200, standIn.purpose);
    else sendProblem(response, 404, 'PURPOSE_UNKNOWN');
  }

  async function create(body: unknown, response: ServerResponse): Promise<void> {
    const input = callRequestInputSchema.safeParse(body);
    if (!input.success) return sendProblem(response, 400, 'INPUT_INVALID');
    const session = yivi.startSession(standIn.pairing);
    const request: StandInRequest = {
      id: randomUUID(),
      token: randomUUID(),
      input: input.data,
      status: { state: 'awaiting-disclosure', sequence: 0 },
      cancelled: false,
      yiviToken: session.token,
    };
    standIn.requests.push(request);
    await standIn.delay;
    const { sessionPtr, frontendRequest } = session;
    const expiresAt = new Date(Date.now() + 300_000).toISOString();
    sendJson(response, 201, {
      id: request.id,
      token: request.token,
      sessionPtr,
      frontendRequest: request.input.otherPhone ? null : frontendRequest,
      expiresAt,
    });
  }

  function openStream(request: StandInRequest, response: ServerResponse): void {
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
    streams.set(response, request);
    response.once('close', () => streams.delete(response));
    writeStatus(response, request.status);
  }

  return standIn;
}

function pair(body: unknown, response: ServerResponse): void {
  if ((body as { code: string }).code === PAIRING_CODE) response.writeHead(204).end();
  else sendProblem(response, 409, 'PAIRING_CODE_WRONG');
}

function tellCode({ status, input }: StandInRequest, response: ServerResponse): void {
  if (!input.otherPhone) {
    sendProblem(response, 403, 'OTHER_PHONE_NOT_CHOSEN');
  } else if (status.state === 'disclosed') {
    sendJson(response, 200, { number: PURPOSE.number, code: CODE, telUrl: TEL_URL, ...inTenMinutes() });
  } else {
    sendProblem(response, 409, 'DIAL_CODE_NOT_AVAILABLE');
  }
}

function writeStatus(stream: ServerResponse, status: CallRequestStatus): void {
  stream.write(`data: ${JSON.stringify(status)}\n\n`);
}

function inTenMinutes(): { codeExpiresAt: string } {
  return { codeExpiresAt: new Date(Date.now() + 600_000).toISOString() };
}
