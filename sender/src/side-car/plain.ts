/**
 * The side-car's own API, for services that send by a plain HTTP call:
 *
 *   POST /messages {to, text, …}       202 {id, state}   Idempotency-Key: optional
 *   GET  /messages/{id}                200 {id, state, …}
 *   POST /messages/{id}/cancel         200 {id, state: "cancelled"}, 409 when it is too late
 *
 * Authorization: Bearer <apiKey of the service>, unless the only service has none. Errors are RFC 9457 problems.
 */
import type { Problem } from '@civicline/protocol';
import express, { type ErrorRequestHandler, type Request, type Response, Router } from 'express';
import { addressesOf, type CountryCode, checkMessage, type OutgoingMessage, SenderError, sizeOfSms } from '../index.ts';
import type { Log } from './log.ts';
import { defaultsOf, type Services } from './services.ts';
import type { Cancelled, Service, SideCar } from './side-car.ts';
import type { StoredMessage } from './stored.ts';

const BODY_BYTES = 256 * 1024;

/** What is told to the caller as a problem. */
class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly errors: Problem['errors'];

  constructor(status: number, code: string, title: string, errors?: Problem['errors']) {
    super(title);
    this.status = status;
    this.code = code;
    this.errors = errors;
  }
}

export function plainApi(sideCar: SideCar, services: Services, log: Log): Router {
  const { store, config } = sideCar;
  const router = Router();

  router.post('/messages', express.raw({ type: () => true, limit: BODY_BYTES }), async (request, response) => {
    const service = serviceOf(request, services);
    const body = jsonOf(request);
    const { content, expiresAt } = readMessage(body, service, config.country as CountryCode | undefined);
    const handed = {
      content,
      dialect: 'plain',
      settings: settingsOf(content),
      ...(expiresAt !== null && { expiresAt }),
    } as const;
    const key = idempotencyKeyOf(request);
    const isRepeat = key !== null && store.knowsKey(service.name, key);
    if (!isRepeat && expiresAt !== null && expiresAt <= sideCar.now()) {
      throw new ApiError(400, 'INPUT_INVALID', 'The message has expired already.', [
        { path: '/expiresAt', message: 'must be in the future' },
      ]);
    }
    const id =
      key === null
        ? (await sideCar.hand(service, [handed]))[0]
        : await sideCar.handOnce(service, handed, { key, body: JSON.stringify(body) });
    if (id === null || id === undefined) {
      throw new ApiError(422, 'IDEMPOTENCY_KEY_REUSED', 'This Idempotency-Key came with another body before.');
    }
    const sms = content.to.phone === undefined ? {} : { sms: sizeOfSms(content.text) };
    response
      .status(202)
      .location(`/messages/${id}`)
      .json({ ...view(known(store.find(id, service.name))), ...sms });
  });

  router.get('/messages/:id', (request, response) => {
    const service = serviceOf(request, services);
    response.json(view(known(store.find(String(request.params.id), service.name))));
  });

  router.post('/messages/:id/cancel', async (request, response) => {
    const service = serviceOf(request, services);
    const id = String(request.params.id);
    refuseUnlessCancelled(await sideCar.cancel(service, id));
    response.json({ ...view(known(store.find(id, service.name))), state: 'cancelled' });
  });

  router.get('/health', (_request, response) => {
    const { waiting, since } = store.backlog();
    const waitingSeconds = since === null ? 0 : Math.round((sideCar.now() - since) / 1000);
    response.json({ status: 'ok', waiting, waitingSeconds, failures: sideCar.failures() });
  });

  router.use((_request, _response, next) => next(new ApiError(404, 'NOT_FOUND', 'There is nothing here.')));
  router.use(answerError(log));
  return router;
}

/** The message with its service's defaults. Throws SenderError or {@link ApiError}. */
function readMessage(body: unknown, service: Service, country: CountryCode | undefined) {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new ApiError(400, 'INPUT_INVALID', 'The body must be an object.');
  }
  const given = body as Record<string, unknown>;
  const to = addressesOf(given.to);
  const { phone, email } = Object(to) as Record<string, unknown>;
  const channels = [
    ...(phone === undefined ? [] : ['sms' as const]),
    ...(email === undefined ? [] : ['email' as const]),
  ];
  const { strategy, ...defaults } = defaultsOf(service.config, channels);
  const message = { ...defaults, ...(strategy && !('strategy' in given) && { strategy }), ...given, to };
  const { contents, envelope } = checkMessage(message, country);
  const { sms, email: mail } = contents;
  const content: OutgoingMessage = {
    to: { ...(sms && { phone: sms.to }), ...(mail && { email: mail.to }) },
    text: sms?.text ?? mail?.text ?? '',
    ...(mail && { subject: mail.subject }),
    ...(sms?.from !== undefined && { from: sms.from }),
    ...envelope,
  };
  return { content, expiresAt: envelope.expiresAt === undefined ? null : Date.parse(envelope.expiresAt) };
}

