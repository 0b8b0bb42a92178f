/**
 * The vendor's side of the RingRing Message API, as a simulator: same paths, result codes and status codes, for the same
 * phones. Property names are read without regard to case; statuses go to StatusUrl, or wait for `/Status`.
 */
import { randomUUID } from 'node:crypto';
import { json, type Request, type Response, Router } from 'express';
import { segment } from '../text/index.ts';
import type { FaultKind, Judge, ReceiptState } from './behaviour.ts';
import type { Phones } from './phones.ts';

export interface RingRingSimulator {
  router: Router;
  /** What a person writes: waits for `/Incoming`. */
  inbound(from: string, to: string, text: string): void;
  close(): void;
}

interface Kept {
  id: string;
  to: string;
  from: string;
  reference: string;
  status: number;
  statusUrl: string | null;
  cancelled: boolean;
}

type Fields = Record<string, unknown>;

const MAXIMUM_LENGTH = 758;
const MAXIMUM_RECIPIENTS = 1000;
const MAXIMUM_KEPT = 10_000;
const STATUS_TRIES = 5;
const STATUS_RETRY_MS = 500;
const SLOW_MS = 1000;

const STATUS_CODE: Record<ReceiptState, number> = {
  ENROUTE: 100,
  ACCEPTD: 100,
  DELIVRD: 200,
  EXPIRED: 300,
  UNDELIV: 300,
  DELETED: 300,
  REJECTD: 300,
  UNKNOWN: 400,
};

const RESULT_OF_FAULT: Partial<Record<FaultKind, number>> = { throttled: 30, 'queue-full': 34, refused: 9, failed: 1 };

/** `apiKey`: the only one that is taken; undefined: any that is not empty. */
export function createRingRingSimulator(judge: Judge, phones: Phones, apiKey: string | undefined): RingRingSimulator {
  const kept = new Map<string, Kept>();
  const latest = new Map<string, Kept>();
  const statuses: Fields[] = [];
  const incoming: Fields[] = [];
  const timers = new Set<NodeJS.Timeout>();
  let closed = false;

  function after(milliseconds: number, effect: () => void): void {
    const timer = setTimeout(() => {
      timers.delete(timer);
      effect();
    }, milliseconds);
    timers.add(timer);
  }

  function accept(fields: Fields, to: string, sandbox: boolean): Kept {
    const message: Kept = {
      id: randomUUID(),
      to,
      from: text(fields.from) || 'RingRing',
      reference: text(fields.reference),
      status: 100,
      statusUrl: text(fields.statusurl) || null,
      cancelled: false,
    };
    remember(kept, message.id, message);
    if (sandbox) return message;
    const states = judge.behaviour.unreachableNumbers.includes(`+${to}`)
      ? ['UNDELIV' as const]
      : judge.behaviour.receipts.states;
    if (states.length === 0 || STATUS_CODE[states.at(-1) ?? 'DELIVRD'] !== 300) toPhone(message, text(fields.message));
    after(judge.behaviour.receipts.delayMs, () => {
      for (const state of states) report(message, STATUS_CODE[state]);
    });
    return message;
  }

  function toPhone(message: Kept, body: string): void {
    remember(latest, `+${message.to}`, message);
    const { encoding, segments } = segment(body);
    const reference = Math.floor(Math.random() * 65_536);
    for (const [i, bytes] of segments.entries()) {
      phones.arrive({
        number: `+${message.to}`,
        counterpart: message.from,
        esmClass: 0,
        dataCoding: encoding === 'gsm' ? 0 : 8,
        userData: bytes,
        sar: segments.length > 1 ? { reference, total: segments.length, part: i + 1 } : null,
        at: Date.now(),
        via: 'ringring',
      });
    }
  }

  function report(message: Kept, status: number): void {
    if (message.cancelled) return;
    message.status = status;
    if (judge.behaviour.receipts.strangers) send(statusOf({ ...message, id: randomUUID(), reference: '' }), message, 1);
    send(statusOf(message), message, STATUS_TRIES);
  }

  /** To the address that the sender named; what it does not take waits for `/Status`. */
  function send(status: Fields, { statusUrl }: Kept, tries: number): void {
    if (statusUrl === null || tries === 0) {
      statuses.push(status);
      if (statuses.length > MAXIMUM_KEPT) statuses.shift();
      return;
    }
    post(statusUrl, status).then((taken) => {
      if (!taken && !closed) after(STATUS_RETRY_MS, () => send(status, { statusUrl } as Kept, tries - 1));
    });
  }

  function onMessage(fields: Fields, sandbox: boolean, response: Response): void {
    const recipients = text(fields.to).split(',').filter(Boolean);
    const mistake = mistakeOf(fields, recipients);
    if (mistake !== 0) {
      respond(response, mistake);
      return;
    }
    const fault = judge.next(`+${recipients[0]}`, Date.now());
    const refusal = fault && RESULT_OF_FAULT[fault];
    if (refusal) {
      respond(response, refusal);
      return;
    }
    if (fault === 'no-answer-not-taken') return;
    if (fault === 'bad-length' || fault === 'unknown-pdu') {
      response.status(200).type('text/html').send('<h1>It works!</h1>');
      return;
    }
    const messages = recipients.map((to) => accept(fields, to, sandbox));
    if (fault === 'no-answer') return;
    if (fault === 'close') {
      response.socket?.destroy();
      return;
    }
    const answer = () =>
      respond(response, 0, {
        MessageCount: messages.length,
        Reference: text(fields.reference),
        Messages: messages.map(({ id, to }) => ({
          MessageId: id,
          To: to,
          ResultCode: 0,
          ResultDescription: 'Success',
        })),
      });
    if (fault === 'slow') after(SLOW_MS, answer);
    else answer();
  }

  function onCancel(fields: Fields, response: Response): void {
    const message = kept.get(text(fields.messageid));
    if (!message) {
      respond(response, 29);
      return;
    }
    const again = message.cancelled;
    message.cancelled = true;
    respond(response, again ? 27 : 0, { MessageId: message.id });
  }

  function onStatusMessage(fields: Fields, response: Response): void {
    const message = kept.get(text(fields.messageid));
    respond(response, message ? 0 : 29, message ? statusOf(message) : {});
  }

  function onQueue(queue: Fields[], name: string, fields: Fields, response: Response): void {
    const records = queue.splice(0, Number(fields.maxrecords ?? 100));
    respond(response, 0, { NumberOfRecords: records.length, RemainingRecords: queue.length, [name]: records });
  }

  const router = Router();
  for (const base of ['/sms/v1', '/sms/sandbox']) {
    const serve = (path: string, handle: (fields: Fields, response: Response) => void) =>
      router.post(`${base}${path}`, json({ limit: '1mb' }), (request: Request, response: Response) => {
        const fields = withLowerCaseNames(request.body);
        const known = apiKey === undefined ? text(fields.apikey) !== '' : fields.apikey === apiKey;
        if (known) handle(fields, response);
        else respond(response, 12);
      });
    serve('/Message', (fields, response) => onMessage(fields, base === '/sms/sandbox', response));
    serve('/Cancel', onCancel);
    serve('/StatusMessage', onStatusMessage);
    serve('/Status', (fields, response) => onQueue(statuses, 'StatusMessages', fields, response));
    serve('/Incoming', (fields, response) => onQueue(incoming, 'IncomingMessages', fields, response));
  }

  return {
    router,
    inbound(from, to, body) {
      incoming.push({
        MessageId: randomUUID(),
        Reference: latest.get(from)?.reference ?? '',
        From: from.replace(/^\+/, ''),
        To: to,
        Message: body,
        Country: '',
        TimeReceived: time(Date.now()),
      });
      if (incoming.length > MAXIMUM_KEPT) incoming.shift();
    },
    close() {
      closed = true;
      for (const timer of timers) clearTimeout(timer);
    },
  };
}

