/**
 * Against guessing codes, each good for one organisation only. With n live codes there a blind guess hits with n / 10⁸;
 * at 1,000 live codes, the organisation's limit leaves a guesser one hit in about 17 hours of alarms. Whoever runs into
 * a limit is still served, as not verified.
 */
import type { Kysely } from 'kysely';
import { v7 as uuid } from 'uuid';
import { createStatement } from '../../../platform/storage/index.ts';
import type { RequestTables } from './store.ts';

export interface GuessLimits {
  /** Failed tries in one call after which it is not asked again. */
  perCall: number;
  /** Wrong codes from one calling number within `numberWindowMs`. */
  perNumber: number;
  numberWindowMs: number;
  /** Wrong codes at one organisation within `organisationWindowMs`: `alarm` is reported, from the other on none is taken. */
  alarm: number;
  perOrganisation: number;
  organisationWindowMs: number;
}

export const GUESS_LIMITS: GuessLimits = {
  perCall: 3,
  perNumber: 20,
  numberWindowMs: 60 * 60_000,
  alarm: 100,
  perOrganisation: 1_000,
  organisationWindowMs: 10 * 60_000,
};

export interface Tries {
  ofCall: number;
  ofNumber: number;
  ofOrganisation: number;
}

type Sql = Kysely<RequestTables>;

/** The failed tries that count now. `numberDigests`: empty when the number is withheld. */
export async function countTries(
  sql: Sql,
  limits: GuessLimits,
  from: { organisationId: string; callId: string; numberDigests: string[]; now: number },
): Promise<Tries> {
  const { organisationId, callId, numberDigests, now } = from;
  const {
    rows: [counted],
  } = await counting(sql, {
    organisationId,
    callId,
    numberDigests,
    ofNumberSince: now - limits.numberWindowMs,
    ofOrganisationSince: now - limits.organisationWindowMs,
  });
  return {
    ofCall: counted?.ofCall ?? 0,
    ofNumber: counted?.ofNumber ?? 0,
    ofOrganisation: counted?.ofOrganisation ?? 0,
  };
}

interface Counting {
  organisationId: string;
  callId: string;
  numberDigests: string[];
  ofNumberSince: number;
  ofOrganisationSince: number;
}

const counting = createStatement((sql: Sql, from: Counting) => {
  const tries = sql.selectFrom('code_tries').select((expression) => expression.fn.countAll<number>().as('count'));
  const wrongSince = (since: number) => tries.where('kind', '=', 'wrong').where('at', '>', since);
  return sql.selectNoFrom((expression) => [
    tries.where('call_id', '=', from.callId).as('ofCall'),
    from.numberDigests.length === 0
      ? expression.val(0).as('ofNumber')
      : wrongSince(from.ofNumberSince).where('number_digest', 'in', from.numberDigests).as('ofNumber'),
    wrongSince(from.ofOrganisationSince).where('organisation_id', '=', from.organisationId).as('ofOrganisation'),
  ]);
});

/** Counts one more failed try. */
export async function addTry(
  sql: Sql,
  failed: {
    organisationId: string;
    callId: string;
    numberDigest: string | null;
    kind: 'wrong' | 'incomplete';
    at: number;
  },
): Promise<void> {
  const { organisationId, callId, numberDigest, kind, at } = failed;
  await sql
    .insertInto('code_tries')
    .values({ id: uuid(), organisation_id: organisationId, call_id: callId, number_digest: numberDigest, kind, at })
    .execute();
}

/** The limit that these tries have reached, if any. */
export function limitReached(tries: Tries, limits: GuessLimits): 'call' | 'calling-number' | 'organisation' | null {
  if (tries.ofCall >= limits.perCall) return 'call';
  if (tries.ofNumber >= limits.perNumber) return 'calling-number';
  if (tries.ofOrganisation >= limits.perOrganisation) return 'organisation';
  return null;
}
