import { type Verdict, verdictOf, verdictOfError } from './results.ts';

export interface Answer {
  verdict: Verdict;
  /** Property names in lower case; empty when the body could not be read. */
  fields: Map<string, unknown>;
}

export interface Api {
  /** POST `${url}${path}` with the key added. Never rejects. */
  call(path: string, fields: Record<string, unknown>): Promise<Answer>;
}

export interface ApiOptions {
  /** Such as `https://api.ringring.be/sms/v1`. */
  url: string;
  apiKey: string;
  responseTimeoutMs: number;
}

const MAXIMUM_ANSWER = 4_000_000;

export function createApi({ url, apiKey, responseTimeoutMs }: ApiOptions): Api {
  async function call(path: string, fields: Record<string, unknown>): Promise<Answer> {
    try {
      const response = await fetch(`${url}${path}`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json; charset=UTF-8', Accept: 'application/json' },
        body: JSON.stringify({ ApiKey: apiKey, ...fields }),
        // Key, number and text go to the named address and nowhere else.
        redirect: 'manual',
        signal: AbortSignal.timeout(responseTimeoutMs),
      });
      const answered = fieldsOf(await readText(response));
      return { verdict: verdictOf(response.status, codeOf(answered)), fields: answered };
    } catch (error) {
      return { verdict: verdictOfError(error), fields: new Map() };
    }
  }
  return { call };
}

async function readText(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > MAXIMUM_ANSWER) return '';
  }
  return text;
}

/** The properties of a JSON object by lower-case name. */
export function fieldsOf(text: string): Map<string, unknown> {
  try {
    const body: unknown = JSON.parse(text);
    const entries = typeof body === 'object' && body !== null ? Object.entries(body) : [];
    return new Map(entries.map(([name, value]) => [name.toLowerCase(), value]));
  } catch {
    return new Map();
  }
}

/** The ResultCode as a number; vendors' own clients also send it as text. */
export function codeOf(fields: Map<string, unknown>): number | null {
  const value = fields.get('resultcode');
  if (value === undefined || value === null || value === '') return null;
  const code = Number(value);
  return Number.isInteger(code) ? code : null;
}
