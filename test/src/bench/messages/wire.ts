/** The wire to the carrier, watched: passes everything on, and notes when a number first goes by. */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

export interface Wire {
  /** Resolves with the moment (UTC milliseconds) at which the carrier was sent something with this number. */
  passing(number: string): Promise<number>;
  close(): Promise<void>;
}

/** E.164: at most fifteen digits, which two chunks may share. */
const LONGEST_NUMBER = 15;

/** Between `port` and the SMSC at `smscPort`. */
export async function openWire(port: number, smscPort: number): Promise<Wire> {
  const waiting = new Map<string, (at: number) => void>();
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const smsc = connect(smscPort, '127.0.0.1');
    for (const [from, to] of [
      [client, smsc],
      [smsc, client],
    ] as const) {
      sockets.add(from);
      from.setNoDelay(true);
      from.on('close', () => to.destroy());
      from.on('error', () => to.destroy());
    }
    let tail: Buffer = Buffer.alloc(0);
    client.on('data', (chunk) => {
      const seen = Buffer.concat([tail, chunk]);
      look(seen);
      tail = seen.subarray(-LONGEST_NUMBER);
    });
    client.pipe(smsc);
    smsc.pipe(client);
  });

  function look(seen: Buffer): void {
    for (const [number, tell] of waiting) {
      if (!seen.includes(number)) continue;
      waiting.delete(number);
      tell(Date.now());
    }
  }

  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    passing: (number) => new Promise((resolve) => waiting.set(number.replace('+', ''), resolve)),
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
