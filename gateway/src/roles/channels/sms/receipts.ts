/**
 * Which attempt a receipt speaks about. It may come before the submit's answer is stored (then it is kept, and matched
 * with the answer), in another notation than the answer's, twice, late, or for nothing that we sent.
 */
import { carrierIdNotations } from '@civicline/sms';
import type { Kysely } from 'kysely';
import { deleteMany, insertMany, selectMany } from '../../../platform/storage/index.ts';
import type { AttemptEvent } from './machine.ts';
import { type AttemptRow, carrierKey, type EarlyReceiptRow, partsOf, type SegmentRow, type Tables } from './tables.ts';

export interface FinalReceipt {
  route: string;
  carrierId: string;
  state: 'delivered' | 'failed';
  reason: string | null;
  /** UTC milliseconds. */
  at: number;
}

const CLOCKS_MS = 100;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

interface Matched {
  attemptId: string;
  event: AttemptEvent;
}

/** From now on their receipts are known. A carrier that gives an id again means the newer SMS. */
export async function expectReceipts(sql: Kysely<Tables>, segments: readonly SegmentRow[]): Promise<void> {
  const newest = [...new Map(segments.map((segment) => [segment.carrier, segment])).values()];
  await deleteMany(
    sql,
    'sms_segments',
    'carrier',
    newest.map(({ carrier }) => carrier),
  );
  await insertMany(sql, 'sms_segments', newest);
}

/**
 * Takes each receipt's segment away, so that a repeated receipt finds nothing; keeps those that match none. `fresh`:
 * segments that have become known in this very write. All others had left before the receipt came, whatever the clock
 * has said since.
 */
export async function matchReceipts(
  sql: Kysely<Tables>,
  receipts: readonly FinalReceipt[],
  fresh: readonly SegmentRow[],
): Promise<{ matched: Matched[]; unmatched: number }> {
  const isFresh = new Set(fresh.map(({ carrier }) => carrier));
  const { matched, unmatched } = await match(
    sql,
    receipts.map(rowOf),
    (receipt, segment) => !isFresh.has(segment.carrier) || mayBelong(receipt, segment),
  );
  const orphans = await matchOrphans(sql, unmatched);
  await insertMany(sql, 'sms_early_receipts', distinct(orphans.unmatched), { ignoreConflicts: true });
  return { matched: [...matched, ...orphans.matched], unmatched: orphans.unmatched.length };
}

/** Routes that go by our own ids tell what became of an SMS whose answer nobody has heard. */
async function matchOrphans(
  sql: Kysely<Tables>,
  receipts: readonly EarlyReceiptRow[],
): Promise<{ matched: Matched[]; unmatched: EarlyReceiptRow[] }> {
  const own = receipts.map(attemptIdOf).filter((id) => id !== null);
  const rows = await selectMany<AttemptRow>(sql, 'sms_attempts', 'id', own);
  const orphans = new Set(rows.filter(({ state, route }) => state === 'unknown' && route === null).map(({ id }) => id));
  const matched: Matched[] = [];
  const unmatched: EarlyReceiptRow[] = [];
  for (const receipt of receipts) {
    const attemptId = attemptIdOf(receipt);
    if (attemptId !== null && orphans.has(attemptId)) matched.push({ attemptId, event: eventOf(receipt) });
    else unmatched.push(receipt);
  }
  return { matched, unmatched };
}

/** null: it names no attempt of ours. */
export function attemptIdOf({ carrier }: EarlyReceiptRow): string | null {
  const { carrierId } = partsOf(carrier);
  return UUID.test(carrierId) ? carrierId : null;
}

/** The kept receipts of these segments, whose ids have just become known. */
export async function matchEarly(sql: Kysely<Tables>, segments: readonly SegmentRow[]): Promise<Matched[]> {
  const keys = segments.flatMap(({ carrier }) => notationsOf(carrier));
  const early = await selectMany<EarlyReceiptRow>(sql, 'sms_early_receipts', 'carrier', keys);
  const { matched, unmatched } = await match(sql, early, mayBelong);
  const left = new Set(unmatched);
  const gone = early.filter((receipt) => !left.has(receipt)).map(({ carrier }) => carrier);
  await deleteMany(sql, 'sms_early_receipts', 'carrier', gone);
  return matched;
}

type Belongs = (receipt: EarlyReceiptRow, segment: SegmentRow) => boolean;

async function match(
  sql: Kysely<Tables>,
  receipts: readonly EarlyReceiptRow[],
  belongs: Belongs,
): Promise<{ matched: Matched[]; unmatched: EarlyReceiptRow[] }> {
  const exact = await take(sql, receipts, belongs, (carrier) => [carrier]);
  if (exact.unmatched.length === 0) return exact;
  const other = await take(sql, exact.unmatched, belongs, notationsOf);
  return { matched: [...exact.matched, ...other.matched], unmatched: other.unmatched };
}

async function take(
  sql: Kysely<Tables>,
  receipts: readonly EarlyReceiptRow[],
  belongs: Belongs,
  keysOf: (carrier: string) => readonly string[],
): Promise<{ matched: Matched[]; unmatched: EarlyReceiptRow[] }> {
  const keys = receipts.flatMap(({ carrier }) => keysOf(carrier));
  const rows = await selectMany<SegmentRow>(sql, 'sms_segments', 'carrier', keys);
  const segments = new Map(rows.map((row) => [row.carrier, row]));
  const matched: Matched[] = [];
  const unmatched: EarlyReceiptRow[] = [];
  const taken: string[] = [];
  for (const receipt of receipts) {
    const segment = keysOf(receipt.carrier)
      .map((key) => segments.get(key))
      .find((candidate) => candidate !== undefined && belongs(receipt, candidate));
    if (!segment) {
      unmatched.push(receipt);
      continue;
    }
    segments.delete(segment.carrier);
    taken.push(segment.carrier);
    matched.push({ attemptId: segment.attempt_id, event: eventOf(receipt) });
  }
  await deleteMany(sql, 'sms_segments', 'carrier', taken);
  return { matched, unmatched };
}

/** Not so the repeated receipt of an older SMS whose id looks alike. Clocks of two processes may differ a little. */
function mayBelong({ received_at }: EarlyReceiptRow, { left_at }: SegmentRow): boolean {
  return received_at >= left_at - CLOCKS_MS;
}

/** The same id in every notation that carriers use, and of the same route. */
function notationsOf(carrier: string): string[] {
  const { route, carrierId } = partsOf(carrier);
  return carrierIdNotations(carrierId).map((notation) => carrierKey(route, notation));
}

function rowOf({ route, carrierId, state, reason, at }: FinalReceipt): EarlyReceiptRow {
  return { carrier: carrierKey(route, carrierId), state, reason, received_at: at };
}

function distinct(receipts: readonly EarlyReceiptRow[]): EarlyReceiptRow[] {
  return [...new Map(receipts.map((receipt) => [receipt.carrier, receipt])).values()];
}

function eventOf({ state, reason, received_at }: EarlyReceiptRow): AttemptEvent {
  return state === 'delivered'
    ? { type: 'segment-delivered', at: received_at }
    : { type: 'segment-failed', at: received_at, reason: reason ?? 'RECEIPT_UNKNOWN' };
}
