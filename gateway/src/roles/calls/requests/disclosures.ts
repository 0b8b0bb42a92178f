import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { CallRequestCreated, CallRequestState, Language } from '@civicline/protocol';
import { v7 as uuid } from 'uuid';
import { AppError, Counter, type Logger, type Metrics } from '../../../platform/http/index.ts';
import type { Sealer } from '../../../platform/storage/index.ts';
import {
  acceptedAttributes,
  type IrmaClient,
  IrmaError,
  type SessionFrontend,
  type SessionResult,
  telUrl,
} from '../../directory/irma/index.ts';
import type { Organisation, Purpose } from '../../directory/organisations/index.ts';
import { randomCode } from './code.ts';
import { type CallRequest, type RequestStore, sealedFor } from './store.ts';

/** How long a citizen may do nothing in the Yivi app before the session ends. */
export const DISCLOSURE_SECONDS = 300;

/** Four digits, tried so often, are guessed once in two thousand times. */
const PAIRING_TRIES = 5;

export interface DisclosureWish {
  organisation: Organisation;
  purpose: Purpose;
  language: Language;
  otherPhone: boolean;
}

export interface DisclosureOptions {
  store: RequestStore;
  sealer: Sealer;
  irma: IrmaClient;
  /** Under which the IRMA server reaches this gateway. */
  callbackUrl: string;
  /** How long a code is good after the disclosure. */
  codeMs: number;
  onChange: (request: CallRequest) => void;
  log: Logger;
  metrics: Metrics;
  now: () => number;
}

/** The part of a call request in which the citizen discloses. */
export interface Disclosures {
  /** With `otherPhone` the code is for the page and not for the app. Throws AppError `IRMA_UNREACHABLE` or `IRMA_REJECTED`. */
  start(wish: DisclosureWish): Promise<CallRequestCreated>;
  /**
   * Confirms the digits that the app shows. Throws AppError `PAIRING_CODE_WRONG`, or `PAIRING_NOT_AVAILABLE` when there
   * is nothing to pair (any more) or they were tried too often.
   */
  pair(request: CallRequest, code: string): Promise<void>;
  /** A result that the IRMA server posted, as a JWT. Repeats do no harm; one that is not ours throws an AppError. */
  accept(requestId: string, jwt: string): Promise<void>;
  /** Asks the IRMA server how an open disclosure stands. Throws IrmaError `IRMA_UNREACHABLE`. */
  reconcile(request: CallRequest): Promise<void>;
  /** false: it is too late to cancel. */
  cancel(request: CallRequest): Promise<boolean>;
}

