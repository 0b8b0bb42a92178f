import type { LocalizedText } from '@civicline/protocol';
import { requestJson, requestText } from './requestor-api.ts';
import { createResultVerifier } from './result-jwt.ts';
import {
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
  /** Where the app goes after the disclosure, unchanged: see {@link telUrl}. */
  clientReturnUrl: string;
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

export interface IrmaClient {
  startDisclosure(request: DisclosureRequest): Promise<StartedDisclosure>;
  sessionStatus(requestorToken: string): Promise<SessionStatus>;
  /** Kept by the server for five minutes after the session's end. */
  sessionResult(requestorToken: string): Promise<SessionResult>;
  /** Ends a session; one that has ended stays as it is. */
  cancel(requestorToken: string): Promise<void>;
  verifyResultJwt(jwt: string): Promise<SessionResult>;
}

/**
 * A client of the IRMA server's requestor API (v1.3.0). Nothing of a session is logged or put into an error.
 * Every function throws IrmaError, see its codes. `startDisclosure` repeated makes another session; the others may be
 * repeated freely.
 */
export function createIrmaClient(options: IrmaClientOptions): IrmaClient {
  const { issuer = 'irmaserver', timeoutMs = 5_000, token } = options;
  const api = { url: options.url.replace(/\/+$/, ''), token, timeoutMs };
  const session = (requestorToken: string) => `/session/${encodeURIComponent(requestorToken)}`;

  return {
    async startDisclosure(request) {
      const body = sessionRequest(request);
      const started = await requestJson(api, startedSessionSchema, { method: 'POST', path: '/session', body });
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
