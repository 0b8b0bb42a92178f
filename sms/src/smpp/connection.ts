/**
 * One connection to a carrier's SMSC, from connecting to its end; another one is another connection (link.ts).
 *
 *   connecting ──connected──► binding ──bound──► bound ──our unbind, the carrier's, retired──► unbinding
 *        │                       │                 │                                              │
 *        │ refused, time-out     │ refused, t.o.   │ lost, no answer to enquire_link,             │ answered, time-out
 *        ▼                       ▼                 ▼ a length that cannot be                      ▼
 *      closed ◄───────────────────────────────────────────────────────────────────────────────────
 *
 * Requests go out in batches: one write for all that were made at once. Each ends exactly once (outstanding.ts).
 */
import {
  answerTo,
  type Body,
  type Decoded,
  decodePdu,
  encodePdu,
  MAX_LENGTH,
  type Pdu,
  type Request,
  roomFor,
  type Tlvs,
  writePdu,
} from './codec.ts';
import { type Address, dial } from './dial.ts';
import { createFraming } from './framing.ts';
import { createOutstanding, type Ending } from './outstanding.ts';
import { ESME, statusName } from './status.ts';

type State = 'connecting' | 'binding' | 'bound' | 'unbinding' | 'closed';

const TRANSITIONS: Record<State, readonly State[]> = {
  connecting: ['binding', 'closed'],
  binding: ['bound', 'closed'],
  bound: ['unbinding', 'closed'],
  unbinding: ['closed'],
  closed: [],
};

export interface ConnectionOptions extends Address {
  bind: 'bind_transceiver' | 'bind_transmitter' | 'bind_receiver';
  systemId: string;
  password: string;
  systemType: string;
  /** Requests that may wait for their answer at the same time. */
  window: number;
  /** From the first packet to the answer to the bind. */
  bindTimeoutMs: number;
  responseTimeoutMs: number;
  enquireLinkMs: number;
}

/** None of these may throw. */
export interface ConnectionEvents {
  bound(): void;
  /** There is room for another request. */
  ready(): void;
  /** The carrier's request, to be answered with `answer`, at any time, once. */
  request(pdu: CarrierRequest, answer: (status: number) => void): void;
  /** The end; `reason` is a stable code. Comes once, after every request has ended. */
  closed(reason: string): void;
  /** Something that a carrier should not do, survived; a stable code. */
  oddity(code: string): void;
}

export type CarrierRequest = Pdu<'deliver_sm' | 'data_sm'>;

export interface Connection {
  /** Whether `request` may be called now: bound, room in the window, and the carrier reads. */
  ready(): boolean;
  bound(): boolean;
  /** Throws RangeError `PDU_FIELD_INVALID`; then nothing was sent and `end` is not called. */
  request<C extends Request>(command: C, body: Body<C>, tlvs: Tlvs, end: (ending: Ending) => void): void;
  /** Waits for what is outstanding, then takes leave. Resolves when closed. */
  unbind(): Promise<void>;
  /** Sends nothing more, and ends for `reason` once the carrier has answered what it has, or its time for that is over. */
  retire(reason: string): void;
}

/** Twice the longest PDU, so that any fits in an empty batch. */
const BATCH_OCTETS = 2 * MAX_LENGTH;
const INTERFACE_VERSION = 0x34;
/** A carrier that sends but does not read is not read either, beyond this many octets of answers. */
const UNREAD_LIMIT = 1_048_576;
/** For the carrier to read the last octets. */
const LINGER_MS = 500;

