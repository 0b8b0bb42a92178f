import type { CallRequestStatus } from '@civicline/protocol';
import { expect } from 'chai';
import { GatewayError, type Problem } from './problem.ts';
import { followStatus, type StatusStream } from './status-stream.ts';

/** One connection as the gateway would hold it open. */
interface Connection {
  signal: AbortSignal;
  send(text: string): void;
  /** `broken`: without the proper end of a stream. */
  end(how?: 'broken'): void;
}

/** Hands out connections one by one; `refuseNext` makes the next attempts fail. */
function standInConnections() {
  const refusals: GatewayError[] = [];
  const waiting: ((connection: Connection) => void)[] = [];
  const made: Connection[] = [];
  return {
    refuseNext: (problem: Problem) => refusals.push(new GatewayError(problem)),
    next: (): Promise<Connection> => {
      const ready = made.shift();
      return ready ? Promise.resolve(ready) : new Promise((resolve) => waiting.push(resolve));
    },
    connect: async (signal: AbortSignal): Promise<Response> => {
      const refusal = refusals.shift();
      if (refusal) throw refusal;
      let controller: ReadableStreamDefaultController<Uint8Array>;
      const body = new ReadableStream<Uint8Array>({
        start: (given) => {
          controller = given;
        },
      });
      signal.addEventListener('abort', () => connection.end('broken'));
      const connection: Connection = {
        signal,
        send: (text) => controller.enqueue(new TextEncoder().encode(text)),
        end: (how) => {
          try {
            if (how === 'broken') controller.error(new Error('connection lost'));
            else controller.close();
          } catch {
            // It had ended already.
          }
        },
      };
      const taker = waiting.shift();
      if (taker) taker(connection);
      else made.push(connection);
      return new Response(body);
    },
  };
}

const line = (status: CallRequestStatus): string => `data: ${JSON.stringify(status)}\n\n`;

describe('following the statuses of a call request', () => {
  let stream: StatusStream | undefined;
  afterEach(() => stream?.stop());

  function follow() {
    const connections = standInConnections();
    const seen: string[] = [];
    const waiters: { entry: string; resolve: () => void }[] = [];
    const note = (entry: string): void => {
      seen.push(entry);
      for (const waiter of waiters) if (waiter.entry === entry) waiter.resolve();
    };
    stream = followStatus({
      connect: connections.connect,
      onStatus: ({ state }) => note(state),
      onLost: (lost) => note(lost ? 'lost' : 'connected'),
      onRefused: ({ code }) => note(`refused ${code}`),
    });
    const until = (entry: string): Promise<void> =>
      seen.includes(entry) ? Promise.resolve() : new Promise((resolve) => waiters.push({ entry, resolve }));
    return { connections, seen, until };
  }

  it('reads events however they are cut up', async () => {
    const { connections, seen, until } = follow();
    const connection = await connections.next();
    const text = `: hello\n\n${line({ state: 'disclosed', sequence: 1 })}${line({ state: 'ended', sequence: 2 })}`;
    for (const character of text) connection.send(character);
    await until('ended');
    expect(seen).to.deep.equal(['connected', 'disclosed', 'ended']);
  });

  it('ends with the last status', async () => {
    const { connections, until } = follow();
    const connection = await connections.next();
    connection.send(line({ state: 'expired', sequence: 1 }));
    await until('expired');
    await new Promise<void>((resolve) => {
      if (connection.signal.aborted) resolve();
      connection.signal.addEventListener('abort', () => resolve());
    });
  });

  it('connects again after a connection broke, without alarming anybody', async () => {
    const { connections, seen, until } = follow();
    (await connections.next()).end('broken');
    (await connections.next()).send(line({ state: 'calling', sequence: 2 }));
    await until('calling');
    expect(seen).to.deep.equal(['connected', 'connected', 'calling']);
  });

  it('says when it cannot connect, and when it can again', async () => {
    const { connections, seen, until } = follow();
    const first = await connections.next();
    connections.refuseNext({ kind: 'offline' });
    connections.refuseNext({ kind: 'unavailable', code: 'HTTP_502' });
    first.end();
    await connections.next();
    await until('lost');
    expect(seen).to.deep.equal(['connected', 'lost', 'lost', 'connected']);
  });

  it('gives up when the gateway does not know the request', async () => {
    const { connections, until } = follow();
    const first = await connections.next();
    connections.refuseNext({ kind: 'gone', code: 'CALL_REQUEST_UNKNOWN' });
    first.end();
    await until('refused CALL_REQUEST_UNKNOWN');
  });

  it('connects anew when woken, instead of trusting a connection that slept', async () => {
    const { connections } = follow();
    const sleeping = await connections.next();
    stream?.wake();
    await connections.next();
    expect(sleeping.signal.aborted).to.equal(true);
  });

  it('passes over what it does not understand', async () => {
    const { connections, seen, until } = follow();
    const connection = await connections.next();
    connection.send('data: not json\n\n');
    connection.send('data: {"state":"teleported","sequence":3}\n\n');
    connection.send('data: {"state":"queued"}\n\n');
    connection.send(line({ state: 'queued', sequence: 4 }));
    await until('queued');
    expect(seen).to.deep.equal(['connected', 'queued']);
  });
});
