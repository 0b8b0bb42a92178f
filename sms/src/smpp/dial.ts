import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

export interface Address {
  host: string;
  port: number;
  /** Certificates are always verified; against `ca` (PEM) instead of the public authorities when given. */
  tls?: { ca?: string | undefined; serverName?: string | undefined } | undefined;
}

/** Begins to connect, and calls `connected` once octets may be sent (with TLS: to a server that proved itself). */
export function dial({ host, port, tls }: Address, connected: () => void): Socket {
  if (!tls) return connectTcp({ host, port, noDelay: true }, connected);
  // A server name is a name: RFC 6066 allows no address.
  const servername = tls.serverName ?? (isIP(host) ? undefined : host);
  const socket = connectTls(
    {
      host,
      port,
      rejectUnauthorized: true,
      ...(servername === undefined ? {} : { servername }),
      ...(tls.ca === undefined ? {} : { ca: tls.ca }),
    },
    connected,
  );
  return socket.setNoDelay(true);
}
