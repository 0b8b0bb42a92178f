/** The simulated carrier behind all SMPP sessions. */
import { randomInt } from 'node:crypto';
import { createServer, type Server } from 'node:net';
import { concatenationHeader, segment } from '../text/index.ts';
import type { Judge, ReceiptState } from './behaviour.ts';
import { createMailbox, type Delivery, MAILBOX_LIMIT, type Mailbox } from './mailbox.ts';
import type { SubmitSm } from './pdu.ts';
import type { Phones } from './phones.ts';
import { issuedId, type Receipt, receiptPdu } from './receipt.ts';
import { type Carrier, type Session, serveSession } from './session.ts';

export interface SmscCounts {
  /** Bound sessions. */
  sessions: number;
  /** submit_sm that arrived, whatever became of them. */
  submits: number;
  /** Of those, taken. */
  taken: number;
  /** Receipts and inbound messages that a sender has answered with ESME_ROK. */
  delivered: number;
  /** Given up, after hundreds of tries or as too many waited. */
  dropped: number;
  /** Not answered yet, or not even sent. */
  waiting: number;
}

export interface Smsc {
  server: Server;
  /** What a person writes to the sender; waits until a session of that system id can take it. */
  inbound(systemId: string, from: string, to: string, text: string): void;
  /** Who last sent to this number over SMPP. */
  senderTo(number: string): string | undefined;
  counts(): SmscCounts;
  /** Cuts all connections; they may come back. */
  cut(): void;
  /** Takes no new connection and ends those there are. */
  close(): Promise<void>;
}

export interface SmscOptions {
  judge: Judge;
  phones: Phones;
  /** Every system id binds with this one; undefined: with any. */
  password: string | undefined;
}

/** A sender that cannot take a delivery is asked again for a quarter of an hour. */
const DELIVERY_TRIES = 900;
const RETRY_MS = 1000;
const MAXIMUM_SENDERS = 1000;
const NEVER_ON_PHONE: ReadonlySet<ReceiptState | undefined> = new Set<ReceiptState>([
  'EXPIRED',
  'DELETED',
  'UNDELIV',
  'REJECTD',
]);

