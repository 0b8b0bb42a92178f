/**
 * The carrier's side of one SMPP 3.4 connection.
 *
 *   open ── bind_transmitter | bind_receiver | bind_transceiver ──► bound ── unbind ──► closing
 *     │                                                               │                    │
 *     └──── the connection ends, or a PDU has an impossible length ───┴────────────────────┴──► closed
 *
 * A bound transmitter may submit, a bound receiver is given deliveries, a transceiver both. What is delivered and not
 * answered when the connection ends goes back to the mailbox.
 */
import type { Socket } from 'node:net';
import type { FaultKind } from './behaviour.ts';
import type { Delivery, Mailbox } from './mailbox.ts';
import {
  COMMAND,
  createPduReader,
  createPduWriter,
  type DeliverSm,
  GENERIC_NACK,
  RESPONSE,
  readBind,
  readSubmitSm,
  STATUS,
  type SubmitSm,
} from './pdu.ts';

/** What a session asks of the carrier behind it. */
export interface Carrier {
  /** The mailbox of who binds; null when the password is wrong. */
  bind(systemId: string, password: string): Mailbox | null;
  /** The fault that hits this submit. */
  judge(submit: SubmitSm, mailbox: Mailbox): FaultKind | null;
  /** Takes responsibility; gives the id, and what is to be delivered later. */
  take(submit: SubmitSm, systemId: string): { id: string; receipts: Delivery[] };
  /** Puts receipts into the mailbox after the delay that is set. */
  schedule(mailbox: Mailbox, receipts: Delivery[], extraMs: number): void;
  /** Receipts go out before the answer. */
  early(): boolean;
  encode(delivery: Delivery): DeliverSm;
  /** What became of a delivery: the sender has answered that it took it, or could not, or there was no answer. */
  delivered(mailbox: Mailbox, delivery: Delivery, outcome: 'taken' | 'refused' | 'lost'): void;
}

const SYSTEM_ID = 'simulator';
const SLOW_MS = 1000;
/** For the answer to an unbind. */
const LEAVE_MS = 250;
const HELD_ANSWERS = 8;
const HOLD_MS = 50;
/** Deliveries without an answer, as carriers limit them; high, for the benchmark. */
const DELIVERY_WINDOW = 1000;
const DELIVERY_TIMEOUT_MS = 60_000;

const response = (command: number) => (command | RESPONSE) >>> 0;
const DELIVER_SM_RESP = response(COMMAND.deliverSm);
const UNBIND_RESP = response(COMMAND.unbind);

/** A header alone, of 70,000 octets by its own word. */
const IMPOSSIBLE_LENGTH = Buffer.from('0001117080000004deadbeef00000001', 'hex');
const UNKNOWN_PDU = Buffer.from('00000014000000990000000000000007cafebabe', 'hex');

interface Bind {
  submits: boolean;
  receives: boolean;
  systemId: string;
  mailbox: Mailbox;
}

const STATUS_OF_FAULT: Partial<Record<FaultKind, number>> = {
  throttled: STATUS.throttled,
  'queue-full': STATUS.queueFull,
  refused: STATUS.invalidDestination,
  failed: STATUS.submitFailed,
};

export interface Session {
  bound(): boolean;
  /** Cuts the connection, as a failing network does. */
  cut(): void;
  /** Asks the other side to leave, then closes. */
  unbind(): void;
}

