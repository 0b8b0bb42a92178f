/**
 * The last step: records that an SMS leaves, gives it to the router, records the answer. What is recorded as leaving when
 * the process dies is `unknown` afterwards, hence not more of it than fills the carriers' windows. All others wait
 * here; the urgent ones do not. What is withdrawn or suppressed until the carrier is given the first octets stays here.
 */
import { type SmsContent, URGENCIES } from '@civicline/protocol';
import { type BackOff, backOff } from '@civicline/protocol/run';
import { canonicalCarrierId, createFifo, type OutgoingSms, type RoutedResult, type Router } from '@civicline/sms';
import type { State } from '../kit/attempt.ts';
import { URGENT_LANE } from '../kit/attempt-row.ts';
import type { Recall } from '../kit/recall.ts';
import type { AttemptEvent } from './machine.ts';
import type { SmsMetrics } from './metrics.ts';
import type { Recorder } from './recorder.ts';
import type { Happening } from './store.ts';
import type { AttemptRow } from './tables.ts';

/** An SMS that may leave. */
export interface Ready {
  row: AttemptRow;
  /** How often it was claimed. */
  claims: number;
  content: SmsContent;
  /** Keyed digests of its number, the current one first. */
  digests: readonly [string, ...string[]];
}

/** Why an SMS that was about to leave does not. */
export type Stop = 'CANCELLED' | 'SENDER_SUPPRESSED';

export interface Departures {
  add(sms: readonly Ready[]): void;
  /** Those that wait here or with a route. */
  inHand(): IterableIterator<Ready>;
  /** Lets nothing more leave; returns what has not. */
  stop(): Ready[];
}

/** While one window's worth is with the carrier, the next is being recorded. */
const WINDOWS_LEAVING = 2;
const MIN_LEAVING = 10;
/** So many urgent ones may leave beside them, rather than wait for one of them to be done. */
const MAX_URGENT_BESIDE = 100;
/** Until an SMS is tried again: about a second, at most about a minute. */
const UNAVAILABLE: BackOff = { firstMs: 1_250, longestMs: 75_000, jitter: 0.4 };
/** About five seconds, at most about ten minutes. */
const REFUSED: BackOff = { firstMs: 6_250, longestMs: 750_000, jitter: 0.4 };
/** A route that throws, against its contract: nobody knows what it has done. */
const LOST: RoutedResult = { kind: 'unknown', route: 'none', carrierIds: [], segments: 0, segmentPrice: 0 };
const NOT_SENT: RoutedResult = { kind: 'unavailable', route: 'none', segmentPrice: 0 };

