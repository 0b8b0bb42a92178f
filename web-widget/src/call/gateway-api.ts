/** The gateway's API for citizens (`protocol/src/call-requests.ts`), as far as the widget speaks it. */
import type { CallRequestCreated, CallRequestInput, DialCode, PurposeView } from '@civicline/protocol';
import { GatewayError, isObject, problemOf } from './problem.ts';

/** Long enough for a phone with one bar, short enough to be told about it. */
const ANSWER_WITHIN_MS = 15_000;

export type OpenRequest = Pick<CallRequestCreated, 'id' | 'token'>;

export interface GatewayApi {
  purpose(organisation: string, purpose: string): Promise<PurposeView>;
  createCallRequest(input: CallRequestInput): Promise<CallRequestCreated>;
  /** The event stream; the caller reads its body and ends it by the signal. */
  events(request: OpenRequest, signal: AbortSignal): Promise<Response>;
  /** The digits that the app shows: false when they are wrong. */
  pair(request: OpenRequest, digits: string): Promise<boolean>;
  dialCode(request: OpenRequest): Promise<DialCode>;
  /** Best effort, also while the page is being left: an abandoned request expires by itself. */
  cancel(request: OpenRequest): void;
}

/** Every method rejects with {@link GatewayError}. `origin` without a trailing slash. */
export function createGatewayApi(origin: string): GatewayApi {
  const send = async (path: string, init: RequestInit = {}): Promise<Response> => {
    const response = await fetch(`${origin}/v1/${path}`, {
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
      cache: 'no-store',
      credentials: 'omit',
      ...init,
    }).catch(() => {
      // Only "false" says something (HTML §8.1.7.3): a gateway that is away is not the citizen's network.
      if (navigator.onLine === false) throw new GatewayError({ kind: 'offline' });
      throw new GatewayError({ kind: 'unavailable', code: 'GATEWAY_UNREACHABLE' });
    });
    if (!response.ok) throw new GatewayError(await problemOf(response));
    return response;
  };

  const ofRequest = (request: OpenRequest, rest: string, init: RequestInit): Promise<Response> =>
    send(`call-requests/${request.id}${rest}`, {
      ...init,
      headers: { ...init.headers, Authorization: `Bearer ${request.token}` },
    }).catch((error) => {
      throw isRefused(error) ? new GatewayError({ ...error.problem, kind: 'gone' }) : error;
    });

  return {
    purpose: async (organisation, purpose) => {
      const path = `organisations/${encodeURIComponent(organisation)}/purposes/${encodeURIComponent(purpose)}`;
      const body = await read(await send(path));
      return expectShape<PurposeView>(body, isObject(body) && typeof body.number === 'string');
    },
    createCallRequest: async (input) => {
      const headers = { 'Content-Type': 'application/json' };
      const body = await read(await send('call-requests', { method: 'POST', headers, body: JSON.stringify(input) }));
      return expectShape<CallRequestCreated>(body, isObject(body) && isObject(body.sessionPtr));
    },
    events: (request, signal) => ofRequest(request, '/events', { headers: { Accept: 'text/event-stream' }, signal }),
    pair: (request, digits) =>
      ofRequest(request, '/pairing', {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ code: digits }),
      }).then(
        () => true,
        (error) => {
          if (error instanceof GatewayError && error.problem.code === 'PAIRING_CODE_WRONG') return false;
          throw error;
        },
      ),
    dialCode: async (request) => {
      const body = await read(await ofRequest(request, '/dial-code', { method: 'POST' }));
      return expectShape<DialCode>(body, isObject(body) && typeof body.code === 'string');
    },
    cancel: (request) => {
      ofRequest(request, '', { method: 'DELETE', keepalive: true }).catch(() => {});
    },
  };
}

/** A request that the gateway no longer knows, or whose secret it no longer takes: it is over. */
function isRefused(error: unknown): error is GatewayError {
  return error instanceof GatewayError && (error.problem.kind === 'unknown' || error.problem.kind === 'not-allowed');
}

function read(response: Response): Promise<unknown> {
  // A log-in page of a public network or a proxy's page is not an answer of the gateway.
  return response.json().catch(() => {
    throw new GatewayError({ kind: 'unavailable', code: 'ANSWER_NOT_JSON' });
  });
}

function expectShape<T>(body: unknown, fits: boolean): T {
  if (!fits) throw new GatewayError({ kind: 'unavailable', code: 'ANSWER_UNEXPECTED' });
  return body as T;
}
