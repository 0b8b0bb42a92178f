import type { NotVerifiedReason } from '@civicline/protocol';
import type { Kysely } from 'kysely';
import type { Logger, Metrics } from '../../../platform/http/index.ts';
import { Counter } from '../../../platform/http/index.ts';
import { createStatement, type Sealer } from '../../../platform/storage/index.ts';
import type { DisclosedAttribute, Redemption, RedemptionInput } from '../identification.ts';
import { readKeyed } from './code.ts';
import { addTry, countTries, type GuessLimits, limitReached, type Tries } from './guesses.ts';
import { advance, type CallRequest, type RequestStore, type RequestTables, sealedFor } from './store.ts';

export interface RedemptionOptions {
  store: RequestStore;
  sealer: Sealer;
  limits: GuessLimits;
  /** Asks the IRMA server once more about a request whose disclosure is open. */
  reconcile: (request: CallRequest) => Promise<void>;
  /** Hears of the request that a redemption moved on. */
  onChange: (request: CallRequest) => void;
  log: Logger;
  metrics: Metrics;
  now: () => number;
}

type Attempt =
  | { kind: 'redeemed'; request: CallRequest; repeated: boolean }
  | { kind: 'unfinished'; request: CallRequest }
  | { kind: 'rejected'; reason: NotVerifiedReason; mayRetry: boolean; tries: Tries; usedBy?: string };

/** Exchanges what a caller keyed for the attributes: see {@link Identification.redeem}. */
export function createRedemption(options: RedemptionOptions): (input: RedemptionInput) => Promise<Redemption> {
  const { store, sealer, limits, reconcile, onChange, now } = options;
  const alarm = createAlarm(options);

  /** One attempt in one transaction. Unless `settle`, an unfinished disclosure is not held against the caller yet. */
  const attempt = (input: RedemptionInput, code: string | null, settle: boolean): Promise<Attempt> =>
    store.write(async (sql) => {
      const at = now();
      const numberDigests = input.countedNumber === null ? [] : sealer.digests(input.countedNumber, 'calling number');
      const codeDigests = code === null ? [] : sealer.digests(code, 'code');
      const tries = await countTries(sql, limits, {
        organisationId: input.organisationId,
        callId: input.callId,
        numberDigests,
        now: at,
      });
      const limited = limitReached(tries, limits) !== null;
      if (!limited && code !== null) {
        const { callId, organisationId } = input;
        const {
          rows: [redeemed],
        } = await redeeming(sql, { codeDigests, organisationId, callId, at });
        if (redeemed) return { kind: 'redeemed', request: redeemed, repeated: false };
      }

      const found = code === null ? undefined : await findByCode(sql, codeDigests, input.organisationId);
      if (found?.redeemed_by === input.callId && found.attributes_sealed !== null) {
        return { kind: 'redeemed', request: found, repeated: true };
      }
      if (limited) return { kind: 'rejected', reason: 'too-many-tries', mayRetry: false, tries };
      if (!settle && found?.state === 'awaiting-disclosure') return { kind: 'unfinished', request: found };
      await addTry(sql, {
        organisationId: input.organisationId,
        callId: input.callId,
        numberDigest: numberDigests[0] ?? null,
        kind: code === null ? 'incomplete' : 'wrong',
        at,
      });
      const counted = {
        ofCall: tries.ofCall + 1,
        ofNumber: tries.ofNumber + 1,
        ofOrganisation: tries.ofOrganisation + (code === null ? 0 : 1),
      };
      const reason = code === null ? 'code-incomplete' : reasonOf(found);
      const mayRetry = limitReached(counted, limits) === null;
      const usedBy = found?.redeemed_by ?? null;
      return { kind: 'rejected', reason, mayRetry, tries: counted, ...(usedBy === null ? {} : { usedBy }) };
    });

  return async (input) => {
    const keyed = readKeyed(input.code);
    if (keyed.kind === 'none') return { outcome: 'rejected', reason: 'no-code', mayRetry: false };
    const code = keyed.kind === 'code' ? keyed.code : null;
    let attempted = await attempt(input, code, false);
    if (attempted.kind === 'unfinished') {
      // The phone can be faster than the callback of the IRMA server.
      await reconcile(attempted.request);
      attempted = await attempt(input, code, true);
    }
    if (attempted.kind === 'unfinished') throw new Error('An attempt that settles cannot stay unfinished.');
    if (attempted.kind === 'rejected') {
      alarm(input.organisationId, attempted.tries);
      const { reason, mayRetry, usedBy } = attempted;
      return { outcome: 'rejected', reason, mayRetry, ...(usedBy === undefined ? {} : { usedBy }) };
    }
    if (!attempted.repeated) onChange(attempted.request);
    return verified(attempted.request, input.callingNumber, sealer);
  };
}

