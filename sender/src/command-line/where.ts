/** Which SMIS to send to, and as whom. */
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { UsageError } from './usage.ts';

export interface Destination {
  url: string;
  key: string;
  /** The demo's phones, where a message can be seen. */
  phonesUrl?: string;
}

const root = resolve(import.meta.dirname, '../../..');

/** Options first, then CIVICLINE_URL and CIVICLINE_KEY, then the `npm start` that runs from this clone. */
export async function destination(
  options: { url?: string | undefined; key?: string | undefined },
  environment: NodeJS.ProcessEnv,
): Promise<Destination> {
  const url = options.url ?? environment.CIVICLINE_URL;
  const key = options.key ?? environment.CIVICLINE_KEY;
  if (url !== undefined && !URL.canParse(url)) throw new UsageError('the URL of SMIS is not one');
  if (url !== undefined && key !== undefined) return { url, key };
  const running = await runningHere(environment.CIVICLINE_RUN_FILE ?? join(root, '.civicline/run.json'));
  // A key of the demo is not shown to another SMIS.
  if (url === undefined && running !== null) return { ...running, ...(key !== undefined && { key }) };
  if (url !== undefined) throw new UsageError('no key: set CIVICLINE_KEY, or use --key');
  throw new UsageError('no SMIS: start the demo with `npm start`, or set CIVICLINE_URL and CIVICLINE_KEY');
}

/** What `npm start` wrote down; null when nothing runs, or nothing with messages. */
async function runningHere(file: string): Promise<Destination | null> {
  try {
    const { messages } = JSON.parse(await readFile(file, 'utf8')) as { messages?: Record<string, unknown> };
    const { url, key, phonesUrl } = messages ?? {};
    if (typeof url !== 'string' || typeof key !== 'string') return null;
    return { url, key, ...(typeof phonesUrl === 'string' && { phonesUrl }) };
  } catch {
    return null;
  }
}
