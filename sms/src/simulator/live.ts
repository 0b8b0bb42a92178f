import type { Response } from 'express';

/**
 * Server-sent events (WHATWG HTML §9.2) of the phones page. Changes are gathered for a moment and every event carries a
 * whole state, so a reader that cannot keep up, or comes back, misses nothing but states in between.
 */
export interface Live {
  /** `phone`: whose messages this reader looks at; 0: nobody's. */
  open(response: Response, phone: number): void;
  /** Something has changed, of this phone also; 0: of none. */
  changed(phone: number): void;
  close(): void;
}

const GATHER_MS = 150;
const KEEP_ALIVE_MS = 15_000;

interface Reader {
  response: Response;
  phone: number;
}

export function createLive(overview: () => object, messages: (phone: number) => object | null): Live {
  const readers = new Set<Reader>();
  let changedPhones = new Set<number>();
  let timer: NodeJS.Timeout | null = null;

  function send({ response, phone }: Reader, overviewText: string, withMessages: boolean): void {
    response.write(`event: overview\ndata: ${overviewText}\n\n`);
    const shown = withMessages ? messages(phone) : null;
    if (shown) response.write(`event: messages\ndata: ${JSON.stringify(shown)}\n\n`);
  }

  function publish(): void {
    timer = null;
    const phones = changedPhones;
    changedPhones = new Set();
    const text = JSON.stringify(overview());
    for (const reader of readers) {
      // Who does not read is sent everything when it does again.
      if (!reader.response.writableNeedDrain) send(reader, text, phones.has(reader.phone));
    }
  }

  const keepAlive = setInterval(() => {
    for (const { response } of readers) if (!response.writableNeedDrain) response.write(': keep-alive\n\n');
  }, KEEP_ALIVE_MS);
  keepAlive.unref();

  return {
    open(response, phone) {
      const reader = { response, phone };
      response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
      const whole = () => send(reader, JSON.stringify(overview()), true);
      whole();
      response.on('drain', whole);
      response.on('close', () => readers.delete(reader));
      readers.add(reader);
    },
    changed(phone) {
      if (readers.size === 0) return;
      changedPhones.add(phone);
      timer ??= setTimeout(publish, GATHER_MS);
    },
    close() {
      clearInterval(keepAlive);
      if (timer) clearTimeout(timer);
      for (const { response } of readers) response.end();
    },
  };
}
