/** The wire to the carrier, watched: passes everything on, and notes when a number first goes by. */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

export interface Wire {
  /** Resolves with the moment (UTC milliseconds) at which the carrier was sent something with this number. */
  passing(number: string): Promise<number>;
  close(): Promise<void>;
}

/** Between `port` and the SMSC at `smscPort`. A number that two chunks share would be missed, and noticed as a time-out. */
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
    client.on('data', look);
    client.pipe(smsc);
    smsc.pipe(client);
  });

  function look(chunk: Buffer): void {
    for (const [number, tell] of waiting) {
      if (!chunk.includes(number)) continue;
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
