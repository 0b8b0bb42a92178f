import {
  callRequestCreatedSchema,
  callRequestInputSchema,
  callRequestStatusSchema,
  dialCodeSchema,
  type PurposeView,
  pairingInputSchema,
  purposeViewSchema,
} from '@civicline/protocol';
import express, { type Express, type RequestHandler } from 'express';
import {
  AppError,
  contentSecurityPolicy,
  type EventStreams,
  limitPerAddress,
  mount,
  operation,
  type SecurityScheme,
  widgetCors,
} from '../../../platform/http/index.ts';
import type { Sealer } from '../../../platform/storage/index.ts';
import { telUrl } from '../../directory/irma/index.ts';
import {
  isOpen,
  type Organisation,
  type Organisations,
  opensAt,
  type Purpose,
} from '../../directory/organisations/index.ts';
import { type Disclosures, digestOf, sameText } from './disclosures.ts';
import type { Statuses } from './statuses.ts';
import { type CallRequest, type RequestStore, sealedFor } from './store.ts';

const security: SecurityScheme = {
  name: 'call-request-token',
  scheme: {
    type: 'http',
    scheme: 'bearer',
    description: 'The `token` that came with the call request; good for that one request.',
  },
};

const tag = 'Citizens';
const unknown = { 404: { description: 'No such call request, or not its token: `CALL_REQUEST_UNKNOWN`.' } };

const purposeOperation = operation({
  method: 'get',
  path: '/v1/organisations/{organisation}/purposes/{purpose}',
  tag,
  summary: 'What can be called about, and whether it is open now.',
  security: 'none',
  answers: {
    200: { description: 'The purpose.', schema: purposeViewSchema },
    404: { description: '`PURPOSE_UNKNOWN`' },
  },
});

const logoOperation = operation({
  method: 'get',
  path: '/v1/organisations/{organisation}/logo',
  tag,
  summary: 'The organisation’s logo, SVG or PNG.',
  security: 'none',
  answers: {
    200: { description: 'From the operator’s file.', type: 'image/*' },
    404: { description: 'The organisation is not known or has none: `LOGO_UNKNOWN`.' },
  },
});

const createOperation = operation({
  method: 'post',
  path: '/v1/call-requests',
  tag,
  summary: 'Begins a verified call: starts the disclosure in the Yivi app.',
  description:
    'The code goes from the Yivi server to the app alone; the answer holds what a Yivi client needs, and a token for following this request.',
  security: 'none',
  body: callRequestInputSchema,
  answers: {
    201: { description: 'The disclosure can begin.', schema: callRequestCreatedSchema },
    403: { description: 'The purpose does not allow another phone: `OTHER_PHONE_NOT_ALLOWED`.' },
    404: { description: '`PURPOSE_UNKNOWN`' },
    429: { description: 'Too many from this address: `TOO_MANY_REQUESTS`.' },
    503: { description: 'The Yivi server does not answer: `IRMA_UNREACHABLE`.' },
  },
});

const eventsOperation = operation({
  method: 'get',
  path: '/v1/call-requests/{id}/events',
  tag,
  summary: 'Follows a call request: server-sent events, the current state first.',
  description: 'Read it with fetch: the token must not be in a URL. The stream ends with the last state.',
  security,
  answers: {
    200: {
      description: 'Each `data:` line is a status.',
      schema: callRequestStatusSchema,
      type: 'text/event-stream',
    },
    429: { description: 'Five streams are open already: `TOO_MANY_STREAMS`.' },
    ...unknown,
  },
});

const pairingOperation = operation({
  method: 'post',
  path: '/v1/call-requests/{id}/pairing',
  tag,
  summary: 'Confirms the digits that the app shows, before it discloses for another phone.',
  description: 'The disclosure goes on in the app once they are right. Five tries.',
  security,
  body: pairingInputSchema,
  answers: {
    204: { description: 'The app goes on.' },
    409: { description: '`PAIRING_CODE_WRONG`, or `PAIRING_NOT_AVAILABLE`: begin again.' },
    503: { description: 'The Yivi server does not answer: `IRMA_UNREACHABLE`.' },
    ...unknown,
  },
});