export function serveSession(socket: Socket, carrier: Carrier, closed: (session: Session) => void): Session {
  const writer = createPduWriter();
  const outstanding = new Map<number, { delivery: Delivery; sentAt: number }>();
  const timers = new Set<NodeJS.Timeout>();
  let bind: Bind | null = null;
  let sequence = 0;
  let blocked = false;
  let over = false;
  /** Of the chunk that is being read. */
  let receipts: Delivery[] = [];
  let held: (() => void)[] = [];

  const receiver = {
    hasRoom: () => !blocked && !over && outstanding.size < DELIVERY_WINDOW,
    deliver(delivery: Delivery) {
      sequence = (sequence % 0x7fff_ffff) + 1;
      outstanding.set(sequence, { delivery, sentAt: Date.now() });
      writer.deliverSm(sequence, carrier.encode(delivery));
    },
    flush,
  };

  function flush(): void {
    if (over) return;
    const octets = writer.take();
    if (octets.length === 0 || socket.write(octets) || blocked) return;
    blocked = true;
    socket.pause();
  }

  function later(milliseconds: number, effect: () => void): void {
    const timer = setTimeout(() => {
      timers.delete(timer);
      effect();
      flush();
    }, milliseconds);
    timers.add(timer);
  }

  /** Sends what has been written, then cuts. */
  function end(): void {
    if (over) return;
    socket.end(writer.take(), () => socket.destroy());
    over = true;
  }

  function onPdu(pdu: Buffer): void {
    if (over) return;
    const command = pdu.readUInt32BE(4);
    const number = pdu.readUInt32BE(12);
    switch (command) {
      case COMMAND.submitSm:
        onSubmit(pdu, number);
        break;
      case DELIVER_SM_RESP:
        onDelivered(number, pdu.readUInt32BE(8));
        break;
      case COMMAND.bindTransmitter:
      case COMMAND.bindReceiver:
      case COMMAND.bindTransceiver:
        onBind(pdu, command, number);
        break;
      case COMMAND.enquireLink:
        writer.plain(response(command), STATUS.ok, number);
        break;
      case COMMAND.unbind:
        writer.plain(response(command), STATUS.ok, number);
        end();
        break;
      case UNBIND_RESP:
        end();
        break;
      default:
        if (command < RESPONSE) writer.plain(GENERIC_NACK, STATUS.invalidCommandId, number);
    }
  }

  function onBind(pdu: Buffer, command: number, number: number): void {
    const fields = readBind(pdu);
    const mailbox = fields && carrier.bind(fields.systemId, fields.password);
    const refusal = bind
      ? STATUS.alreadyBound
      : !fields
        ? STATUS.invalidCommandLength
        : !mailbox
          ? STATUS.invalidPassword
          : STATUS.ok;
    writer.plain(response(command), refusal, number, SYSTEM_ID);
    if (bind) return;
    if (!fields || !mailbox) {
      end();
      return;
    }
    const submits = command !== COMMAND.bindReceiver;
    const receives = command !== COMMAND.bindTransmitter;
    bind = { submits, receives, systemId: fields.systemId, mailbox };
    if (receives) mailbox.join(receiver);
  }

  function answerSubmit(number: number, status: number, id?: string): void {
    writer.plain(response(COMMAND.submitSm), status, number, id);
  }

  function onSubmit(pdu: Buffer, number: number): void {
    const submit = readSubmitSm(pdu);
    if (!bind?.submits || !submit) {
      answerSubmit(number, bind?.submits ? STATUS.invalidMessageLength : STATUS.invalidBindStatus);
      return;
    }
    const fault = carrier.judge(submit, bind.mailbox);
    const status = fault && STATUS_OF_FAULT[fault];
    if (status) answerSubmit(number, status);
    else if (fault === 'bad-length') writer.raw(IMPOSSIBLE_LENGTH);
    else if (fault !== 'no-answer-not-taken') take(submit, number, fault, bind);
  }

  function take(
    submit: SubmitSm,
    number: number,
    fault: FaultKind | null,
    { mailbox, systemId, receives }: Bind,
  ): void {
    const { id, receipts: itsReceipts } = carrier.take(submit, systemId);
    if (carrier.early() && fault === null) {
      mailbox.put(itsReceipts);
      // On one connection their order is that of the octets; a receiver of its own gets a moment's lead.
      if (receives) answerSubmit(number, STATUS.ok, id);
      else later(HOLD_MS, () => answerSubmit(number, STATUS.ok, id));
      return;
    }
    if (fault === 'slow') {
      carrier.schedule(mailbox, itsReceipts, SLOW_MS);
      later(SLOW_MS, () => answerSubmit(number, STATUS.ok, id));
      return;
    }
    for (const receipt of itsReceipts) receipts.push(receipt);
    if (fault === 'unknown-pdu') writer.raw(UNKNOWN_PDU);
    if (fault === 'close') end();
    else if (fault === 'out-of-order') hold(() => answerSubmit(number, STATUS.ok, id));
    else if (fault !== 'no-answer') answerSubmit(number, STATUS.ok, id);
  }

  function hold(answer: () => void): void {
    held.push(answer);
    if (held.length >= HELD_ANSWERS) release();
    else if (held.length === 1) later(HOLD_MS, release);
  }

  function release(): void {
    for (const answer of held.reverse()) answer();
    held = [];
  }

  function onDelivered(number: number, status: number): void {
    const sent = outstanding.get(number);
    if (!sent || !bind) return;
    outstanding.delete(number);
    carrier.delivered(bind.mailbox, sent.delivery, status === STATUS.ok ? 'taken' : 'refused');
  }

  /** The sender has forgotten to answer, or the answer was lost. */
  function giveUpOnOldDeliveries(): void {
    const oldest = Date.now() - DELIVERY_TIMEOUT_MS;
    for (const [number, { delivery, sentAt }] of outstanding) {
      if (sentAt > oldest) break;
      outstanding.delete(number);
      if (bind) carrier.delivered(bind.mailbox, delivery, 'lost');
    }
  }

  const read = createPduReader(onPdu, () => {
    writer.plain(GENERIC_NACK, STATUS.invalidCommandLength, 0);
    end();
  });
  const sweep = setInterval(giveUpOnOldDeliveries, DELIVERY_TIMEOUT_MS / 4);
  sweep.unref();

  const session: Session = {
    bound: () => bind !== null && !over,
    cut: () => socket.destroy(),
    unbind() {
      if (bind && !over) writer.plain(COMMAND.unbind, STATUS.ok, ++sequence);
      else socket.destroy();
      flush();
      later(LEAVE_MS, () => socket.destroy());
    },
  };

  socket.setNoDelay(true);
  socket.on('data', (chunk) => {
    read(chunk);
    if (bind && receipts.length > 0) {
      carrier.schedule(bind.mailbox, receipts, 0);
      receipts = [];
    }
    bind?.mailbox.pump();
    flush();
  });
  socket.on('drain', () => {
    blocked = false;
    socket.resume();
    bind?.mailbox.pump();
  });
  // A connection that breaks is as good as one that ends.
  socket.on('error', () => socket.destroy());
  socket.on('close', () => {
    over = true;
    clearInterval(sweep);
    for (const timer of timers) clearTimeout(timer);
    if (bind?.receives) {
      bind.mailbox.leave(receiver);
      for (const { delivery } of outstanding.values()) carrier.delivered(bind.mailbox, delivery, 'lost');
    }
    outstanding.clear();
    closed(session);
  });
  return session;
}
