/** What can go wrong between the widget and the gateway, as the citizen can be told about it. */
export interface Problem {
  kind: ProblemKind;
  /** A stable code, for whoever is asked for help: the gateway's where it answered. */
  code?: string;
}

/**
 *   offline      this device has no network  unknown    no such organisation or purpose
 *   not-allowed  this website may not        too-many   rate limit
 *   unavailable  gateway or Yivi is down     gone       the request or its code is no longer valid
 *   other        anything else
 */
export type ProblemKind = 'offline' | 'unknown' | 'not-allowed' | 'too-many' | 'unavailable' | 'gone' | 'other';

/** A refused or failed request to the gateway. */
export class GatewayError extends Error {
  readonly problem: Problem;
  /** Asking the same again later may succeed. */
  readonly mayPass: boolean;

  constructor(problem: Problem) {
    super(problem.code ?? problem.kind);
    this.problem = problem;
    this.mayPass = problem.kind === 'offline' || problem.kind === 'unavailable' || problem.kind === 'too-many';
  }
}

/** Reads an HTTP answer other than 2xx; its body may be problem+json (RFC 9457) or a proxy's error page. */
export async function problemOf(response: Response): Promise<Problem> {
  const body: unknown = await response.json().catch(() => null);
  const code = isObject(body) && typeof body.code === 'string' ? body.code : `HTTP_${response.status}`;
  return { kind: kindOf(response.status), code };
}

function kindOf(status: number): ProblemKind {
  if (status === 401 || status === 403) return 'not-allowed';
  if (status === 404) return 'unknown';
  if (status === 409 || status === 410) return 'gone';
  if (status === 429) return 'too-many';
  if (status === 408 || status >= 500) return 'unavailable';
  return 'other';
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
