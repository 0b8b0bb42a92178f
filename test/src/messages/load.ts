/** The load: sealed messages in batches for Civicline, GET requests over kept connections for Kannel. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Category, SealedPart, URGENCIES } from '@civicline/protocol';
import { sealPartSync } from '@civicline/protocol/sealing/node';
import type { Gateway } from './room.ts';

type Urgency = (typeof URGENCIES)[number];

export function numberOf(index: number): string {
  return `+3247${String(index).padStart(7, '0')}`;
}

export function textOf(index: number): string {
  return `Uw afspraak ${index} is morgen om 10:00. Breng uw identiteitskaart mee.`;
}

/** Each for another number and with another text. */
export function sealed({ channelKey }: Gateway, count: number, from = 0): SealedPart[] {
  return Array.from({ length: count }, (_, i) =>
    sealPartSync('sms', channelKey, { to: numberOf(from + i), text: textOf(from + i) }),
  );
}

export interface Submission {
  parts: readonly SealedPart[];
  batch: number;
  /** Requests at the same time. */
  atOnce: number;
  urgency?: Urgency;
  category?: Category;
}

/** Resolves when all are accepted. */
export async function submit(gateway: Gateway, submission: Submission): Promise<void> {
  const { parts, batch, atOnce, urgency = 'normal', category = 'individual' } = submission;
  let next = 0;
  const worker = async () => {
    while (next < parts.length) {
      const slice = parts.slice(next, next + batch);
      next += batch;
      const body = slice.map((part) => JSON.stringify({ category, urgency, parts: { sms: part } })).join('\n');
      const request: RequestInit = {
        method: 'POST',
        headers: {
          'Content-Type': 'application/x-ndjson',
          Authorization: `Bearer ${gateway.key}`,
          'Idempotency-Key': randomUUID(),
        },
        body,
      };
      const address = `${gateway.url}/v1/messages/batch`;
      // A kept connection may just have been closed by the other side; the key makes the repeat harmless.
      const response = await fetch(address, request).catch(() => fetch(address, request));
      const answer = await response.text();
      if (!response.ok || answer.includes('"problem"')) throw new Error(`A batch was refused: ${answer.slice(0, 300)}`);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

/** Sends GET requests over so many kept connections, one after another on each; resolves when all were answered. */
export async function getAll(urls: readonly URL[], connections: number): Promise<void> {
  let next = 0;
  const worker = async () => {
    const { hostname, port } = urls[0] as URL;
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    let answered: (ok: boolean) => void = () => {};
    let seen = '';
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => {
      seen += chunk;
      const head = seen.indexOf('\r\n\r\n');
      if (head < 0) return;
      const length = Number(/content-length: (\d+)/i.exec(seen)?.[1] ?? 0);
      if (seen.length < head + 4 + length) return;
      const ok = /^HTTP\/1\.1 20\d/.test(seen);
      seen = '';
      answered(ok);
    });
    while (next < urls.length) {
      const { pathname, search, host } = urls[next++] as URL;
      const answer = new Promise<boolean>((resolve) => {
        answered = resolve;
      });
      socket.write(`GET ${pathname}${search} HTTP/1.1\r\nHost: ${host}\r\nConnection: keep-alive\r\n\r\n`);
      if (!(await answer)) throw new Error('Kannel refused a message.');
    }
    socket.destroy();
  };
  await Promise.all(Array.from({ length: connections }, worker));
}

/** Looks until it holds; rejects after `patienceMs` without progress. */
export async function until(
  progress: () => Promise<number>,
  goal: number,
  { everyMs, patienceMs }: { everyMs: number; patienceMs: number },
): Promise<void> {
  let best = -1;
  let since = performance.now();
  for (;;) {
    const now = await progress();
    if (now >= goal) return;
    if (now > best) {
      best = now;
      since = performance.now();
    } else if (performance.now() - since > patienceMs) throw new Error(`Stuck at ${now} of ${goal}.`);
    await sleep(everyMs);
  }
}
