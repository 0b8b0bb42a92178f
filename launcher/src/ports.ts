import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';

/** Where everything listens, all on 127.0.0.1. */
export interface Ports {
  gateway: number;
  signIn: number;
  yiviRequestor: number;
  yiviClient: number;
  asteriskHttp: number;
  sip: number;
  /** The SMSC simulator: SMPP, and its page of phones. */
  smpp: number;
  phones: number;
  /** SMIS and the SMS channel, when each is a process of its own. */
  smis: number;
  sms: number;
  /** First of RTP_PORTS consecutive UDP ports. */
  rtpStart: number;
}

/** Two per leg, two legs per call. */
export const RTP_PORTS = 1000;

/** The ports of `npm start`: ten in a row from the base, and RTP beside them. */
export function portsFrom(base: number): Ports {
  return {
    gateway: base,
    signIn: base + 1,
    yiviRequestor: base + 2,
    yiviClient: base + 3,
    asteriskHttp: base + 4,
    sip: base + 5,
    smpp: base + 6,
    phones: base + 7,
    smis: base + 8,
    sms: base + 9,
    rtpStart: base + 10_000,
  };
}

/**
 * Throws `LAUNCHER_PORT_TAKEN` for the first port that somebody else listens on, and `LAUNCHER_PORT_REFUSED` for one that
 * browsers and `fetch` never connect to.
 */
export async function assertPortsFree(ports: Ports): Promise<void> {
  const { sip, rtpStart: _, ...tcp } = ports;
  for (const [name, port] of Object.entries(tcp)) {
    if (!(await tcpPortIsFree(port))) throw portTaken(name, port);
    if (name !== 'smpp' && (await isBadPort(port))) throw portRefused(name, port);
  }
  if (!(await udpPortIsFree(sip))) throw portTaken('sip', sip);
}

function portTaken(name: string, port: number): Error {
  return new Error(
    `LAUNCHER_PORT_TAKEN: port ${port} (${name}) is in use on 127.0.0.1. Is Civicline running already? Else choose others: npm start -- --port 4000`,
  );
}

function portRefused(name: string, port: number): Error {
  return new Error(
    `LAUNCHER_PORT_REFUSED: browsers do not connect to port ${port} (${name}). Choose others: npm start -- --port 4000`,
  );
}

/** Whether it is one of the "bad ports" of WHATWG Fetch, whose list `fetch` has. */
async function isBadPort(port: number): Promise<boolean> {
  try {
    await fetch(`http://127.0.0.1:${port}`, { method: 'HEAD' });
    return false;
  } catch (error) {
    return error instanceof Error && error.cause instanceof Error && error.cause.message === 'bad port';
  }
}

/** Ports nobody listens on now, for tests that run side by side. */
export async function freePorts(): Promise<Ports> {
  for (let attempt = 0; attempt < 50; attempt++) {
    const base = 20_000 + 10 * Math.floor(Math.random() * 900);
    const ports = { ...portsFrom(base), rtpStart: 30_000 + RTP_PORTS * Math.floor(Math.random() * 30) };
    try {
      await assertPortsFree(ports);
      if (await udpPortIsFree(ports.rtpStart)) return ports;
    } catch {}
  }
  throw new Error('LAUNCHER_NO_FREE_PORTS: no ten free ports in a row were found between 20000 and 29000.');
}

function tcpPortIsFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

function udpPortIsFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    socket.once('error', () => resolve(false));
    socket.bind(port, '127.0.0.1', () => socket.close(() => resolve(true)));
  });
}
