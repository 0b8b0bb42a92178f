/**
 * Which attempt a receipt speaks about. It may come before the submit's answer is stored (then it is kept, and matched
 * with the answer), in another notation than the answer's, twice, late, or for nothing that we sent.
 */
import type { Kysely } from 'kysely';
import { deleteMany, insertMany, selectMany } from '../../../platform/storage/index.ts';
import type { CarrierIds } from './carrier-ids.ts';
import type { AttemptEvent } from './machine.ts';
import type { AttemptRow, EarlyReceiptRow, SegmentRow, Tables } from './tables.ts';

/** See {@link CarrierIds}. */
interface Keys {
  keys: readonly [string, ...string[]];
  keysInOtherBase(): readonly string[];
}

export interface FinalReceipt extends Keys {
  /** The attempt that it names, where a route goes by our own ids. */
  attemptId: string | null;
  state: 'delivered' | 'failed';
  reason: string | null;
  /** UTC milliseconds. */
  at: number;
}

/** A segment whose id has just become known. */
export interface NewSegment extends Keys {
  attemptId: string;
  /** UTC milliseconds. */
  leftAt: number;
}

const CLOCKS_MS = 100;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

interface Matched {
  attemptId: string;
  event: AttemptEvent;
}

/** The carrier's id of a message as keys. */
export function keysOf(ids: CarrierIds, route: string, carrierId: string): Keys {
  return {
    keys: ids.keysOf(route, carrierId),
    keysInOtherBase: () => ids.keysInOtherBase(route, carrierId),
  };
}

/** null: the id is none of ours. */
export function attemptIdIn(carrierId: string): string | null {
  const id = carrierId.trim().toLowerCase();
  return UUID.test(id) ? id : null;
}

/** A receipt that was kept. */
export function keptReceipt({ carrier, attempt_id, state, reason, received_at }: EarlyReceiptRow): FinalReceipt {
  return { keys: [carrier], keysInOtherBase: () => [], attemptId: attempt_id, state, reason, at: received_at };
}

/** From now on their receipts are known. A carrier that gives an id again means the newer SMS. */
export async function expectReceipts(sql: Kysely<Tables>, segments: readonly NewSegment[]): Promise<void> {
  const newest = [...new Map(segments.map((segment) => [segment.keys[0], segment])).values()];
  await deleteMany(
    sql,
    'sms_segments',
    'carrier',
    newest.map(({ keys: [carrier] }) => carrier),
  );
  await insertMany(sql, 'sms_segments', newest.map(segmentRowOf));
}

/**
 * Takes each receipt's segment away, so that a repeated receipt finds nothing; keeps those that match none. `fresh`:
 * segments that have become known in this very write. All others had left before the receipt came, whatever the clock
 * has said since.
 */
export async function matchReceipts(
  sql: Kysely<Tables>,
  receipts: readonly FinalReceipt[],
  fresh: readonly NewSegment[],
): Promise<{ matched: Matched[]; unmatched: number }> {
  const isFresh = new Set(fresh.map(({ keys: [carrier] }) => carrier));
  const belongs: Belongs = ({ at }, { carrier, left_at }) => !isFresh.has(carrier) || mayBelong(at, left_at);
  const exact = await take(sql, receipts, belongs, ({ keys }) => keys);
  const other = await take(sql, exact.unmatched, belongs, (receipt) => receipt.keysInOtherBase());
  const orphans = await matchOrphans(sql, other.unmatched);
  await insertMany(sql, 'sms_early_receipts', distinct(orphans.unmatched.map(earlyRowOf)), { ignoreConflicts: true });
  return {
    matched: [...exact.matched, ...other.matched, ...orphans.matched],
    unmatched: orphans.unmatched.length,
  };
}