function settingsOf({ reference }: OutgoingMessage): { reference?: string } {
  return reference === undefined ? {} : { reference };
}

/** The states of SMIS, and before them `waiting` and `sending`; `refused`: SMIS will not have it. */
function view(message: StoredMessage) {
  const { id, state, settings, channel, reason, segments, smisId } = message;
  const time = (at: number) => new Date(at).toISOString();
  return {
    id,
    ...(settings.reference !== undefined && { reference: settings.reference }),
    state,
    ...(reason !== null && { reason }),
    ...(channel !== null && { channel }),
    ...(segments !== null && { segments }),
    ...(smisId !== null && { smisId }),
    createdAt: time(message.createdAt),
    updatedAt: time(message.updatedAt),
    expiresAt: time(message.expiresAt),
  };
}

function known(message: StoredMessage | null): StoredMessage {
  if (!message) throw new ApiError(404, 'MESSAGE_UNKNOWN', 'There is no such message.');
  return message;
}

function refuseUnlessCancelled(cancelled: Cancelled): void {
  if (cancelled === 'unknown') known(null);
  if (cancelled === 'too late') throw new ApiError(409, 'MESSAGE_NOT_CANCELLABLE', 'It is too late to withdraw it.');
  if (cancelled === 'try again') throw new ApiError(503, 'TRY_AGAIN', 'It is not known yet; try again.');
}

function serviceOf(request: Request, { withKey, open }: Services): Service {
  const [, key] = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '') ?? [];
  const service = key === undefined ? open : withKey(key);
  if (!service) throw new ApiError(401, 'API_KEY_REFUSED', 'Send a valid API key: Authorization: Bearer …');
  // No page in a browser on this machine may send in the service's name, under whatever name it calls this machine.
  const host = (request.headers.host ?? '').replace(/:\d+$/, '').toLowerCase();
  if (key !== undefined || ['localhost', '127.0.0.1', '[::1]'].includes(host)) return service;
  throw new ApiError(403, 'HOST_REFUSED', 'Without an API key, only this machine is served, by the name localhost.');
}

function jsonOf(request: Request): unknown {
  if (!request.is('json')) throw new ApiError(415, 'TYPE_UNSUPPORTED', 'The body must be application/json.');
  try {
    const bytes = request.body instanceof Buffer ? request.body : Buffer.alloc(0);
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw new ApiError(400, 'JSON_MALFORMED', 'The body is not JSON in UTF-8.');
  }
}

function idempotencyKeyOf(request: Request): string | null {
  const key = request.headers['idempotency-key'];
  if (key === undefined) return null;
  if (typeof key === 'string' && /^[\x21-\x7e]{1,255}$/.test(key)) return key;
  throw new ApiError(400, 'IDEMPOTENCY_KEY_MALFORMED', 'An Idempotency-Key has 1 to 255 visible ASCII characters.');
}

function answerError(log: Log): ErrorRequestHandler {
  return (error, _request, response: Response, _next) => {
    const { status, code, title, errors } = problemOf(error);
    if (status >= 500 && !(error instanceof ApiError)) log('request failed', { error });
    if (response.headersSent) return void response.destroy();
    const body = { type: 'about:blank', title, status, code, ...(errors && errors.length > 0 && { errors }) };
    response.status(status).type('application/problem+json').send(JSON.stringify(body));
  };
}

function problemOf(error: unknown): Pick<Problem, 'status' | 'code' | 'title' | 'errors'> {
  if (error instanceof ApiError)
    return { status: error.status, code: error.code, title: error.message, errors: error.errors };
  if (error instanceof SenderError) {
    const errors = error.errors.map(({ path, message }) => ({ path, message }));
    return { status: 400, code: error.code, title: error.message, errors };
  }
  // Express's own: a body that is too large or broken off, a path that is none.
  const { status, type } = Object(error) as { status?: unknown; type?: unknown };
  if (type === 'entity.too.large') return { status: 413, code: 'BODY_TOO_LARGE', title: 'The body is too large.' };
  if (typeof status === 'number' && status >= 400 && status < 500) {
    return { status, code: 'REQUEST_REFUSED', title: 'The request could not be read.' };
  }
  return { status: 503, code: 'INTERNAL', title: 'The message could not be stored. It is worth another try.' };
}
