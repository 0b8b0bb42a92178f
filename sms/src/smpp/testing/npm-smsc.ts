/**
 * A small SMSC on the `smpp` package, to be forked: sends `{ port }`, then `{ submit: hex }` for each segment that it
 * takes. Each gets a decimal id, and its receipt before the answer.
 */
import { type EventEmitter, once } from 'node:events';
import { createRequire } from 'node:module';
import type { AddressInfo, Server } from 'node:net';

type NpmPdu = Record<string, unknown> & { response(fields?: object): unknown };
type Session = EventEmitter & { send(pdu: unknown): void; close(): void; deliver_sm(fields: object): void };
const smpp: { createServer(onSession: (session: Session) => void): Server } = createRequire(import.meta.url)('smpp');

let lastId = 1_000_000;

const server = smpp.createServer((session) => {
  session.on('error', () => {});
  session.on('pdu', (pdu: NpmPdu) => {
    const command = String(pdu.command);
    if (command === 'submit_sm') submit(session, pdu);
    else if (!command.endsWith('_resp') && command !== 'generic_nack') session.send(pdu.response());
    if (command === 'unbind') session.close();
  });
});

function submit(session: Session, pdu: NpmPdu): void {
  const message_id = String(++lastId);
  const { message } = pdu.short_message as { message: string | Buffer };
  process.send?.({ submit: message.toString() });
  session.deliver_sm({
    esm_class: 4,
    source_addr: pdu.destination_addr,
    destination_addr: pdu.source_addr,
    receipted_message_id: message_id,
    message_state: 2,
    short_message: Buffer.from(''),
  });
  session.send(pdu.response({ message_id }));
}

server.listen(0, '127.0.0.1');
await once(server, 'listening');
process.send?.({ port: (server.address() as AddressInfo).port });
process.on('disconnect', () => process.exit());