const redeeming = createStatement(
  (
    sql: Kysely<RequestTables>,
    {
      codeDigests,
      organisationId,
      callId,
      at,
    }: { codeDigests: string[]; organisationId: string; callId: string; at: number },
  ) =>
    advance(sql, 'calling', at, { redeemed_by: callId, redeemed_at: at })
      .where('code_digest', 'in', codeDigests)
      .where('organisation_id', '=', organisationId)
      .where('redeemed_by', 'is', null)
      .where('code_expires_at', '>', at),
);

function findByCode(sql: Parameters<typeof advance>[0], codeDigests: string[], organisationId: string) {
  return sql
    .selectFrom('call_requests')
    .selectAll()
    .where('code_digest', 'in', codeDigests)
    .where('organisation_id', '=', organisationId)
    .executeTakeFirst();
}

function verified(request: CallRequest, callingNumber: string | null, sealer: Sealer): Redemption {
  const sealed = request.attributes_sealed;
  if (sealed === null || request.disclosed_at === null) throw new Error('A redeemed request has lost its attributes.');
  const attributes = JSON.parse(sealer.open(sealed, sealedFor.attributes(request.id))) as DisclosedAttribute[];
  return {
    outcome: 'verified',
    requestId: request.id,
    purposeId: request.purpose_id,
    language: request.language,
    disclosedAt: request.disclosed_at,
    binding: request.binding,
    numberAgrees: numberAgrees(attributes, callingNumber),
    attributes,
  };
}

/** A hint only: a calling number can be forged. */
function numberAgrees(attributes: DisclosedAttribute[], callingNumber: string | null): boolean | null {
  const disclosed = attributes.filter(({ id }) => id.endsWith('.mobilenumber'));
  if (callingNumber === null || disclosed.length === 0) return null;
  return disclosed.some(({ value }) => normalised(value) === callingNumber);
}

/** As issued, `+31612345678` or `0031 6 1234 5678`, in E.164. */
function normalised(number: string): string {
  return number.replaceAll(/[^+\d]/g, '').replace(/^00/, '+');
}

function reasonOf(found: CallRequest | undefined): NotVerifiedReason {
  if (!found) return 'code-unknown';
  if (found.redeemed_by !== null) return 'code-used';
  if (found.state === 'awaiting-disclosure') return 'disclosure-not-finished';
  if (found.state === 'cancelled' && found.disclosed_at !== null) return 'request-cancelled';
  // `disclosed` too: its time has passed, only the sweep has not come by yet.
  if (found.state === 'expired' || found.state === 'disclosed') return 'code-expired';
  return 'disclosure-not-finished';
}

const ALARMED_LIMITS = ['organisation', 'calling-number'] as const;

/** Reports guessing: once when the alarm's limit is reached, again only after a quiet window. */
function createAlarm({ limits, log, metrics, now }: RedemptionOptions): (organisationId: string, tries: Tries) => void {
  const alarms = new Counter({
    name: 'civicline_code_guessing_alarms_total',
    help: 'How often failed codes reached a limit.',
    labelNames: ['limit'],
    registers: [metrics],
  });
  // From 0, or Prometheus would not see the first one as growth.
  for (const limit of ALARMED_LIMITS) alarms.inc({ limit }, 0);
  /** By limit and organisation. */
  const silentUntil = new Map<string, number>();
  const raise = (limit: (typeof ALARMED_LIMITS)[number], organisationId: string) => {
    const subject = `${limit} ${organisationId}`;
    if (now() < (silentUntil.get(subject) ?? 0)) return;
    silentUntil.set(subject, now() + limits.organisationWindowMs);
    alarms.inc({ limit });
    log.error({ code: 'CALL_CODE_GUESSING', limit, organisationId }, 'many wrong codes are being keyed');
  };
  return (organisationId, tries) => {
    if (tries.ofOrganisation >= limits.alarm) raise('organisation', organisationId);
    if (tries.ofNumber >= limits.perNumber) raise('calling-number', organisationId);
  };
}
