import type { z } from 'zod';
import { IrmaError } from './errors.ts';
import { serverErrorSchema } from './schemas.ts';

export interface RequestorApi {
  url: string;
  /** Goes along with what begins a session, or belongs to the page that shows one. */
  token: string;
  timeoutMs: number;
}

interface Call {
  method: 'GET' | 'POST' | 'DELETE';
  /** Holds the session's token: a secret, like everything else here. */
  path: string;
  body?: unknown;
  /** Whether the token goes along. */
  authorized?: boolean;
}

/**
 * One request to the IRMA server, its answer as text. On a connection of its own: the server ends an idle one after two
 * seconds (its ReadTimeout), and a request that is on its way then would be lost.
 * @throws IrmaError, of which nothing is a secret
 */
export async function requestText(api: RequestorApi, { method, path, body, authorized }: Call): Promise<string> {
  const { status, text } = await exchange(
    api,
    {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      headers: {
        Connection: 'close',
        ...(body !== undefined && { 'Content-Type': 'application/json' }),
        ...(authorized && { Authorization: api.token }),
      },
      redirect: 'error',
      signal: AbortSignal.timeout(api.timeoutMs),
    },
    path,
  );
  if (status >= 200 && status < 300) return text;
  throw refusal(status, text);
}

/** The same, for an answer in JSON of a known form. */
export async function requestJson<T extends z.ZodType>(api: RequestorApi, schema: T, call: Call): Promise<z.infer<T>> {
  const parsed = schema.safeParse(parseJson(await requestText(api, call)));
  if (!parsed.success) throw notIrma();
  return parsed.data;
}

async function exchange(api: RequestorApi, init: RequestInit, path: string): Promise<{ status: number; text: string }> {
  try {
    const response = await fetch(`${api.url}${path}`, init);
    return { status: response.status, text: await response.text() };
  } catch (error) {
    // The error itself stays here: it may name the URL.
    const reason = (error as Error).name === 'TimeoutError' ? `no answer in ${api.timeoutMs} ms` : 'no connection';
    throw new IrmaError('IRMA_UNREACHABLE', `The IRMA server cannot be reached: ${reason}.`);
  }
}

function refusal(status: number, text: string): IrmaError {
  const parsed = serverErrorSchema.safeParse(parseJson(text));
  const name = parsed.success ? parsed.data.error : 'without a reason';
  if (name === 'SESSION_UNKNOWN') return new IrmaError('IRMA_SESSION_UNKNOWN', 'The IRMA server has no such session.');
  if (status >= 500) return new IrmaError('IRMA_UNREACHABLE', `The IRMA server failed (${status}, ${name}).`);
  return new IrmaError('IRMA_REJECTED', `The IRMA server refused the request (${status}, ${name}).`);
}

function notIrma(): IrmaError {
  return new IrmaError('IRMA_UNREACHABLE', 'What answers at the IRMA server’s address does not speak its protocol.');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
