import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { answerTo, type Command, type Decoded, decodePdu, encodePdu, type Pdu, type Request } from '../codec.ts';
import { createFraming } from '../framing.ts';
import { ESME } from '../status.ts';

/** One connection to the stand-in of a carrier. */
export interface RawPeer {
  /** Counts up from 1. */
  number: number;
  socket: Socket;
  send(octets: Buffer | string): void;
  answer(pdu: Decoded, status?: number, messageId?: string): void;
}

export interface RawSmsc {
  port: number;
  peers: RawPeer[];
  stop(): Promise<void>;
}

/**
 * A stand-in for a carrier that does what a test says: `onPdu` is given every PDU, and returns true when it has dealt
 * with it; else binds, enquire_link and unbind are answered as they should be.
 */
export async function startRawSmsc(onPdu: (pdu: Pdu, peer: RawPeer) => boolean): Promise<RawSmsc> {
  const peers: RawPeer[] = [];
  const server = createServer((socket) => {
    socket.on('error', () => {});
    const send = (octets: Buffer | string) => {
      if (socket.writable) socket.write(typeof octets === 'string' ? Buffer.from(octets, 'hex') : octets);
    };
    const answer = (pdu: Decoded, status: number = ESME.ROK, message_id = '') =>
      send(answerOf(pdu as Pdu, status, message_id));
    const peer: RawPeer = { number: peers.length + 1, socket, send, answer };
    peers.push(peer);
    const framing = createFraming((frame) => {
      const pdu = decodePdu(frame) as Pdu;
      if (!onPdu(pdu, peer)) behave(pdu, peer);
      return true;
    });
    socket.on('data', (chunk) => framing.push(chunk));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    peers,
    async stop() {
      for (const { socket } of peers) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

function behave(pdu: Pdu, peer: RawPeer): void {
  if (pdu.command.endsWith('_resp') || pdu.command === 'generic_nack') return;
  peer.answer(pdu);
  if (pdu.command === 'unbind') peer.socket.end();
}

function answerOf({ command, sequence }: Pdu, status: number, message_id: string): Buffer {
  const body = { system_id: 'raw', message_id };
  return encodePdu({ command: answerTo(command as Request) as Command, status, sequence, body, tlvs: {} } as Pdu);
}
