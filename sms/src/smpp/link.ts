/**
 * Keeps a connection to the carrier: when one ends, the next is opened after a pause that doubles with every failure, up
 * to a limit, less up to half of it at random, so that many gateways do not return at the same instant. A connection
 * that stayed bound for longer than the pause before it makes the pauses start anew.
 */
import { type Connection, type ConnectionEvents, type ConnectionOptions, openConnection } from './connection.ts';

export interface LinkOptions extends ConnectionOptions {
  reconnectMinMs: number;
  reconnectMaxMs: number;
}

export interface LinkEvents extends Omit<ConnectionEvents, 'bound' | 'closed'> {
  /** A connection is bound, or (with the reason) is no more, or could not be. */
  state(up: boolean, reason: string): void;
}

export interface Link extends Pick<Connection, 'ready' | 'bound' | 'request'> {
  /** Ends the connection for `reason` once the carrier has answered what it has; another one follows. */
  reset(reason: string): void;
  close(): Promise<void>;
}

export function createLink(options: LinkOptions, events: LinkEvents): Link {
  let connection: Connection;
  let failures = 0;
  let boundAt = Number.POSITIVE_INFINITY;
  let lastPause = 0;
  let retry: NodeJS.Timeout | undefined;
  let closing = false;

  open();

  function open(): void {
    boundAt = Number.POSITIVE_INFINITY;
    connection = openConnection(options, { ...events, bound: onBound, closed: onClosed });
  }

  function onBound(): void {
    boundAt = performance.now();
    events.state(true, 'BOUND');
  }

  function onClosed(reason: string): void {
    failures = performance.now() - boundAt > lastPause ? 0 : failures + 1;
    events.state(false, reason);
    if (closing) return;
    lastPause = pauseAfter(failures, options);
    retry = setTimeout(open, lastPause);
  }

  async function close(): Promise<void> {
    closing = true;
    clearTimeout(retry);
    await connection.unbind();
  }

  return {
    ready: () => connection.ready(),
    bound: () => connection.bound(),
    request: (command, body, tlvs, end) => connection.request(command, body, tlvs, end),
    reset: (reason) => connection.retire(reason),
    close,
  };
}

function pauseAfter(failures: number, { reconnectMinMs, reconnectMaxMs }: LinkOptions): number {
  const pause = Math.min(reconnectMaxMs, reconnectMinMs * 2 ** Math.min(failures, 20));
  return pause * (0.5 + Math.random() / 2);
}
