/** SMIS over HTTP: every request is idempotent, so that one whose answer was lost is simply sent again. */
import { problemSchema, readRetryAfter } from '@civicline/protocol';
import type { wait } from '@civicline/protocol/run';
import type { z } from 'zod';
import type { AccessTokens } from './access.ts';
import { SenderError } from './errors.ts';
import { delayBefore } from './retry.ts';

/** How long to go on trying, milliseconds, unless a call says otherwise. */
const PATIENCE_MS = 60_000;
/** A batch of 10,000 is stored before it is answered. */
const ANSWER_WITHIN_MS = 60_000;
/** The code for a refusal that is none of SMIS's problems: a proxy's, perhaps. */
export const REFUSED = 'REFUSED';

export interface SmisRequest {
  method: 'GET' | 'POST';
  /** With its query. */
  path: string;
  body?: { type: 'application/json' | 'application/x-ndjson'; text: string };
  /** One per thing to be made; the same for every repetition. */
  idempotencyKey?: string;
  signal?: AbortSignal | undefined;
  /** Milliseconds after which a request that may still succeed is given up. */
  patienceMs?: number | undefined;
}

export interface SmisClient {
  /** Reads the answer as JSON, or as one array when it is NDJSON. Throws SenderError, or the signal's reason. */
  call<Schema extends z.ZodType>(request: SmisRequest, schema: Schema): Promise<z.output<Schema>>;
}

export interface SmisClientOptions {
  url: string;
  accessToken: AccessTokens;
  fetch: typeof fetch;
  now: () => number;
  wait: typeof wait;
}

export function createSmisClient(options: SmisClientOptions): SmisClient {
  const { accessToken, now } = options;
  const base = options.url.replace(/\/+$/, '');

  async function once(request: SmisRequest, fresh: boolean): Promise<Answer> {
    const token = await accessToken({ fresh });
    const limit = AbortSignal.timeout(ANSWER_WITHIN_MS);
    const { body } = request;
    try {
      const response = await options.fetch(base + request.path, {
        method: request.method,
        headers: {
          authorization: `Bearer ${token}`,
          accept: body?.type === 'application/x-ndjson' ? 'application/x-ndjson, application/json' : 'application/json',
          ...(body && { 'content-type': body.type }),
          ...(request.idempotencyKey !== undefined && { 'idempotency-key': request.idempotencyKey }),
        },
        ...(body && { body: body.text }),
        // The key goes nowhere else.
        redirect: 'manual',
        signal: request.signal ? AbortSignal.any([request.signal, limit]) : limit,
      });
      return { response, text: await response.text() };
    } catch (error) {
      request.signal?.throwIfAborted();
      return { lost: error };
    }
  }

  return {
    async call(request, schema) {
      const giveUpAt = now() + (request.patienceMs ?? PATIENCE_MS);
      let renewed = false;
      for (let tries = 1; ; tries++) {
        const answer = await once(request, renewed);
        if ('response' in answer) {
          if (answer.response.ok) return read(answer, schema);
          // Once: an access token may have ended a moment ago; a key is refused for good.
          if (answer.response.status === 401 && !renewed) {
            renewed = true;
            continue;
          }
        }
        const status = 'response' in answer ? answer.response.status : null;
        const error = 'response' in answer ? refusal(answer, now()) : unreachable(answer.lost);
        const { retryAfterSeconds = 0 } = error;
        const delay = delayBefore({ tries, status, retryAfterMs: retryAfterSeconds * 1000, random: Math.random });
        if (delay === null || now() + delay > giveUpAt) throw error;
        await options.wait(delay, request.signal);
      }
    },
  };
}

type Answer = { response: Response; text: string } | { lost: unknown };

function read<Schema extends z.ZodType>(
  { response, text }: { response: Response; text: string },
  schema: Schema,
): z.output<Schema> {
  const lines = (response.headers.get('content-type') ?? '').includes('ndjson');
  try {
    return schema.parse(
      lines
        ? text
            .split('\n')
            .filter(Boolean)
            .map((line) => JSON.parse(line))
        : JSON.parse(text),
    );
  } catch {
    throw new SenderError('ANSWER_MALFORMED', 'The answer is not one of SMIS; check the URL.', {
      status: response.status,
    });
  }
}

function refusal({ response, text }: { response: Response; text: string }, now: number): SenderError {
  const asked = readRetryAfter(response.headers.get('retry-after'), now);
  const retryAfter = asked === undefined ? {} : { retryAfterSeconds: Math.ceil(asked / 1000) };
  const more = { status: response.status, ...retryAfter };
  const problem = problemSchema.safeParse(jsonOf(text));
  if (!problem.success) return new SenderError(REFUSED, `SMIS answered with status ${response.status}.`, more);
  const { code, title, detail, errors } = problem.data;
  return new SenderError(code, detail ?? title, { ...more, ...(errors && { errors }) });
}

function unreachable(cause: unknown): SenderError {
  return new SenderError('SMIS_UNREACHABLE', 'SMIS did not answer; whether it got the request is not known.', {
    cause,
  });
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