/** Throws RangeError `PDU_FIELD_INVALID` when a login cannot be sent. */
export function openConnection(options: ConnectionOptions, events: ConnectionEvents): Connection {
  const bindBody = bindBodyOf(options);
  encodePdu({ command: options.bind, status: ESME.ROK, sequence: 1, body: bindBody, tlvs: {} });
  let state: State = 'connecting';
  const outstanding = createOutstanding();
  const batch = Buffer.allocUnsafe(BATCH_OCTETS);
  let batched = 0;
  let flushPlanned = false;
  let leaving: Promise<void> | null = null;
  let retired: string | null = null;
  let announceClosed = () => {};

  const framing = createFraming(onFrame);
  const timers = new Set<NodeJS.Timeout>();
  const bindTimer = setTimeout(() => destroy('BIND_TIMEOUT'), options.bindTimeoutMs);
  timers.add(bindTimer);
  const socket = dial(options, bind);
  socket.on('data', onData);
  socket.on('drain', onDrain);
  socket.on('error', (error: NodeJS.ErrnoException) => destroy(error.code ?? 'CONNECTION_ERROR'));
  socket.on('end', () => destroy('CONNECTION_CLOSED'));
  socket.on('close', () => destroy('CONNECTION_CLOSED'));

  function go(next: State): void {
    if (!TRANSITIONS[state].includes(next)) throw new Error(`SMPP_TRANSITION_INVALID: ${state} to ${next}`);
    state = next;
  }

  function bind(): void {
    if (state !== 'connecting') return;
    go('binding');
    request(options.bind, bindBody, {}, (ending) => {
      if (typeof ending === 'string') return;
      if (ending.status === ESME.ROK) onBound();
      else destroy(statusName(ending.status));
    });
  }

  function onBound(): void {
    clearTimeout(bindTimer);
    go('bound');
    timers.add(setInterval(expire, Math.ceil(options.responseTimeoutMs / 8)));
    timers.add(setInterval(enquire, options.enquireLinkMs));
    events.bound();
  }

  function enquire(): void {
    if (state !== 'bound') return;
    request('enquire_link', {}, {}, (ending) => {
      if (ending === 'unanswered') destroy('ENQUIRE_LINK_TIMEOUT');
    });
  }

  /** After this process stood still, answers that came meanwhile are read first. */
  function expire(): void {
    const now = performance.now();
    setImmediate(() => {
      outstanding.expire(now);
      onRoom();
    });
  }

  function ready(): boolean {
    return state === 'bound' && leaving === null && outstanding.size < options.window && !socket.writableNeedDrain;
  }

  function onRoom(): void {
    if (ready()) {
      events.ready();
    } else if (outstanding.size === 0 && retired !== null) {
      destroy(retired);
    } else if (outstanding.size === 0 && state === 'bound' && leaving) {
      takeLeave();
    }
  }

  function request<C extends Request>(command: C, body: Body<C>, tlvs: Tlvs, end: (ending: Ending) => void): void {
    const sequence = outstanding.nextSequence();
    send({ command, status: ESME.ROK, sequence, body, tlvs } as unknown as Pdu);
    outstanding.add(sequence, { command, end, expiresAt: performance.now() + options.responseTimeoutMs });
  }

  function send(pdu: Pdu): void {
    if (batched + roomFor(pdu) > BATCH_OCTETS) flush();
    batched = writePdu(pdu, batch, batched);
    if (flushPlanned) return;
    flushPlanned = true;
    process.nextTick(flush);
  }

  function flush(): void {
    flushPlanned = false;
    if (state === 'closed' || batched === 0) return;
    outstanding.written();
    socket.write(Buffer.from(batch.subarray(0, batched)));
    batched = 0;
  }

  function onData(chunk: Buffer): void {
    if (state === 'closed') return;
    if (!framing.push(chunk)) {
      events.oddity('LENGTH_INVALID');
      nack(0, ESME.RINVCMDLEN);
      flush();
      destroy('LENGTH_INVALID');
    } else if (socket.writableLength > UNREAD_LIMIT) {
      socket.pause();
    }
  }

  function onDrain(): void {
    socket.resume();
    onRoom();
  }

  function onFrame(frame: Buffer): boolean {
    onPdu(decodePdu(frame));
    return state !== 'closed';
  }

  function onPdu(pdu: Decoded): void {
    switch (pdu.command) {
      case 'deliver_sm':
      case 'data_sm':
        onCarrierRequest(pdu);
        break;
      case 'enquire_link':
        reply('enquire_link', pdu.sequence, ESME.ROK);
        break;
      case 'unbind':
        onUnbind(pdu.sequence);
        break;
      case 'malformed':
        events.oddity('BODY_MALFORMED');
        reply(pdu.of, pdu.sequence, pdu.error);
        break;
      case 'unknown':
        events.oddity('COMMAND_UNKNOWN');
        if (pdu.wantsAnswer) nack(pdu.sequence, ESME.RINVCMDID);
        break;
      case 'bind_receiver':
      case 'bind_transmitter':
      case 'bind_transceiver':
      case 'submit_sm':
        events.oddity('COMMAND_UNEXPECTED');
        nack(pdu.sequence, ESME.RINVCMDID);
        break;
      default:
        onAnswer(pdu);
    }
  }

  function onCarrierRequest(pdu: CarrierRequest): void {
    let answered = false;
    const answer = (status: number) => {
      if (!answered) reply(pdu.command, pdu.sequence, status);
      answered = true;
    };
    if (state === 'bound' || state === 'unbinding') events.request(pdu, answer);
    else answer(ESME.RINVBNDSTS);
  }

  function onAnswer(pdu: Pdu): void {
    const request = outstanding.get(pdu.sequence);
    if (!request) {
      events.oddity('ANSWER_LATE');
    } else if (pdu.command !== answerTo(request.command) && pdu.command !== 'generic_nack') {
      events.oddity('ANSWER_UNEXPECTED');
    } else {
      outstanding.delete(pdu.sequence);
      request.end(pdu);
      onRoom();
    }
  }

  /** The carrier leaves: what it has, it may still answer. */
  function onUnbind(sequence: number): void {
    reply('unbind', sequence, ESME.ROK);
    flush();
    if (state === 'bound') retire('UNBOUND');
    else if (retired === null) destroy('UNBOUND');
  }

  function retire(reason: string): void {
    if (state !== 'bound') return;
    retired = reason;
    go('unbinding');
    onRoom();
  }

  function nack(sequence: number, status: number): void {
    if (state !== 'closed') send({ command: 'generic_nack', status, sequence, body: {}, tlvs: {} });
  }

  function reply(command: Request, sequence: number, status: number): void {
    if (state === 'closed') return;
    // The message_id in the answer to a deliver_sm is unused and empty (SMPP 3.4 §4.6.2).
    const body = { message_id: '', system_id: '' };
    send({ command: answerTo(command), status, sequence, body, tlvs: {} } as Pdu);
  }

  function unbind(): Promise<void> {
    leaving ??= new Promise((resolve) => {
      announceClosed = resolve;
    });
    if (state === 'closed') announceClosed();
    else if (state !== 'bound') destroy('CLOSED');
    else onRoom();
    return leaving;
  }

  function takeLeave(): void {
    request('unbind', {}, {}, () => destroy('CLOSED'));
    go('unbinding');
  }

  function destroy(reason: string): void {
    if (state === 'closed') return;
    go('closed');
    for (const timer of timers) clearTimeout(timer);
    socket.end();
    const linger = setTimeout(() => socket.destroy(), LINGER_MS);
    socket.once('close', () => clearTimeout(linger));
    outstanding.endAll();
    events.closed(reason);
    announceClosed();
  }

  return { ready, bound: () => state === 'bound', request, unbind, retire };
}

function bindBodyOf({ systemId: system_id, password, systemType: system_type }: ConnectionOptions) {
  const address = { addr_ton: 0, addr_npi: 0, address_range: '' };
  return { system_id, password, system_type, interface_version: INTERFACE_VERSION, ...address };
}