/** The ResultCode of the sender's own mistakes. */
function mistakeOf(fields: Fields, recipients: string[]): number {
  if (text(fields.message) === '') return 7;
  if (text(fields.message).length > MAXIMUM_LENGTH) return 8;
  if (recipients.length === 0 || recipients.some((to) => !/^\d{7,15}$/.test(to))) return 9;
  if (recipients.length > MAXIMUM_RECIPIENTS) return 20;
  return text(fields.reference).length > 50 ? 4 : 0;
}

function respond(response: Response, code: number, fields: Fields = {}): void {
  const description = code === 0 ? 'Success' : `Simulated result ${code}`;
  response.status(code === 0 ? 200 : 400).json({ ...fields, ResultCode: code, ResultDescription: description });
}

function statusOf({ id, to, from, reference, status }: Kept): Fields {
  return {
    MessageId: id,
    Reference: reference,
    StatusCode: String(status),
    StatusDescription: `Simulated status ${status}`,
    TimeSubmitted: time(Date.now()),
    DeliveryTime: status === 200 ? time(Date.now()) : '',
    ResultCode: 0,
    ResultDescription: 'Success',
    From: from,
    To: to,
    MessageEncoding: 'Auto',
  };
}

/** `2018-05-04 14:20:58` */
function time(at: number): string {
  return new Date(at).toISOString().slice(0, 19).replace('T', ' ');
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function withLowerCaseNames(body: unknown): Fields {
  if (typeof body !== 'object' || body === null) return {};
  return Object.fromEntries(Object.entries(body).map(([name, value]) => [name.toLowerCase(), value]));
}

function remember<Value>(map: Map<string, Value>, key: string, value: Value): void {
  map.delete(key);
  map.set(key, value);
  const [oldest] = map.keys();
  if (map.size > MAXIMUM_KEPT && oldest !== undefined) map.delete(oldest);
}

async function post(url: string, body: Fields): Promise<boolean> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json; charset=UTF-8' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(5000),
    });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}
