/** An SMSC simulator: a fake mobile carrier with phones. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Behaviour, type BehaviourInput, createJudge } from './behaviour.ts';
import { createLive } from './live.ts';
import { servePages } from './pages.ts';
import { createPhones, type Phone, type PhoneMessage } from './phones.ts';
import { createRingRingSimulator } from './ringring.ts';
import { createSmsc, type SmscCounts } from './smsc.ts';

export type { Behaviour, BehaviourInput, Fault, FaultKind, ReceiptState } from './behaviour.ts';
export type { PhoneMessage } from './phones.ts';
export type { SmscCounts } from './smsc.ts';

export interface SmscSimulatorOptions {
  /** 0, the default: a free one. */
  smppPort?: number;
  httpPort?: number;
  /** Address to listen on; default 127.0.0.1. */
  host?: string;
  /** That every bind must give; default: any will do. */
  password?: string;
  /** That RingRing requests must give; default: any will do. */
  apiKey?: string;
  behaviour?: BehaviourInput;
  /** Called for every message that a phone gets, of all that {@link SmscSimulator.messages} no longer has also. */
  onMessage?(message: PhoneMessage): void;
}

export interface SmscSimulator {
  smppPort: number;
  /** Of the phones page, without a slash at its end; RingRing's API is at `${url}/sms/v1`. */
  url: string;
  behaviour(): Behaviour;
  /** From the next submit on. Fields that are left out become as at the start. Throws `z.ZodError`. */
  setBehaviour(behaviour: BehaviourInput): void;
  /** The kept ones of all phones (200 numbers, 50 each), oldest first. */
  messages(): PhoneMessage[];
  counts(): SmscCounts & { messages: number; segments: number; phones: number };
  /**
   * The person behind `from` (E.164) writes to `to`; reaches the sender whose message this phone got last, or `systemId`
   * when it is given.
   */
  write(from: string, to: string, text: string, systemId?: string): void;
  /** Cuts all SMPP connections at once. */
  cut(): void;
  stop(): Promise<void>;
}

/** Starts the SMPP server and the phones page. Rejects when a port is taken. */
export async function startSmscSimulator(options: SmscSimulatorOptions = {}): Promise<SmscSimulator> {
  const host = options.host ?? '127.0.0.1';
  const judge = createJudge(options.behaviour);
  const phones = createPhones((phoneId, read) => {
    live.changed(phoneId);
    options.onMessage?.(read());
  });
  const smsc = createSmsc({ judge, phones, password: options.password });
  const ringring = createRingRingSimulator(judge, phones, options.apiKey);
  const counts = () => ({ ...smsc.counts(), ...phones.totals() });
  const overview = () => ({
    smppPort: (smsc.server.address() as AddressInfo | null)?.port ?? null,
    counts: counts(),
    behaviour: judge.behaviour,
    phones: phones.list().map(summaryOf),
  });
  const live = createLive(overview, (id) => conversationOf(phones.byId(id)));

  function write(from: string, to: string, text: string, systemId = smsc.senderTo(from)): boolean {
    const last = phones.byNumber(from)?.messages.findLast(isToPhone);
    const via = last?.via ?? 'smpp';
    if (via === 'smpp' && systemId === undefined) return false;
    phones.wrote({ number: from, counterpart: to, text, encoding: 'gsm', segments: 1, at: Date.now(), via });
    if (via === 'ringring') ringring.inbound(from, to, text);
    else smsc.inbound(systemId as string, from, to, text);
    return true;
  }

  const setBehaviour = (behaviour: BehaviourInput) => {
    judge.set(behaviour);
    live.changed(0);
  };
  const http = createServer(
    servePages({
      live,
      overview,
      behaviour: () => judge.behaviour,
      setBehaviour,
      phone: (id) => phones.byId(id),
      reply: ({ number, messages }, text) => write(number, messages.findLast(isToPhone)?.counterpart ?? '', text),
      router: ringring.router,
    }),
  );
  const poll = setInterval(() => live.changed(0), 2000);
  poll.unref();

  smsc.server.listen(options.smppPort ?? 0, host);
  await once(smsc.server, 'listening');
  http.listen(options.httpPort ?? 0, host);
  await once(http, 'listening').catch(async (error) => {
    await smsc.close();
    throw error;
  });

  return {
    smppPort: (smsc.server.address() as AddressInfo).port,
    url: `http://${host.includes(':') ? `[${host}]` : host}:${(http.address() as AddressInfo).port}`,
    behaviour: () => judge.behaviour,
    setBehaviour,
    messages: () => phones.messages(),
    counts,
    write: (from, to, text, systemId) => void write(from, to, text, systemId),
    cut: () => smsc.cut(),
    async stop() {
      clearInterval(poll);
      live.close();
      ringring.close();
      const closed = once(http, 'close');
      http.close();
      http.closeAllConnections();
      await Promise.all([closed, smsc.close()]);
    },
  };
}

const isToPhone = ({ direction }: PhoneMessage) => direction === 'to-phone';

const PREVIEW = 80;

function summaryOf({ id, number, count, messages }: Phone): object {
  const last = messages.at(-1);
  return { id, number, count, at: last?.at, direction: last?.direction, preview: last?.text.slice(0, PREVIEW) };
}

function conversationOf(phone: Phone | undefined): object | null {
  return phone ? { id: phone.id, number: phone.number, count: phone.count, messages: phone.messages } : null;
}
