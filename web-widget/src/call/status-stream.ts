/**
 * Follows the statuses of one call request through everything that networks and phones do to a connection: closed by
 * proxies, frozen with the page in the background, lost in a tunnel. Each new connection begins with the present status,
 * so nothing is missed by being away.
 *
 * Not an EventSource: the request's secret goes in a header, never in a URL.
 */
import type { CallRequestState, CallRequestStatus } from '@civicline/protocol';
import { backOff } from '@civicline/protocol/run';
import { createParser } from 'eventsource-parser';
import { GatewayError, isObject, type Problem } from './problem.ts';

const ANSWER_WITHIN_MS = 15_000;
/** The gateway sends a comment more often than this; silence for longer means a dead connection. */
const SILENCE_MS = 45_000;
/** Jittered, so that a thousand widgets do not return in the same second. */
const PAUSES = { firstMs: 500, longestMs: 10_000 };
const STATES: readonly CallRequestState[] = [
  'awaiting-disclosure',
  'disclosed',
  'calling',
  'queued',
  'connected',
  'ended',
  'cancelled',
  'expired',
  'failed',
];
const LAST_STATES: readonly CallRequestState[] = ['ended', 'cancelled', 'expired', 'failed'];

export interface StatusStreamOptions {
  /** Opens one connection; rejects with GatewayError. */
  connect(signal: AbortSignal): Promise<Response>;
  onStatus(status: CallRequestStatus): void;
  /** true after an attempt failed, false when a connection stands again. */
  onLost(lost: boolean): void;
  /** The gateway refused for good; the stream has stopped. */
  onRefused(problem: Problem): void;
}

export interface StatusStream {
  /** Connects anew at once: the page came back to the front, or the network did. */
  wake(): void;
  stop(): void;
}

export function followStatus(options: StatusStreamOptions): StatusStream {
  let stopped = false;
  let woken = false;
  let connection = new AbortController();
  let endPause = (): void => {};

  const run = async (): Promise<void> => {
    let fruitless = 0;
    while (!stopped) {
      woken = false;
      connection = new AbortController();
      const outcome = await readOnce(options, connection).catch(asGatewayError);
      if (stopped || outcome === 'finished') return;
      if (woken) continue;
      if (outcome instanceof GatewayError) {
        if (!outcome.mayPass) return options.onRefused(outcome.problem);
        options.onLost(true);
      }
      fruitless = outcome === 'told' ? 0 : fruitless + 1;
      await new Promise<void>((resolve) => {
        endPause = resolve;
        setTimeout(resolve, backOff(fruitless + 1, PAUSES));
      });
    }
  };
  run();

  const wake = (): void => {
    woken = true;
    endPause();
    connection.abort();
  };
  return {
    wake,
    stop: () => {
      stopped = true;
      wake();
    },
  };
}

type Outcome = 'finished' | 'told' | 'nothing';

/**
 * One connection from its opening to its end: `finished` when the last status came, `told` when another did. Rejects
 * only when it could not be opened: a connection that stood and broke is first opened again before anybody is alarmed.
 */
async function readOnce(options: StatusStreamOptions, connection: AbortController): Promise<Outcome> {
  let outcome = 'nothing' as Outcome;
  const parser = createParser({
    onEvent: ({ data }) => {
      const status = parseStatus(data);
      if (status === null || outcome === 'finished') return;
      outcome = LAST_STATES.includes(status.state) ? 'finished' : 'told';
      options.onStatus(status);
    },
  });
  const timer = startTimer(ANSWER_WITHIN_MS, () => connection.abort());
  try {
    const response = await options.connect(connection.signal);
    options.onLost(false);
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    const next = () => reader?.read().catch(() => undefined);
    while (outcome !== 'finished') {
      const part = await next();
      if (!part || part.done) break;
      timer.restart(SILENCE_MS);
      parser.feed(part.value);
    }
    return outcome;
  } finally {
    timer.stop();
    connection.abort();
  }
}

function parseStatus(data: string): CallRequestStatus | null {
  try {
    const value: unknown = JSON.parse(data);
    if (!isObject(value) || typeof value.sequence !== 'number') return null;
    return STATES.some((state) => state === value.state) ? (value as CallRequestStatus) : null;
  } catch {
    return null;
  }
}

function asGatewayError(error: unknown): GatewayError {
  return error instanceof GatewayError ? error : new GatewayError({ kind: 'offline' });
}

function startTimer(milliseconds: number, onEnd: () => void): { restart(milliseconds: number): void; stop(): void } {
  let timer = setTimeout(onEnd, milliseconds);
  return {
    restart: (next) => {
      clearTimeout(timer);
      timer = setTimeout(onEnd, next);
    },
    stop: () => clearTimeout(timer),
  };
}
