/** A stand-in SIP registrar over WebSocket (RFC 7118): says 200 to every REGISTER and remembers who is registered. */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { SoftphoneCredentials } from '@civicline/protocol';
import { type WebSocket, WebSocketServer } from 'ws';

export interface Registrar {
  accept(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  credentials(gatewayUrl: string): SoftphoneCredentials;
  /** How many sockets are registered now. */
  registered(): number;
  /** How many ever registered. */
  registrations(): number;
  /** Cuts every socket. */
  hangUpAll(): void;
  close(): void;
}

export function startRegistrar(): Registrar {
  const server = new WebSocketServer({ noServer: true, handleProtocols: () => 'sip' });
  const registered = new Set<WebSocket>();
  let registrations = 0;
  server.on('connection', (socket) => {
    socket.on('close', () => registered.delete(socket));
    socket.on('message', (data) => {
      const message = data.toString();
      if (!message.startsWith('REGISTER ')) return;
      const expires = Number(/^Expires: *(\d+)/im.exec(message)?.[1] ?? 0);
      if (expires === 0) registered.delete(socket);
      else if (!registered.has(socket)) {
        registered.add(socket);
        registrations++;
      }
      socket.send(okTo(message, expires));
    });
  });
  return {
    accept: (request, socket, head) =>
      server.handleUpgrade(request, socket, head, (client) => server.emit('connection', client, request)),
    credentials: (gatewayUrl) => ({
      accounts: [
        {
          websocketUrl: `${gatewayUrl.replace('http', 'ws')}/softphone`,
          sipUri: 'sip:browser-agent-a@civicline',
          user: 'browser-agent-a',
          password: 'stand-in',
        },
      ],
      iceServers: [],
    }),
    registered: () => registered.size,
    registrations: () => registrations,
    hangUpAll,
    close() {
      hangUpAll();
      server.close();
    },
  };

  function hangUpAll(): void {
    for (const client of server.clients) client.terminate();
  }
}

/** The answer repeats what RFC 3261 §8.2.6 asks for, with a tag on To and the contact's expiry. */
function okTo(request: string, expires: number): string {
  const header = (name: string) => new RegExp(`^${name}: .*$`, 'im').exec(request)?.[0] ?? '';
  const contact = header('Contact').replace(/;expires=\d+/i, '');
  return [
    'SIP/2.0 200 OK',
    header('Via'),
    header('From'),
    `${header('To')};tag=stand-in`,
    header('Call-ID'),
    header('CSeq'),
    ...(expires > 0 ? [`${contact};expires=${expires}`] : []),
    'Content-Length: 0',
    '',
    '',
  ].join('\r\n');
}
