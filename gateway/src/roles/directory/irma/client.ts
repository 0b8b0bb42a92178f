import type { LocalizedText } from '@civicline/protocol';
import { requestJson, requestText } from './requestor-api.ts';
import { createResultVerifier } from './result-jwt.ts';
import {
  pairingSchema,
  type SessionResult,
  type SessionStatus,
  sessionResultSchema,
  sessionStatusSchema,
  startedSessionSchema,
} from './schemas.ts';

export interface IrmaClientOptions {
  /** The server's requestor side, such as http://127.0.0.1:8088; for this gateway alone. */
  url: string;
  /** The requestor's key there (`auth_method: token`). */
  token: string;
  /** The server's `jwt_issuer`. */
  issuer?: string;
  /** Where this gateway reaches what apps and pages speak to; absent: where they reach it. */
  frontendUrl?: string | null;
  timeoutMs?: number;
}

/** An attribute, by its id, or one that must have a value, or this value. */
export type RequestedAttribute =
  | string
  | { type: string; value?: string | null | undefined; notNull?: boolean | undefined };

export interface DisclosureRequest {
  /** Conjunction of disjunctions of conjunctions (https://docs.yivi.app/condiscon); an empty innermost one is optional. */
  disclose: RequestedAttribute[][][];
  /** What the app shows above an outer conjunction, by its index. */
  labels?: Record<string, LocalizedText>;
  /** Where the app goes after the disclosure, unchanged: see {@link telUrl}; absent: nowhere. */
  clientReturnUrl?: string;
  /**
   * Gets the result as a JWT (POST, text/plain), once, at any ending; a failed delivery is not repeated. The server adds
   * a slash to it when it does not end in one, so a query does not survive.
   */
  callbackUrl: string;
  /** How long nothing may happen before the session ends in TIMEOUT. */
  timeoutSeconds: number;
}

export interface StartedDisclosure {
  /** For the citizen's browser, with `frontendRequest`. */
  sessionPtr: { u: string; irmaqr: string };
  frontendRequest: { authorization: string; [option: string]: unknown };
  /** Whoever has it reads the result and can cancel: never for a browser, an agent, a URL of ours or a log. */
  requestorToken: string;
}

/** What the page that shows a session may do with it: for the browser, or kept by the gateway where it pairs. */
export type SessionFrontend = Pick<StartedDisclosure, 'sessionPtr' | 'frontendRequest'>;

export interface IrmaClient {
  startDisclosure(request: DisclosureRequest): Promise<StartedDisclosure>;
  sessionStatus(requestorToken: string): Promise<SessionStatus>;
  /** Kept by the server for five minutes after the session's end. */
  sessionResult(requestorToken: string): Promise<SessionResult>;
  /** Ends a session; one that has ended stays as it is. */
  cancel(requestorToken: string): Promise<void>;
  verifyResultJwt(jwt: string): Promise<SessionResult>;
  /** The session goes on only once the digits that the app shows are confirmed. Before the app has the session. */
  requirePairing(frontend: SessionFrontend): Promise<{ pairingCode: string }>;
  /** The digits were typed over. Throws IrmaError `IRMA_REJECTED` when no app waits for it. */
  completePairing(frontend: SessionFrontend): Promise<void>;
}

/**
 * A client of the IRMA server's requestor API (v1.3.0). Nothing of a session is logged or put into an error.
 * Every function throws IrmaError, see its codes. `startDisclosure` repeated makes another session; the others may be
 * repeated freely.
 */
export function createIrmaClient(options: IrmaClientOptions): IrmaClient {
  const { issuer = 'irmaserver', timeoutMs = 5_000, token } = options;
  const api = { url: options.url.replace(/\/+$/, ''), token, timeoutMs };
  /** The session as pages speak to it, under the address at which the gateway reaches it. */
  const frontendApi = ({ sessionPtr, frontendRequest }: SessionFrontend) => {
    const { pathname, origin } = new URL(sessionPtr.u);
    const url = `${options.frontendUrl ?? origin}${pathname}/frontend`;
    return { url, token: frontendRequest.authorization, timeoutMs };
  };
  const session = (requestorToken: string) => `/session/${encodeURIComponent(requestorToken)}`;

  return {
    async startDisclosure(request) {
      const body = sessionRequest(request);
      const started = await requestJson(api, startedSessionSchema, {
        method: 'POST',
        path: '/session',
        body,
        authorized: true,
      });
      const { sessionPtr, frontendRequest, token: requestorToken } = started;
      return { sessionPtr, frontendRequest, requestorToken };
    },
    sessionStatus: (requestorToken) =>
      requestJson(api, sessionStatusSchema, { method: 'GET', path: `${session(requestorToken)}/status` }),
    sessionResult: (requestorToken) =>
      requestJson(api, sessionResultSchema, { method: 'GET', path: `${session(requestorToken)}/result` }),
    async cancel(requestorToken) {
      await requestText(api, { method: 'DELETE', path: session(requestorToken) });
    },
    verifyResultJwt: createResultVerifier(issuer, () => requestText(api, { method: 'GET', path: '/publickey' })),
    async requirePairing(frontend) {
      const body = { '@context': 'https://irma.app/ld/request/frontendoptions/v1', pairingMethod: 'pin' };
      return requestJson(frontendApi(frontend), pairingSchema, {
        method: 'POST',
        path: '/options',
        body,
        authorized: true,
      });
    },
    async completePairing(frontend) {
      await requestText(frontendApi(frontend), { method: 'POST', path: '/pairingcompleted', authorized: true });
    },
  };
}

/** An extended session request. `augmentReturnUrl` must never be set: it would add the token to what the phone dials. */
function sessionRequest({ disclose, labels, clientReturnUrl, callbackUrl, timeoutSeconds }: DisclosureRequest) {
  return {
    timeout: timeoutSeconds,
    callbackUrl,
    request: { '@context': 'https://irma.app/ld/request/disclosure/v2', disclose, labels, clientReturnUrl },
  };
}
