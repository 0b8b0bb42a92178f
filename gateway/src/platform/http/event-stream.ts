import type { Response } from 'express';

/**
 * Server-sent events (WHATWG HTML §9.2) that carry the latest state of something: a reader that cannot keep up misses
 * states in between and gets the last one, so a stream holds one event at most, however slow the other side.
 */
export interface EventStreams {
  open(response: Response): EventStream;
  /** How many are open. */
  size(): number;
  /** Ends all of them, as the gateway stops; readers connect again. */
  close(): void;
}

export interface EventStream {
  /** Text of the `data:` field, on one line. */
  send(data: string): void;
  end(): void;
  onClose(listener: () => void): void;
}

const CLOSED: EventStream = { send() {}, end() {}, onClose: (listener) => listener() };

/** Often enough that no proxy takes the connection for dead. */
const KEEP_ALIVE_MS = 15_000;

export function createEventStreams(): EventStreams {
  const open = new Set<Response>();
  const keepAlive = setInterval(() => {
    for (const response of open) if (!response.writableNeedDrain) response.write(': keep-alive\n\n');
  }, KEEP_ALIVE_MS);
  keepAlive.unref();

  return {
    open(response) {
      // Gone while the answer was prepared: its `close` was told already, and never will be again.
      if (response.destroyed) return CLOSED;
      open.add(response);
      response.on('close', () => open.delete(response));
      return openStream(response);
    },
    size: () => open.size,
    close() {
      clearInterval(keepAlive);
      for (const response of open) response.end();
    },
  };
}

function openStream(response: Response): EventStream {
  let latest: string | null = null;
  let ending = false;
  const flush = () => {
    if (latest !== null && !response.writableNeedDrain) {
      response.write(`data: ${latest}\n\n`);
      latest = null;
    }
    if (ending && latest === null) response.end();
  };
  response.writeHead(200, {
    'Content-Type': 'text/event-stream',
    'Cache-Control': 'no-store',
    // nginx buffers otherwise.
    'X-Accel-Buffering': 'no',
  });
  response.flushHeaders();
  response.on('drain', flush);
  return {
    send(data) {
      if (ending || response.writableEnded) return;
      latest = data;
      flush();
    },
    end() {
      if (ending || response.writableEnded) return;
      ending = true;
      flush();
    },
    onClose: (listener) => void response.on('close', listener),
  };
}