const dialCodeOperation = operation({
  method: 'post',
  path: '/v1/call-requests/{id}/dial-code',
  tag,
  summary: 'Number and code, for calling from another phone.',
  description:
    'Only for a request that was begun with `otherPhone`, and only after the disclosure: the digits of the app have been typed over by then.',
  security,
  answers: {
    200: { description: 'To be shown, digits in groups.', schema: dialCodeSchema },
    403: { description: 'The code is for the app alone: `OTHER_PHONE_NOT_CHOSEN`.' },
    409: { description: 'Not disclosed, expired, or used already: `DIAL_CODE_NOT_AVAILABLE`.' },
    ...unknown,
  },
});

const cancelOperation = operation({
  method: 'delete',
  path: '/v1/call-requests/{id}',
  tag,
  summary: 'Cancels a call request; code and attributes are erased.',
  security,
  answers: {
    204: { description: 'Cancelled, or over already.' },
    409: { description: 'The call has begun: `CALL_HAS_BEGUN`.' },
    ...unknown,
  },
});

/** What operators may find in the log. */
export const requestLogCodes = {
  CALL_CODE_GUESSING:
    'Alarm: many wrong codes are being keyed, from one calling number or at one organisation. From the limit on, these callers are not verified any more.',
  CALL_CODE_CONTESTED:
    'Alarm: two callers keyed the same code at a time. The first call is marked in the console; one of the two did not disclose.',
  IRMA_UNREACHABLE: 'The Yivi server does not answer; nobody can begin a verified call.',
  IRMA_REJECTED: 'The Yivi server refuses a purpose’s disclosure: its attributes, or this gateway’s key.',
  IRMA_SESSION_UNKNOWN: 'The Yivi server has lost a session, as after its restart; the citizen has to begin again.',
  IRMA_RESULT_UNTRUSTED: 'Somebody posted a result that the Yivi server has not signed.',
};

export const requestOperations = [
  purposeOperation,
  logoOperation,
  createOperation,
  eventsOperation,
  pairingOperation,
  dialCodeOperation,
  cancelOperation,
];

/** An SVG that is opened by itself is a document, which may bring its own styles and nothing else. */
const logoPolicy = contentSecurityPolicy({ 'style-src': ["'unsafe-inline'"], sandbox: [] });

export interface RequestRouteOptions {
  organisations: Organisations;
  store: RequestStore;
  sealer: Sealer;
  disclosures: Disclosures;
  statuses: Statuses;
  streams: EventStreams;
  publicUrl: string;
  perMinute: number;
  now: () => number;
}