export function createDisclosures(options: DisclosureOptions): Disclosures {
  const { store, sealer, irma, callbackUrl, codeMs, onChange, log, now } = options;
  const outcomes = new Counter({
    name: 'civicline_disclosures_total',
    help: 'Disclosures, by how they ended.',
    labelNames: ['outcome'],
    registers: [options.metrics],
  });

  async function start(wish: DisclosureWish): Promise<CallRequestCreated> {
    const { organisation, purpose, language, otherPhone } = wish;
    const id = uuid();
    const token = randomBytes(32).toString('base64url');
    // A code that another request has already is met once in thousands of times; then the session was for nothing.
    for (;;) {
      const code = randomCode();
      const session = await startSession(id, wish, code);
      const created = now();
      const added = await store.add({
        id,
        organisation_id: organisation.id,
        purpose_id: purpose.id,
        language,
        token_digest: digestOf(token),
        code_digest: sealer.digests(code, 'code')[0],
        code_sealed: sealer.seal(code, sealedFor.code(id)),
        irma_token_sealed: sealer.seal(session.requestorToken, sealedFor.irmaToken(id)),
        binding: otherPhone ? 'pairing-code' : 'app-dialled',
        pairing_sealed: session.pairing && sealer.seal(JSON.stringify(session.pairing), sealedFor.pairing(id)),
        created_at: created,
      });
      if (!added) {
        await irma.cancel(session.requestorToken).catch(() => undefined);
        continue;
      }
      const { sessionPtr, frontendRequest } = session;
      // A page that could speak for the app's holder could also say that the digits were typed over.
      return {
        id,
        token,
        sessionPtr,
        frontendRequest: otherPhone ? null : frontendRequest,
        expiresAt: new Date(created + DISCLOSURE_SECONDS * 1000).toISOString(),
      };
    }
  }

  async function startSession(id: string, { organisation, purpose, otherPhone }: DisclosureWish, code: string) {
    try {
      const session = await irma.startDisclosure({
        disclose: purpose.disclose,
        ...(otherPhone
          ? {}
          : { clientReturnUrl: telUrl({ number: purpose.number, pauses: organisation.dialPauses, code }) }),
        callbackUrl: `${callbackUrl}/internal/irma/results/${id}`,
        timeoutSeconds: DISCLOSURE_SECONDS,
      });
      if (!otherPhone) return { ...session, pairing: null };
      const { sessionPtr, frontendRequest } = session;
      const { pairingCode } = await irma.requirePairing({ sessionPtr, frontendRequest });
      return { ...session, pairing: { sessionPtr, frontendRequest, pairingCode } satisfies Pairing };
    } catch (error) {
      if (!(error instanceof IrmaError)) throw error;
      log.error({ code: error.code, purposeId: purpose.id }, 'a disclosure could not be started');
      const title =
        error.code === 'IRMA_UNREACHABLE'
          ? 'The Yivi server does not answer. Try again in a moment, or call without it.'
          : 'The Yivi server refuses this disclosure.';
      throw new AppError(error.code === 'IRMA_UNREACHABLE' ? 503 : 502, error.code, title);
    }
  }

  async function accept(requestId: string, jwt: string): Promise<void> {
    let result: SessionResult;
    try {
      result = await irma.verifyResultJwt(jwt);
    } catch (error) {
      if (!(error instanceof IrmaError)) throw error;
      log.warn({ code: error.code, callRequestId: requestId }, 'a posted result was refused');
      if (error.code === 'IRMA_UNREACHABLE') throw new AppError(503, error.code, 'The result cannot be verified now.');
      throw new AppError(403, 'RESULT_UNTRUSTED', 'The result is not signed by the IRMA server.');
    }
    const request = await store.find(requestId);
    if (!request) throw new AppError(404, 'CALL_REQUEST_UNKNOWN', 'There is no such call request.');
    // Of a request that has gone on the token is erased: a repeated result is of no use any more.
    if (request.state !== 'awaiting-disclosure') return;
    if (!sameText(result.token, irmaTokenOf(request))) {
      log.warn({ callRequestId: requestId }, 'a posted result belongs to another session');
      throw new AppError(403, 'RESULT_UNTRUSTED', 'The result belongs to another session.');
    }
    await settle(request, result);
  }

  async function reconcile(request: CallRequest): Promise<void> {
    if (request.state !== 'awaiting-disclosure') return;
    const token = irmaTokenOf(request);
    try {
      const status = await irma.sessionStatus(token);
      if (status === 'DONE') await settle(request, await irma.sessionResult(token));
      if (status === 'CANCELLED') await finish(request, 'cancelled');
      if (status === 'TIMEOUT') await finish(request, 'expired');
    } catch (error) {
      if (!(error instanceof IrmaError) || error.code === 'IRMA_UNREACHABLE') throw error;
      if (error.code === 'IRMA_REJECTED') {
        // By a proxy, perhaps, and for a moment: it is asked again, and the callback counts.
        log.warn({ code: error.code, callRequestId: request.id }, 'the state of a session was not told');
        return;
      }
      log.warn({ code: error.code, callRequestId: request.id }, 'a session is not there any more');
      await finish(request, 'failed');
    }
  }

  async function settle(request: CallRequest, result: SessionResult): Promise<void> {
    const acceptance = acceptedAttributes(result, request.language);
    if (acceptance.accepted) {
      const disclosed = now();
      return finish(request, 'disclosed', {
        attributes_sealed: sealer.seal(JSON.stringify(acceptance.attributes), sealedFor.attributes(request.id)),
        disclosed_at: disclosed,
        code_expires_at: disclosed + codeMs,
      });
    }
    const { reason } = acceptance;
    if (reason === 'not-finished') return;
    if (reason === 'cancelled') return finish(request, 'cancelled');
    if (reason === 'timed-out') return finish(request, 'expired');
    log.warn({ callRequestId: request.id, reason }, 'a disclosure proves nothing');
    return finish(request, 'failed');
  }

  async function finish(
    request: CallRequest,
    to: CallRequestState,
    set: Parameters<RequestStore['advance']>[3] = {},
  ): Promise<void> {
    const changed = await store.advance(request.id, to, now(), set);
    if (!changed) return;
    outcomes.inc({ outcome: to });
    onChange(changed);
  }

  async function cancel(request: CallRequest): Promise<boolean> {
    const irmaToken = request.irma_token_sealed === null ? null : irmaTokenOf(request);
    const changed = await store.advance(request.id, 'cancelled', now());
    if (!changed) return false;
    outcomes.inc({ outcome: 'cancelled' });
    onChange(changed);
    // The session ends by itself as well; nobody waits for this.
    if (irmaToken !== null) irma.cancel(irmaToken).catch(() => undefined);
    return true;
  }

  async function pair(request: CallRequest, code: string): Promise<void> {
    const tried = await store.tryPairing(request.id, PAIRING_TRIES);
    if (!tried?.pairing_sealed) {
      throw new AppError(409, 'PAIRING_NOT_AVAILABLE', 'The digits cannot be confirmed any more: begin again.');
    }
    const pairing = JSON.parse(sealer.open(tried.pairing_sealed, sealedFor.pairing(request.id))) as Pairing;
    if (!sameText(code, pairing.pairingCode)) {
      throw new AppError(409, 'PAIRING_CODE_WRONG', 'These are not the digits that the app shows.');
    }
    try {
      await irma.completePairing(pairing);
    } catch (error) {
      if (!(error instanceof IrmaError)) throw error;
      if (error.code === 'IRMA_UNREACHABLE') throw new AppError(503, error.code, 'The Yivi server does not answer.');
      throw new AppError(409, 'PAIRING_NOT_AVAILABLE', 'The digits cannot be confirmed any more: begin again.');
    }
  }

  function irmaTokenOf(request: CallRequest): string {
    return request.irma_token_sealed === null
      ? ''
      : sealer.open(request.irma_token_sealed, sealedFor.irmaToken(request.id));
  }

  return { start, pair, accept, reconcile, cancel };
}

/** What pairs a session with the page: kept by the gateway alone. */
type Pairing = SessionFrontend & { pairingCode: string };

/** How the citizen's token is stored. */
export function digestOf(token: string): string {
  return createHash('sha256').update(token).digest('base64url');
}

/** Compares without telling by its duration how much is alike. */
export function sameText(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
