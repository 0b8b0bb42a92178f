import type { ChannelName } from '@civicline/protocol';
import { type Channel, ChannelError, type ChannelKeys } from '@civicline/protocol/channel';
import { backOff, wait } from '@civicline/protocol/run';
import type { Logger } from '../platform/http/index.ts';
import { createRoleTokenSigner, createRoleTokenVerifier, type SignRoleToken } from '../platform/run/index.ts';
import {
  ANSWER_TOKEN,
  CALLS_PATH,
  type CallInput,
  type CallName,
  type CallOutput,
  calls,
  HINTS_PATH,
  LARGEST_ANSWER,
  replySchema,
} from './calls.ts';

export interface RemoteChannelOptions {
  name: ChannelName;
  /** Where the channel's process answers, such as http://sms:3000 */
  url: string;
  /** The channel's: its answers must be signed with the other half. The current one, and during a rotation others. */
  publicKeys: readonly string[];
  /** SMIS' own: signs its calls. */
  privateKey: string;
  log: Logger;
  now: () => number;
  /** How long a call may take, milliseconds. */
  timeoutMs?: number;
}

const TIMEOUT_MS = 10_000;
/** How long keys are taken for current. */
const KEYS_MS = 60_000;
const HINTS_AGAIN = { firstMs: 500, longestMs: 30_000 };
/** The other side sends a comment every 15 s. */
const SILENCE_MS = 40_000;

/**
 * A channel in another process, called over HTTP. Rejects with `CHANNEL_UNAVAILABLE` when it is away or too slow; SMIS
 * then keeps what it wanted to say, and tries again. Hints may be lost.
 */
export function createRemoteChannel(options: RemoteChannelOptions): Channel {
  const { name, url, publicKeys, privateKey, log, now, timeoutMs = TIMEOUT_MS } = options;
  const sign = createRoleTokenSigner(privateKey, now);
  const verify = createRoleTokenVerifier(publicKeys, now);
  let known: { keys: ChannelKeys; at: number } | undefined;

  async function call<Name extends CallName>(about: Name, input: CallInput<Name>): Promise<CallOutput<Name>> {
    const body = JSON.stringify(input);
    const { token, id } = await sign({ from: 'smis', to: name, about, body });
    const answer = await ask(`${url}${CALLS_PATH}/${about}`, token, body, timeoutMs);
    if (answer.status === 401) throw refused(name, 'it does not accept the token of SMIS');
    if (answer.status !== 200) throw away(name, `it answered with status ${answer.status}`);
    await verify(answer.token, { from: name, to: 'smis', about: id, body: answer.body }).catch((error: unknown) => {
      throw refused(name, 'its answer is not signed by its key', error);
    });
    return read(about, name, answer.body);
  }

  return {
    name,
    async keys() {
      if (known && Math.abs(now() - known.at) < KEYS_MS) return known.keys;
      const fresh = await call('keys', {}).catch((error: unknown) => {
        // Senders can go on sealing for a channel that is away: it opens what comes when it is back.
        if (known) return known.keys;
        throw error;
      });
      known = { keys: fresh, at: now() };
      return fresh;
    },
    async submit(attempts) {
      if (attempts.length > 0) await call('submit', { attempts: [...attempts] });
    },
    async cancel(attemptIds) {
      if (attemptIds.length > 0) await call('cancel', { attemptIds: [...attemptIds] });
    },
    outcomes: (after, limit) => call('outcomes', { after, limit }),
    async acknowledge(position) {
      await call('acknowledge', { position });
    },
    onOutcome: (listener) => {
      const listening = new AbortController();
      void followHints(listener, { name, url, sign, log, signal: listening.signal });
      return () => listening.abort();
    },
  };
}

function read<Name extends CallName>(about: Name, name: ChannelName, body: string): CallOutput<Name> {
  const reply = replySchema.safeParse(JSON.parse(body));
  if (!reply.success) throw refused(name, 'its answer is not understood');
  if ('error' in reply.data) throw new ChannelError(reply.data.error, `the channel ${name} says so`);
  const output = calls[about].output.safeParse(reply.data.result);
  if (!output.success) throw refused(name, 'its answer is not understood');
  return output.data as CallOutput<Name>;
}

interface Answer {
  status: number;
  token: string;
  body: string;
}

async function ask(url: string, token: string, body: string, timeoutMs: number): Promise<Answer> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body,
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
    });
    return {
      status: response.status,
      token: response.headers.get(ANSWER_TOKEN) ?? '',
      body: await textOf(response),
    };
  } catch (error) {
    throw away(new URL(url).host, 'it does not answer', error);
  }
}

/** Rejects for an answer that is larger than any should be. */
async function textOf(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength;
    if (size > LARGEST_ANSWER) throw new Error('The answer is too large.');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

interface HintOptions {
  name: ChannelName;
  url: string;
  sign: SignRoleToken;
  log: Logger;
  signal: AbortSignal;
}

/** Follows the stream of hints until `signal` aborts, and connects again whenever it ends. */
async function followHints(listener: () => void, options: HintOptions): Promise<void> {
  const { name, log, signal } = options;
  for (let failures = 0; !signal.aborted; failures++) {
    await listen(listener, options).then(
      () => {
        failures = 0;
      },
      (error: unknown) => log.debug({ error, channel: name }, 'the hints of a channel cannot be followed now'),
    );
    await wait(backOff(failures, HINTS_AGAIN), signal).catch(() => undefined);
  }
}

/** Resolves when the stream ends; rejects when it could not be opened, or breaks off. */
async function listen(listener: () => void, { name, url, sign, signal }: HintOptions): Promise<void> {
  const { token } = await sign({ from: 'smis', to: name, about: 'hints', body: '' });
  const silence = new AbortController();
  const hush = setTimeout(() => silence.abort(), SILENCE_MS);
  try {
    const response = await fetch(`${url}${HINTS_PATH}`, {
      headers: { authorization: `Bearer ${token}` },
      redirect: 'error',
      signal: AbortSignal.any([signal, silence.signal]),
    });
    if (response.status !== 200) throw new Error(`It answered with status ${response.status}.`);
    for await (const chunk of response.body ?? []) {
      hush.refresh();
      if (!signal.aborted && Buffer.from(chunk).includes('data:')) listener();
    }
  } finally {
    clearTimeout(hush);
  }
}

function away(who: string, why: string, cause?: unknown): ChannelError {
  return new ChannelError('CHANNEL_UNAVAILABLE', `${who}: ${why}`, { cause });
}

function refused(who: string, why: string, cause?: unknown): ChannelError {
  return new ChannelError('CHANNEL_REFUSED', `${who}: ${why}`, { cause });
}