/** The citizen API, and the address at which the IRMA server posts results. */
export function mountRequests(http: Express, options: RequestRouteOptions): void {
  const { organisations, store, sealer, disclosures, statuses, streams, publicUrl, now } = options;
  const own = new URL(publicUrl).origin;
  const allowed = widgetCors([own, ...organisations.all.flatMap(({ widgetOrigins }) => widgetOrigins)]);
  http.use(['/v1/call-requests', '/v1/organisations'], allowed);

  mount(http, purposeOperation, [], ({ param }, response) => {
    const { organisation, purpose } = findPurpose(param('organisation'), param('purpose'));
    const hours = organisation.queues.find(({ id }) => id === purpose.queue)?.openingHours;
    const at = now();
    const open = isOpen(hours, at);
    const opens = open ? null : opensAt(hours, at);
    response.json({
      organisation: organisationView(organisation),
      purpose: { id: purpose.id, title: purpose.title },
      number: purpose.number,
      otherPhone: purpose.otherPhone,
      open,
      ...(opens === null ? {} : { opensAt: new Date(opens).toISOString() }),
    });
  });

  mount(http, logoOperation, [logoPolicy], ({ param }, response) => {
    const logo = organisations.logo(param('organisation'));
    if (!logo) throw new AppError(404, 'LOGO_UNKNOWN', 'There is no logo of such an organisation.');
    response.type(logo.type).setHeader('Cache-Control', 'max-age=3600').send(logo.bytes);
  });

  mount(http, createOperation, [limitPerAddress(options.perMinute)], async ({ body, request }, response) => {
    const { organisation, purpose } = findPurpose(body.organisation, body.purpose);
    checkOrigin(request.headers.origin, organisation);
    if (body.otherPhone && !purpose.otherPhone) {
      throw new AppError(
        403,
        'OTHER_PHONE_NOT_ALLOWED',
        'About this, one can only call with the phone that has the app.',
      );
    }
    const { language, otherPhone } = body;
    response.status(201).json(await disclosures.start({ organisation, purpose, language, otherPhone }));
  });

  mount(http, eventsOperation, [withRequest], async (_input, response) => {
    const request = response.locals.callRequest as CallRequest;
    if (statuses.isCrowded(request.id)) {
      throw new AppError(429, 'TOO_MANY_STREAMS', 'This call request is followed too often already.');
    }
    await statuses.follow(request, () => store.find(request.id), streams.open(response));
  });

  mount(http, pairingOperation, [withRequest], async ({ body }, response) => {
    await disclosures.pair(response.locals.callRequest as CallRequest, body.code);
    response.status(204).end();
  });

  mount(http, dialCodeOperation, [withRequest], (_input, response) => {
    const request = response.locals.callRequest as CallRequest;
    // Whoever opened the request need not be the one who disclosed: without pairing the code goes to the app alone.
    if (request.binding !== 'pairing-code') {
      throw new AppError(403, 'OTHER_PHONE_NOT_CHOSEN', 'The code of this request is for the app alone.');
    }
    const { organisation, purpose } = findPurpose(request.organisation_id, request.purpose_id);
    const { state, code_sealed: sealed, code_expires_at: expires } = request;
    if (state !== 'disclosed' || sealed === null || expires === null || expires <= now()) {
      throw new AppError(409, 'DIAL_CODE_NOT_AVAILABLE', 'There is no code that could be keyed now.');
    }
    const code = sealer.open(sealed, sealedFor.code(request.id));
    response.json({
      number: purpose.number,
      code,
      telUrl: telUrl({ number: purpose.number, pauses: organisation.dialPauses, code }),
      codeExpiresAt: new Date(expires).toISOString(),
    });
  });

  mount(http, cancelOperation, [withRequest], async (_input, response) => {
    const request = response.locals.callRequest as CallRequest;
    if (!(await disclosures.cancel(request))) {
      const current = await store.find(request.id);
      if (current && ['calling', 'queued', 'connected'].includes(current.state)) {
        throw new AppError(409, 'CALL_HAS_BEGUN', 'The call has begun: hang up the phone to end it.');
      }
    }
    response.status(204).end();
  });

  const jwtBody = express.text({ type: () => true, limit: '256kb' });
  http.post('/internal/irma/results/:id', jwtBody, async (request, response) => {
    await disclosures.accept(String(request.params.id), typeof request.body === 'string' ? request.body.trim() : '');
    response.status(204).end();
  });

  async function withRequest(...[request, response, next]: Parameters<RequestHandler>): Promise<void> {
    const [, token] = /^Bearer ([\w-]+)$/i.exec(request.headers.authorization ?? '') ?? [];
    if (!token) throw new AppError(401, 'TOKEN_MISSING', 'Send the call request’s token: Authorization: Bearer …');
    const found = await store.find(String(request.params.id));
    if (!found || !sameText(found.token_digest, digestOf(token))) {
      throw new AppError(404, 'CALL_REQUEST_UNKNOWN', 'There is no such call request.');
    }
    response.locals.callRequest = found;
    next();
  }

  function findPurpose(organisationId: string, purposeId: string): { organisation: Organisation; purpose: Purpose } {
    const found = organisations.purpose(organisationId, purposeId);
    if (!found) throw new AppError(404, 'PURPOSE_UNKNOWN', 'There is no such organisation, or it has no such purpose.');
    return found;
  }

  /** The preflight knows no organisation; here it is known whether the page is one of this organisation's. */
  function checkOrigin(origin: string | undefined, organisation: Organisation): void {
    if (origin === undefined || origin === own || organisation.widgetOrigins.includes(origin)) return;
    throw new AppError(403, 'ORIGIN_NOT_ALLOWED', 'This page may not start calls to this organisation.');
  }
}

function organisationView({ id, name, appearance }: Organisation): PurposeView['organisation'] {
  return {
    id,
    name,
    ...(appearance?.colour === undefined ? {} : { colour: appearance.colour }),
    ...(appearance?.logo === undefined ? {} : { logo: `/v1/organisations/${id}/logo` }),
  };
}