export function createDepartures(options: {
  recorder: Recorder;
  router: Router;
  metrics: SmsMetrics;
  recall: Recall<Stop>;
  /** How long the carrier may try: as long as its receipt is awaited. Milliseconds. */
  tryMs: number;
  /** Whether surely nobody else has it. */
  isOurs(attemptId: string): boolean;
  /** Called once the attempt is finished here, whatever the result. */
  onDone(attemptId: string): void;
  now: () => number;
}): Departures {
  const { recorder, router, metrics, recall, tryMs, isOurs, onDone, now } = options;
  const inHand = new Map<string, Ready>();
  const lanes = URGENCIES.map(() => createFifo<Ready>());
  let limit = MIN_LEAVING;
  let leaving = 0;

  function fill(): void {
    for (const [lane, waiting] of lanes.entries()) {
      const most = lane === URGENT_LANE && limit > 0 ? limit + MAX_URGENT_BESIDE : limit;
      while (leaving < most) {
        const sms = waiting.shift();
        if (!sms) break;
        leaving++;
        void depart(sms);
      }
    }
  }

  async function depart(sms: Ready): Promise<void> {
    await leave(sms);
    leaving--;
    forget(sms);
    onDone(sms.row.id);
    fill();
  }

  async function leave(sms: Ready): Promise<void> {
    const { row, claims, content } = sms;
    const { id } = row;
    if (recall.whyNot(id) === 'SENDER_SUPPRESSED') return reject(sms);
    const state = await recordLeaving(sms);
    if (state === 'failed') metrics.rejected('EXPIRED');
    // Cancelled meanwhile; or not recorded.
    if (state !== 'handing-over') return;
    const leftAt = now();
    const result = await router.send(outgoing(row, content)).catch(() => LOST);
    const at = now();
    const cost = costOf(result);
    const isSuppressed = result.kind === 'withdrawn' && recall.whyNot(id) === 'SENDER_SUPPRESSED';
    const event: AttemptEvent = isSuppressed
      ? { type: 'refused', at, reason: 'SENDER_SUPPRESSED' }
      : eventOf(result, at, claims);
    await recorder.certainly({ attemptId: id, event, urgent: isUrgent(row), leftAt, ...(cost ? { cost } : {}) });
    metrics.result(result.route, result.kind === 'refused' ? result.reason : result.kind);
    if (result.kind === 'accepted') metrics.handedOver(row.lane, at - row.created_at);
  }

  /** Its addressee wants no more of this sender since it was looked up. */
  async function reject({ row }: Ready): Promise<void> {
    const event: AttemptEvent = { type: 'rejected', at: now(), reason: 'SENDER_SUPPRESSED' };
    await recorder.certainly({ attemptId: row.id, event, urgent: isUrgent(row) });
    metrics.rejected('SENDER_SUPPRESSED');
  }

  function forget({ row }: Ready): void {
    inHand.delete(row.id);
    recall.end(row.id);
  }

  function outgoing(row: AttemptRow, { to, text, from }: SmsContent): OutgoingSms {
    const { id, expires_at: validUntil } = row;
    const mayLeave = () => recall.mayLeave(id);
    const sms = { id, to, text, validUntil, tryMs, urgent: isUrgent(row), mayLeave };
    return from === undefined ? sms : { ...sms, from };
  }

  /** Where nobody knows whether that was stored, it surely has not left: it waits again, unless others may have it. */
  async function recordLeaving({ row, claims, digests: [recipient] }: Ready): Promise<State | null> {
    const { id } = row;
    recall.leaves(id);
    const event: AttemptEvent = { type: 'leaves', at: now() };
    try {
      return await recorder.happened({ attemptId: id, event, urgent: isUrgent(row), recipient });
    } catch {
      const putOff = eventOf(NOT_SENT, now(), claims);
      await recorder.certainly({ attemptId: id, event: putOff, isOurs: () => isOurs(id) });
      return null;
    }
  }

  return {
    add(sms) {
      const windows = router.routes().reduce((sum, { up, window }) => (up ? sum + window : sum), 0);
      limit = Math.max(MIN_LEAVING, WINDOWS_LEAVING * windows);
      for (const one of sms) {
        inHand.set(one.row.id, one);
        recall.add(one.row.id);
        lanes[one.row.lane]?.push(one);
      }
      fill();
    },
    inHand: () => inHand.values(),
    stop() {
      limit = 0;
      const left = lanes.flatMap((lane) => lane.remove(() => true));
      left.forEach(forget);
      return left;
    },
  };
}

function isUrgent({ lane }: AttemptRow): boolean {
  return lane === URGENT_LANE;
}

function eventOf(result: RoutedResult, at: number, claims: number): AttemptEvent {
  switch (result.kind) {
    case 'accepted':
    case 'unknown': {
      const { kind: type, route, segments } = result;
      const receipts = result.kind === 'accepted' && result.onlyReceipt ? { onlyReceipt: true as const } : {};
      return { type, at, route, segments, carrierIds: carrierIdsOf(result), ...receipts };
    }
    case 'refused':
      if (result.permanent) return { type: 'refused', at, reason: result.reason };
      return { type: 'put-off', at, retryAt: at + backOff(claims, REFUSED) };
    // What was cancelled ends by being put off; all others try again.
    case 'withdrawn':
    case 'unavailable':
      return { type: 'put-off', at, retryAt: at + backOff(claims, UNAVAILABLE) };
  }
}

function carrierIdsOf({ carrierIds }: { carrierIds: readonly string[] }): string[] {
  return [...new Set(carrierIds.map(canonicalCarrierId))].filter((carrierId) => carrierId !== '');
}

function costOf(result: RoutedResult): Happening['cost'] {
  if (result.kind !== 'accepted' && result.kind !== 'unknown') return undefined;
  const { route, segmentPrice } = result;
  // Of a lost answer, the carrier surely takes what it has accepted; an id that was ours all along says nothing of that.
  const segments = result.kind === 'accepted' ? result.segments : Math.min(result.segments, result.carrierIds.length);
  return segments === 0 ? undefined : { route, segments, price: segments * segmentPrice };
}
