/** Requests on their way: each is answered, times out or is given up, and leaves no timer behind. */
import { AriError } from './errors.ts';
import type { RESTResponse } from './generated/events.ts';

interface Pending {
  operation: string;
  resolve(value: unknown): void;
  reject(error: AriError): void;
  timer: NodeJS.Timeout;
}

export interface PendingRequests {
  /** Takes a request in. The answer is the id to send it under, and the promise of its result. */
  add(operation: string): { id: string; result: Promise<unknown> };
  /** Settles the request that this answers; false when it is not (or no longer) waited for. */
  settle(response: RESTResponse): boolean;
  /** The request could not be sent. */
  giveUp(id: string): void;
  /** The connection is gone: all reject with `ARI_DISCONNECTED`. */
  giveUpAll(): void;
}

export function createPendingRequests(timeoutMs: number): PendingRequests {
  const pending = new Map<string, Pending>();
  let count = 0;

  function take(id: string): Pending | undefined {
    const request = pending.get(id);
    clearTimeout(request?.timer);
    pending.delete(id);
    return request;
  }

  function giveUp(id: string): void {
    const request = take(id);
    request?.reject(new AriError('ARI_DISCONNECTED', `${request.operation}: the connection ended before the answer`));
  }

  function expire(id: string): void {
    const request = take(id);
    request?.reject(new AriError('ARI_TIMEOUT', `${request.operation}: no answer within ${timeoutMs} ms`));
  }

  return {
    add(operation) {
      count += 1;
      const id = `r${count}`;
      const result = new Promise<unknown>((resolve, reject) => {
        pending.set(id, { operation, resolve, reject, timer: setTimeout(expire, timeoutMs, id) });
      });
      return { id, result };
    },
    settle(response) {
      const request = take(response.request_id);
      if (!request) return false;
      const body = parseBody(response.message_body);
      if (response.status_code < 400) request.resolve(body);
      else request.reject(refusal(request.operation, response.status_code, body));
      return true;
    },
    giveUp,
    giveUpAll() {
      for (const id of [...pending.keys()]) giveUp(id);
    },
  };
}

function parseBody(text: string | undefined): unknown {
  if (!text) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function refusal(operation: string, status: number, body: unknown): AriError {
  const { message, error } = (body ?? {}) as { message?: unknown; error?: unknown };
  const detail = String(message ?? error ?? '');
  return new AriError('ARI_REQUEST_FAILED', `${operation}: Asterisk answered ${status}`, { status, detail });
}
