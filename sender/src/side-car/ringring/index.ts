/**
 * RingRing's Message API, so that a service that speaks it changes a base URL and nothing else:
 *
 *   POST /sms/v1/Message | Cancel | Status | StatusMessage | Incoming
 *   POST /sms/sandbox/…   the same answers; nothing is sent
 *
 * A caller's mistake has status 400 and a ResultCode, as the vendor's clients expect. Unlike with the vendor, a service
 * cannot read incoming SMS (SMIS has none for senders): /Incoming is always empty.
 */
import express, { type ErrorRequestHandler, type Request, type Response, Router } from 'express';
import type { CountryCode } from '../../index.ts';
import type { Log } from '../log.ts';
import { defaultsOf, type Services } from '../services.ts';
import type { Service, SideCar } from '../side-car.ts';
import { RESULT, Refusal, type Result, resultFields } from './codes.ts';
import { readMessage } from './message.ts';
import { type Call, readCall, readQuery } from './request.ts';
import { statusMessage } from './status.ts';
import { writeXml, type XmlValue } from './xml.ts';

/** 1,000 numbers and 758 characters fit several times. */
const BODY_BYTES = 256 * 1024;
const DEFAULT_RECORDS = 100;
const MOST_RECORDS = 1_000;
const GUID = /^\{?([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\}?$/i;

interface Asked {
  call: Call;
  service: Service;
  sandbox: boolean;
  response: Response;
}
type Answer = { status?: number; body: { [name: string]: XmlValue | XmlValue[] } };
type Action = (asked: Asked) => Promise<Answer>;

export function ringRing(sideCar: SideCar, services: Services, log: Log): Router {
  const { store, config, now } = sideCar;
  const { timeZone } = config;
  const country = config.country as CountryCode | undefined;

  const send: Action = async ({ call, service, sandbox }) => {
    const { recipients, text, from, dueAt, expiresAt, settings } = readMessage(call, { now: now(), timeZone, country });
    const good = recipients.flatMap(({ number }) => (number === null ? [] : [number]));
    const ids = await sideCar.hand(
      service,
      good.map((phone) => ({
        content: { to: { phone }, text, ...(from !== undefined && { from }), ...defaultsOf(service.config, ['sms']) },
        ...{ dialect: 'ringring', settings, sandbox, dueAt, expiresAt },
      })),
    );
    const messages = recipients.map(({ written, number }) => ({
      MessageId: number === null ? '' : (ids.shift() ?? ''),
      To: number === null ? written : number.slice(1),
      ...resultFields(number === null ? RESULT.toInvalid : RESULT.success),
    }));
    const result = good.length > 0 ? RESULT.success : RESULT.toInvalid;
    return {
      status: good.length > 0 ? 201 : 400,
      body: {
        MessageCount: good.length,
        Reference: settings.reference ?? '',
        Messages: messages,
        ...resultFields(result),
      },
    };
  };

  const CANCEL_RESULT: Record<Awaited<ReturnType<SideCar['cancel']>>, Result> = {
    cancelled: RESULT.success,
    unknown: RESULT.messageIdUnknown,
    'too late': RESULT.cancelTooLate,
    'try again': RESULT.tryLater,
  };

  const cancel: Action = async ({ call, service, sandbox }) => {
    const id = messageIdOf(call);
    const before = store.find(id, service.name, sandbox)?.state;
    const result =
      before === 'cancelled' ? RESULT.alreadyCancelled : CANCEL_RESULT[await sideCar.cancel(service, id, sandbox)];
    return { status: result === RESULT.success ? 200 : 400, body: { MessageId: id, ...resultFields(result) } };
  };

  const statusMessageAction: Action = async ({ call, service, sandbox }) => {
    const message = store.find(messageIdOf(call), service.name, sandbox);
    if (message?.dialect !== 'ringring') throw new Refusal(RESULT.messageIdUnknown);
    return { body: statusMessage(message, { now: now(), timeZone }) };
  };

  const status: Action = async ({ call, service, sandbox, response }) => {
    const { messages, count } = store.untold(service.name, sandbox, maxRecordsOf(call));
    // Told when the answer has left: one that is lost is given again.
    response.once('finish', () => {
      store
        .told(messages.map(({ id }) => id))
        .catch((error: unknown) => log('recording told statuses failed', { error }));
    });
    return {
      body: {
        NumberOfRecords: messages.length,
        RemainingRecords: count - messages.length,
        StatusMessages: messages.map((message) => statusMessage(message, { now: now(), timeZone })),
        ...resultFields(RESULT.success),
      },
    };
  };

  const incoming: Action = async ({ call }) => {
    maxRecordsOf(call);
    return {
      body: { NumberOfRecords: 0, RemainingRecords: 0, IncomingMessages: [], ...resultFields(RESULT.success) },
    };
  };

  const actions = new Map<string, [root: string, itemName: string, action: Action]>(
    Object.entries({
      message: ['MessageResponse', 'Message', send],
      cancel: ['CancelResponse', '', cancel],
      statusmessage: ['StatusMessageResponse', '', statusMessageAction],
      status: ['StatusResponse', 'StatusMessage', status],
      incoming: ['IncomingResponse', 'IncomingMessage', incoming],
    }),
  );

  async function answer(request: Request, response: Response, read: () => Call, allowed: string[]): Promise<void> {
    const name = String(request.params.action).toLowerCase();
    const [root, itemName, action] = actions.get(name) ?? [];
    const endpoint = String(request.params.endpoint).toLowerCase();
    if (!root || !action || !allowed.includes(name) || !['v1', 'sandbox'].includes(endpoint)) {
      response.sendStatus(404);
      return;
    }
    let xml = /xml/.test(request.headers['content-type'] ?? '');
    const write = ({ status = 200, body }: Answer) => {
      response.status(status).type(xml ? 'application/xml' : 'application/json');
      response.send(xml ? writeXml(root, body, itemName ?? '') : JSON.stringify(body));
    };
    try {
      const call = read();
      xml = call.xml;
      const service = serviceOf(call, services);
      write(await action({ call, service, sandbox: endpoint === 'sandbox', response }));
    } catch (error) {
      if (!(error instanceof Refusal)) log('RingRing call failed', { error });
      const result = error instanceof Refusal ? error.result : RESULT.tryLater;
      write({ status: 400, body: resultFields(result) });
    }
  }

  const router = Router();
  router.get('/sms/:endpoint/:action', (request, response) =>
    answer(request, response, () => readQuery(new URL(request.url, 'http://side-car').searchParams), ['statusmessage']),
  );
  router.post('/sms/:endpoint/:action', express.raw({ type: () => true, limit: BODY_BYTES }), (request, response) =>
    answer(request, response, () => readCall(request.body instanceof Buffer ? request.body : Buffer.alloc(0)), [
      ...actions.keys(),
    ]),
  );
  const onError: ErrorRequestHandler = (_error, request, response, next) => {
    // The body could not be read: too large, broken off, compressed in an unknown way.
    if (response.headersSent || request.method !== 'POST') return next(_error);
    response.status(400).json(resultFields(RESULT.bodyMalformed));
  };
  router.use('/sms', onError);
  return router;
}

function serviceOf(call: Call, services: Services): Service {
  const key = call.field('ApiKey');
  if (key === undefined) throw new Refusal(RESULT.apiKeyMissing);
  const service = services.withKey(key);
  if (!service) throw new Refusal(RESULT.apiKeyUnknown);
  return service;
}

function messageIdOf(call: Call): string {
  const [, id] = GUID.exec(call.field('MessageId') ?? '') ?? [];
  if (id === undefined) throw new Refusal(RESULT.messageIdInvalid);
  return id.toLowerCase();
}

function maxRecordsOf(call: Call): number {
  const written = call.field('MaxRecords');
  if (written === undefined) return DEFAULT_RECORDS;
  if (!/^\d{1,9}$/.test(written)) throw new Refusal(RESULT.maxRecordsMalformed);
  const most = Number(written);
  if (most < 1 || most > MOST_RECORDS) throw new Refusal(RESULT.maxRecordsOutOfRange);
  return most;
}
