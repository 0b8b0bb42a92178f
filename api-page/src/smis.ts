/** The few requests to SMIS that the page makes, as any sender would. */
import type { ChannelsView, MessageInput, MessageView, Problem } from '@civicline/protocol';

/** What SMIS refuses; the problem says why. */
export class Refused extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.title);
    this.problem = problem;
  }
}

/** No answer, or one that says that something failed; what was asked may or may not have been done. */
export class NoAnswer extends Error {
  readonly problem: Problem | null;

  constructor(problem: Problem | null) {
    super(problem?.title);
    this.problem = problem;
  }
}

export interface Asking {
  key: string;
  signal: AbortSignal;
}

export function channels(asking: Asking): Promise<ChannelsView> {
  return ask('GET', '/v1/channels', {}, asking) as Promise<ChannelsView>;
}

export function submit(input: MessageInput, idempotencyKey: string, asking: Asking): Promise<MessageView> {
  const headers = { 'Idempotency-Key': idempotencyKey, 'Content-Type': 'application/json' };
  return ask('POST', '/v1/messages', { headers, body: JSON.stringify(input) }, asking) as Promise<MessageView>;
}

export function message(id: string, asking: Asking): Promise<MessageView> {
  return ask('GET', `/v1/messages/${encodeURIComponent(id)}`, {}, asking) as Promise<MessageView>;
}

/** Throws {@link Refused}, {@link NoAnswer}, and the signal's reason. */
async function ask(method: string, path: string, init: RequestInit, { key, signal }: Asking): Promise<unknown> {
  const headers = { ...init.headers, Authorization: `Bearer ${key}`, Accept: 'application/json' };
  const limited = AbortSignal.any([signal, AbortSignal.timeout(20_000)]);
  let response: Response;
  let body: unknown;
  try {
    response = await fetch(path, { ...init, method, headers, credentials: 'omit', cache: 'no-store', signal: limited });
    body = await response.json();
  } catch {
    signal.throwIfAborted();
    throw new NoAnswer(null);
  }
  if (response.ok) return body;
  const problem = typeof body === 'object' && body !== null && 'code' in body ? (body as Problem) : null;
  throw problem && response.status < 500 ? new Refused(problem) : new NoAnswer(problem);
}