/** Routes that go by our own ids tell what became of an SMS whose answer nobody has heard. */
async function matchOrphans(
  sql: Kysely<Tables>,
  receipts: readonly FinalReceipt[],
): Promise<{ matched: Matched[]; unmatched: FinalReceipt[] }> {
  const own = receipts.map(({ attemptId }) => attemptId).filter((id) => id !== null);
  const rows = await selectMany<AttemptRow>(sql, 'sms_attempts', 'id', own);
  const orphans = new Set(rows.filter(({ state, route }) => state === 'unknown' && route === null).map(({ id }) => id));
  const matched: Matched[] = [];
  const unmatched: FinalReceipt[] = [];
  for (const receipt of receipts) {
    const { attemptId } = receipt;
    if (attemptId !== null && orphans.has(attemptId)) matched.push({ attemptId, event: eventOf(receipt) });
    else unmatched.push(receipt);
  }
  return { matched, unmatched };
}

/** The kept receipts of these segments, whose ids have just become known. */
export async function matchEarly(sql: Kysely<Tables>, segments: readonly NewSegment[]): Promise<Matched[]> {
  const byKey = new Map(segments.flatMap((segment) => segment.keys.map((key) => [key, segment] as const)));
  const byOtherKey = new Map(
    segments.flatMap((segment) => segment.keysInOtherBase().map((key) => [key, segment] as const)),
  );
  const early = await selectMany<EarlyReceiptRow>(sql, 'sms_early_receipts', 'carrier', [
    ...byKey.keys(),
    ...byOtherKey.keys(),
  ]);
  const taken = new Map<NewSegment, EarlyReceiptRow>();
  const gone: string[] = [];
  for (const found of [byKey, byOtherKey]) {
    for (const receipt of early) {
      const segment = found.get(receipt.carrier);
      if (!segment || taken.has(segment) || gone.includes(receipt.carrier)) continue;
      if (!mayBelong(receipt.received_at, segment.leftAt)) continue;
      taken.set(segment, receipt);
      gone.push(receipt.carrier);
    }
  }
  await deleteMany(sql, 'sms_early_receipts', 'carrier', gone);
  await deleteMany(
    sql,
    'sms_segments',
    'carrier',
    [...taken.keys()].map(({ keys: [carrier] }) => carrier),
  );
  return [...taken].map(([{ attemptId }, receipt]) => ({ attemptId, event: eventOf(keptReceipt(receipt)) }));
}

type Belongs = (receipt: FinalReceipt, segment: SegmentRow) => boolean;

async function take(
  sql: Kysely<Tables>,
  receipts: readonly FinalReceipt[],
  belongs: Belongs,
  keysOf: (receipt: FinalReceipt) => readonly string[],
): Promise<{ matched: Matched[]; unmatched: FinalReceipt[] }> {
  if (receipts.length === 0) return { matched: [], unmatched: [] };
  const wanted = receipts.map((receipt) => ({ receipt, keys: keysOf(receipt) }));
  const rows = await selectMany<SegmentRow>(
    sql,
    'sms_segments',
    'carrier',
    wanted.flatMap(({ keys }) => keys),
  );
  const segments = new Map(rows.map((row) => [row.carrier, row]));
  const matched: Matched[] = [];
  const unmatched: FinalReceipt[] = [];
  const taken: string[] = [];
  for (const { receipt, keys } of wanted) {
    const segment = keys
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
function mayBelong(receivedAt: number, leftAt: number): boolean {
  return receivedAt >= leftAt - CLOCKS_MS;
}

function segmentRowOf({ keys: [carrier], attemptId, leftAt }: NewSegment): SegmentRow {
  return { carrier, attempt_id: attemptId, left_at: leftAt };
}

function earlyRowOf({ keys: [carrier], attemptId, state, reason, at }: FinalReceipt): EarlyReceiptRow {
  return { carrier, attempt_id: attemptId, state, reason, received_at: at };
}

function distinct(receipts: readonly EarlyReceiptRow[]): EarlyReceiptRow[] {
  return [...new Map(receipts.map((receipt) => [receipt.carrier, receipt])).values()];
}

function eventOf({ state, reason, at }: FinalReceipt): AttemptEvent {
  return state === 'delivered'
    ? { type: 'segment-delivered', at }
    : { type: 'segment-failed', at, reason: reason ?? 'RECEIPT_UNKNOWN' };
}
