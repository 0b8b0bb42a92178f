/**
 * Against guessing codes. With n live codes a blind guess hits with n / 10⁸; at 1,000 live codes, the overall limit
 * leaves a guesser one hit in about 17 hours of alarms. Whoever runs into a limit is still served, as not verified.
 */
import type { Kysely } from 'kysely';
import { v7 as uuid } from 'uuid';
import type { RequestTables } from './store.ts';

export interface GuessLimits {
  /** Failed tries in one call after which it is not asked again. */
  perCall: number;
  /** Wrong codes from one calling number within `numberWindowMs`. */
  perNumber: number;
  numberWindowMs: number;
  /** Wrong codes in all within `overallWindowMs`: `alarm` is reported, at `overall` no code is taken. */
  alarm: number;
  overall: number;
  overallWindowMs: number;
}

export const GUESS_LIMITS: GuessLimits = {
  perCall: 3,
  perNumber: 20,
  numberWindowMs: 60 * 60_000,
  alarm: 100,
  overall: 1_000,
  overallWindowMs: 10 * 60_000,
};

export interface Tries {
  ofCall: number;
  ofNumber: number;
  overall: number;
}

type Sql = Kysely<RequestTables>;

/** The failed tries that count now. `numberDigests`: empty when the number is withheld. */
export async function countTries(
  sql: Sql,
  limits: GuessLimits,
  from: { callId: string; numberDigests: string[]; now: number },
): Promise<Tries> {
  const tries = sql.selectFrom('code_tries').select((expression) => expression.fn.countAll<number>().as('count'));
  const wrongSince = (windowMs: number) => tries.where('kind', '=', 'wrong').where('at', '>', from.now - windowMs);
  const counted = await sql
    .selectNoFrom((expression) => [
      tries.where('call_id', '=', from.callId).as('ofCall'),
      from.numberDigests.length === 0
        ? expression.val(0).as('ofNumber')
        : wrongSince(limits.numberWindowMs).where('number_digest', 'in', from.numberDigests).as('ofNumber'),
      wrongSince(limits.overallWindowMs).as('overall'),
    ])
    .executeTakeFirstOrThrow();
  return { ofCall: counted.ofCall ?? 0, ofNumber: counted.ofNumber ?? 0, overall: counted.overall ?? 0 };
}

/** Counts one more failed try. */
export async function addTry(
  sql: Sql,
  failed: { callId: string; numberDigest: string | null; kind: 'wrong' | 'incomplete'; at: number },
): Promise<void> {
  const { callId, numberDigest, kind, at } = failed;
  await sql
    .insertInto('code_tries')
    .values({ id: uuid(), call_id: callId, number_digest: numberDigest, kind, at })
    .execute();
}

/** The limit that these tries have reached, if any. */
export function limitReached(tries: Tries, limits: GuessLimits): 'call' | 'calling-number' | 'overall' | null {
  if (tries.ofCall >= limits.perCall) return 'call';
  if (tries.ofNumber >= limits.perNumber) return 'calling-number';
  if (tries.overall >= limits.overall) return 'overall';
  return null;
}