export function createSmsc({ judge, phones, password }: SmscOptions): Smsc {
  const mailboxes = new Map<string, Mailbox>();
  const sessions = new Set<Session>();
  const senders = new Map<string, string>();
  const timers = new Set<NodeJS.Timeout>();
  // Ids of one run are not those of the run before it.
  let lastId = randomInt(2 ** 32, 2 ** 40);
  let reference = randomInt(256);
  const counts = { submits: 0, taken: 0, delivered: 0, dropped: 0, put: 0 };

  function mailboxOf(systemId: string): Mailbox {
    const mailbox = mailboxes.get(systemId) ?? createMailbox();
    mailboxes.set(systemId, mailbox);
    return mailbox;
  }

  function put(mailbox: Mailbox, deliveries: readonly Delivery[]): void {
    const room = Math.max(0, MAILBOX_LIMIT * 2 - mailbox.size());
    const kept = deliveries.length <= room ? deliveries : deliveries.slice(0, room);
    counts.dropped += deliveries.length - kept.length;
    mailbox.put(kept);
  }

  function after(milliseconds: number, effect: () => void): void {
    const timer = setTimeout(() => {
      timers.delete(timer);
      effect();
    }, milliseconds);
    timers.add(timer);
  }

  function statesFor(to: string): readonly ReceiptState[] {
    const { receipts, unreachableNumbers } = judge.behaviour;
    return unreachableNumbers.length > 0 && unreachableNumbers.includes(to) ? ['UNDELIV'] : receipts.states;
  }

  function receiptsOf(
    id: number,
    { from, to, registeredDelivery }: SubmitSm,
    states: readonly ReceiptState[],
  ): Delivery[] {
    const wanted = registeredDelivery & 0x03;
    if (wanted === 0) return [];
    const { receipts } = judge.behaviour;
    const submittedAt = Date.now();
    const deliveries: Delivery[] = [];
    for (const state of states) {
      if (wanted === 2 && state === 'DELIVRD') continue;
      const receipt: Receipt = { id, from, to, state, submittedAt, doneAt: submittedAt + receipts.delayMs };
      if (receipts.strangers) deliveries.push({ kind: 'receipt', receipt: { ...receipt, id: id - 2 ** 31 }, tries: 0 });
      deliveries.push({ kind: 'receipt', receipt, tries: 0 });
    }
    return deliveries;
  }

  const carrier: Carrier = {
    bind: (systemId, given) => (password === undefined || given === password ? mailboxOf(systemId) : null),
    judge(submit, mailbox) {
      counts.submits++;
      const fault = judge.next(submit.to, Date.now());
      return fault ?? (mailbox.size() > MAILBOX_LIMIT ? 'queue-full' : null);
    },
    take(submit, systemId) {
      counts.taken++;
      const id = ++lastId;
      const states = statesFor(submit.to);
      if (!NEVER_ON_PHONE.has(states.at(-1))) toPhone(submit, systemId);
      return { id: issuedId(id, judge.behaviour.messageIds), receipts: receiptsOf(id, submit, states) };
    },
    schedule(mailbox, receipts, extraMs) {
      counts.put += receipts.length;
      const delay = judge.behaviour.receipts.delayMs + extraMs;
      if (delay === 0) put(mailbox, receipts);
      else after(delay, () => put(mailbox, receipts));
    },
    early: () => judge.behaviour.receipts.early,
    encode: (delivery) => (delivery.kind === 'receipt' ? receiptPdu(delivery.receipt, judge.behaviour) : delivery),
    delivered(mailbox, delivery, outcome) {
      if (outcome === 'taken') counts.delivered++;
      else if (outcome === 'lost') put(mailbox, [delivery]);
      else if (++delivery.tries >= DELIVERY_TRIES) counts.dropped++;
      else after(RETRY_MS, () => put(mailbox, [delivery]));
    },
  };

  function toPhone(submit: SubmitSm, systemId: string): void {
    senders.delete(submit.to);
    senders.set(submit.to, systemId);
    const [oldest] = senders.keys();
    if (senders.size > MAXIMUM_SENDERS && oldest !== undefined) senders.delete(oldest);
    phones.arrive({
      number: submit.to,
      counterpart: submit.from,
      esmClass: submit.esmClass,
      dataCoding: submit.dataCoding,
      userData: Buffer.from(submit.userData),
      sar: submit.sar,
      at: Date.now(),
      via: 'smpp',
    });
  }

  const server = createServer((socket) => {
    sessions.add(serveSession(socket, carrier, (session) => sessions.delete(session)));
  });

  return {
    server,
    inbound(systemId, from, to, text) {
      const { encoding, segments } = segment(text);
      reference = (reference + 1) % 256;
      const deliveries = segments.map((bytes, i): Delivery => {
        const header = concatenationHeader({ reference, total: segments.length, part: i + 1 });
        return {
          kind: 'inbound',
          from,
          to,
          esmClass: segments.length > 1 ? 0x40 : 0,
          dataCoding: encoding === 'gsm' ? 0 : 8,
          userData: segments.length > 1 ? Buffer.concat([header, bytes]) : bytes,
          tries: 0,
        };
      });
      counts.put += deliveries.length;
      put(mailboxOf(systemId), deliveries);
    },
    senderTo: (number) => senders.get(number),
    counts() {
      const { put: all, ...rest } = counts;
      const bound = [...sessions].filter((session) => session.bound()).length;
      return { ...rest, sessions: bound, waiting: all - counts.delivered - counts.dropped };
    },
    cut() {
      for (const session of sessions) session.cut();
    },
    async close() {
      for (const timer of timers) clearTimeout(timer);
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const session of sessions) session.unbind();
      await closed;
    },
  };
}
