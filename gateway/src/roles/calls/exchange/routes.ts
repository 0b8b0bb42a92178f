import { type ExchangeCall, exchangeCallInputSchema, exchangeCallSchema } from '@civicline/protocol';
import type { Express } from 'express';
import { v7 as uuid } from 'uuid';
import {
  AppError,
  idempotencyKeyHeader,
  idempotencyKeyOf,
  mount,
  operation,
  type SecurityScheme,
} from '../../../platform/http/index.ts';
import type { Sealer } from '../../../platform/storage/index.ts';
import type { Organisations } from '../../directory/organisations/index.ts';
import { checkTime, readArrival } from './arrival.ts';
import { type Exchange, exchangeOf, requireExchange } from './keys.ts';
import type { ExchangeCalls } from './port.ts';
import type { createExchangeStore } from './store.ts';

const tag = 'Telephone exchanges';
const security: SecurityScheme = {
  name: 'exchange-key',
  scheme: { type: 'http', scheme: 'bearer', description: 'API key of a telephone exchange.' },
};
const call = { description: 'The call as it stands.', schema: exchangeCallSchema };
const refused = {
  401: { description: '`API_KEY_REFUSED`' },
  404: { description: 'This organisation has no such call: `CALL_UNKNOWN`.' },
};

const arriveOperation = operation({
  method: 'post',
  path: '/v1/telephony/calls',
  tag,
  summary: 'Reports a call that reached another exchange, with what the caller keyed.',
  description:
    'The code is redeemed and the call shown to the agents like any other; the voice stays with the other exchange. Repeat the request with the same Idempotency-Key when the answer got lost: within 24 hours the first answer comes back.',
  security,
  headers: [idempotencyKeyHeader(true, 'One per call.')],
  body: exchangeCallInputSchema,
  answers: {
    201: call,
    401: refused[401],
    422: { description: 'The key came with another body before: `IDEMPOTENCY_KEY_REUSED`.' },
  },
});

const readOperation = operation({
  method: 'get',
  path: '/v1/telephony/calls/{id}',
  tag,
  summary: 'Where a reported call stands, and who answered it.',
  security,
  answers: { 200: call, ...refused },
});

const hangUpOperation = operation({
  method: 'post',
  path: '/v1/telephony/calls/{id}/hang-up',
  tag,
  summary: 'Reports that the caller or the exchange ended the call. May be repeated.',
  security,
  answers: { 200: call, ...refused },
});

export const exchangeOperations = [arriveOperation, readOperation, hangUpOperation];

export interface ExchangeRouteOptions {
  keys: readonly (Exchange & { key: string })[];
  calls: ExchangeCalls;
  store: ReturnType<typeof createExchangeStore>;
  organisations: Organisations;
  sealer: Sealer;
  now: () => number;
}

export function mountExchange(http: Express, options: ExchangeRouteOptions): void {
  const { calls, store, organisations, sealer, now } = options;
  const guard = requireExchange(options.keys);

  mount(http, arriveOperation, [guard], async ({ body, request }, response) => {
    const exchange = exchangeOf(response);
    const keyDigests = sealer.digests(
      JSON.stringify([exchange.organisation, exchange.name, idempotencyKeyOf(request)]),
      'idempotency key',
    );
    const arrival = readArrival(body, exchange, organisations);
    const at = now();
    // A repeated request may come late; a new one may not. Nothing is remembered of one that is refused.
    if (!(await store.isKnown(keyDigests))) checkTime(arrival.arrivedAt, at);
    const bodyDigests = sealer.digests(JSON.stringify(arrival), 'exchange body');
    const first = await store.begin({ keyDigests, bodyDigest: bodyDigests[0], callId: uuid(), at });
    if (!bodyDigests.includes(first.bodyDigest)) {
      throw new AppError(422, 'IDEMPOTENCY_KEY_REUSED', 'This Idempotency-Key came with another body before.');
    }
    const answer = first.answer ?? (await calls.arrive({ ...arrival, callId: first.callId }));
    if (!first.answer) await store.answer(first.callId, answer);
    response.status(201).location(`/v1/telephony/calls/${answer.id}`).json(answer);
  });

  mount(http, readOperation, [guard], async ({ param }, response) => {
    response.json(known(await calls.get({ callId: param('id'), organisationId: exchangeOf(response).organisation })));
  });

  mount(http, hangUpOperation, [guard], async ({ param }, response) => {
    const { organisation } = exchangeOf(response);
    response.json(known(await calls.hangUp({ callId: param('id'), organisationId: organisation })));
  });
}

function known(found: ExchangeCall | null): ExchangeCall {
  if (!found) throw new AppError(404, 'CALL_UNKNOWN', 'There is no such call.');
  return found;
}
