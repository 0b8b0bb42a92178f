/**
 * Takes SMS from the queue, opens and checks them, and lets those that may go depart. More are taken in advance than
 * leave at once, so that opening, recording and sending go on side by side.
 */
import { type BackOff, type Loop, startLoop } from '@civicline/protocol/run';
import type { Router } from '@civicline/sms';
import type { Logger } from '../../../platform/http/index.ts';
import type { Database, LeasedQueue, Sealer } from '../../../platform/storage/index.ts';
import { isPending, type State } from '../kit/attempt.ts';
import { URGENT_LANE } from '../kit/attempt-row.ts';
import { createLeases } from '../kit/leases.ts';
import { createRecall, type Recall } from '../kit/recall.ts';
import { readWithdrawn } from '../kit/working-set.ts';
import { createDepartures, type Ready, type Stop } from './departures.ts';
import type { AttemptEvent } from './machine.ts';
import type { SmsMetrics } from './metrics.ts';
import type { Opener } from './opener.ts';
import type { Claimed, Recorder } from './recorder.ts';
import { ALL_SENDERS, digestsOf, readSuppressions } from './suppressions.ts';
import type { AttemptRow, SuppressionRow, Tables } from './tables.ts';

/** How long to wait for work when the queue names no time; another process may have put some. */
const POLL_MS = 1_000;
/** An outage of all routes, or a failing database: how long until the next look. */
const PAUSE_MS = 1_000;
const AFTER_FAILURE: BackOff = { firstMs: PAUSE_MS, longestMs: PAUSE_MS, jitter: 0 };
/** SMS that probe, in each pause, whether a route whose breaker is open works again. */
const PROBES_PER_PAUSE = 4;
/** In hand at once, as a multiple of the carriers' windows: those that are being opened, recorded, sent, recorded. */
const WINDOWS_IN_HAND = 8;
/** Slow start after an outage: begin with one window, and grow by this for every SMS that is done. */
const GROWTH = 0.5;
const MIN_IN_HAND = 100;
const MAX_IN_HAND = 4_000;
/** Milliseconds of work, for which everything else waits. */
const MAX_PORTION = 400;
const MAX_URGENT_PORTION = 100;

export interface Worker {
  start(): void;
  /** There may be work. */
  wake(): void;
  /** They must not leave any more; resolves when they cannot, wherever they are. What was handed over is passed over. */
  withdraw(attempts: readonly { id: string; state: State | null }[]): Promise<void>;
  /** Somebody wants no more SMS; as `withdraw`. */
  suppress(suppression: Pick<SuppressionRow, 'digest' | 'sender_id'>): Promise<void>;
  /** Takes nothing new, and gives back what has not left; resolves when all answers are recorded. */
  stop(): Promise<void>;
}

export function createWorker(options: {
  database: Database<Tables>;
  queue: LeasedQueue;
  recorder: Recorder;
  router: Router;
  open: Opener['open'];
  sealer: Sealer;
  metrics: SmsMetrics;
  leaseMs: number;
  /** How long a carrier may try, milliseconds. */
  tryMs: number;
  log: Logger;
  now: () => number;
}): Worker {
  const { database, queue, recorder, router, open, sealer, metrics, leaseMs, tryMs, log, now } = options;
  const recall: Recall<Stop> = createRecall({
    isShared: database.engine === 'postgresql',
    find: findStopped,
    onError: (error) => log.error({ error }, 'looking for withdrawn SMS failed'),
  });
  const leases = createLeases({
    database: database.withTables(),
    queue,
    leaseMs,
    onRelease: (size) => {
      doneSinceOutage += 1;
      if (size <= most * 0.75) wake();
    },
    onError: (error) => log.error({ error }, 'keeping leases of SMS failed'),
    now,
  });
  const departures = createDepartures({
    recorder,
    router,
    metrics,
    recall,
    tryMs,
    isOurs: leases.isSure,
    onDone: leases.release,
    now,
  });
  let most = MIN_IN_HAND;
  let doneSinceOutage = 0;
  /** Of `performance.now()`: when SMS last tried whether a route works again. */
  let probedAt = Number.NEGATIVE_INFINITY;
  /** How many suppressions were stored since the start. */
  let suppressions = 0;
  let stopping = false;
  let loop: Loop | null = null;

  /** Returns how many milliseconds there is nothing to do, unless somebody wakes us. */
  async function claim(): Promise<number> {
    const routes = router.routes().filter(({ up }) => up);
    const isBroken = routes.every(({ breaker }) => breaker !== 'closed');
    if (isBroken) doneSinceOutage = 0;
    if (routes.length === 0) return PAUSE_MS;
    // However often we are woken: by what is submitted, and by the probes that come back.
    const rest = isBroken ? probedAt + PAUSE_MS - performance.now() : 0;
    if (rest > 0) return rest;
    most = mostInHand(routes.reduce((sum, { window }) => sum + window, 0));
    const portion = portionOf(most - leases.size, isBroken);
    if (!portion) return POLL_MS;
    const at = now();
    const items = await recorder.claim({ ...portion, leaseMs });
    if (items.length === 0) return portion.lanes ? POLL_MS : untilDue(await queue.nextDue());
    // Those still with us: the process stood still for longer than the lease.
    const fresh = items.filter(({ id }) => !leases.has(id));
    leases.hold(
      fresh.map(({ id }) => id),
      at,
    );
    // By themselves: few are opened on the spot, without waiting for the others' turn.
    begin(fresh.filter(({ lane }) => lane === URGENT_LANE));
    begin(fresh.filter(({ lane }) => lane !== URGENT_LANE));
    if (isBroken) probedAt = performance.now();
    return isBroken ? PAUSE_MS : 0;
  }

  /** Grows with what the carriers take: at full width from the first moment, all else would wait for seconds. */
  function mostInHand(window: number): number {
    const earned = window + Math.floor(doneSinceOutage * GROWTH);
    return Math.min(MAX_IN_HAND, Math.max(MIN_IN_HAND, Math.min(earned, WINDOWS_IN_HAND * window)));
  }

  function begin(items: readonly Claimed[]): void {
    if (items.length === 0) return;
    prepare(items).catch((error: unknown) => {
      log.error({ error }, 'preparing SMS failed');
      // They come back when their leases run out.
      for (const { id } of items) leases.release(id);
    });
  }

  /** How much to take, where there is room for so many; what is urgent always has a little. */
  function portionOf(room: number, isBroken: boolean): { limit: number; lanes?: number[] } | null {
    if (isBroken) return room > 0 ? { limit: PROBES_PER_PAUSE } : null;
    // Not one by one: a batch costs hardly more.
    if (room >= Math.min(most / 4, MAX_PORTION)) return { limit: Math.min(room, MAX_PORTION) };
    return room > -MAX_URGENT_PORTION ? { limit: MAX_URGENT_PORTION, lanes: [URGENT_LANE] } : null;
  }

  function untilDue(due: number | null): number {
    return due === null ? POLL_MS : Math.min(POLL_MS, Math.max(due - now(), 1));
  }

  function wake(): void {
    loop?.wake();
  }

  async function prepare(items: readonly Claimed[]): Promise<void> {
    const ended: string[] = [];
    const waiting: { row: AttemptRow; claims: number; sealed: string }[] = [];
    for (const { id, claims, row } of items) {
      if (!row || !isPending(row)) ended.push(id);
      else if (row.state === 'handing-over') void tell(row, { type: 'orphaned', at: now() });
      else waiting.push({ row, claims, sealed: row.sealed ?? '' });
    }
    await dropEnded(ended);
    const ready = await withoutSuppressed(await openAll(waiting));
    if (stopping) await leases.giveBack(ready.map(({ row }) => row.id));
    else departures.add(ready);
  }

  async function openAll(waiting: readonly { row: AttemptRow; claims: number; sealed: string }[]): Promise<Ready[]> {
    const opened = await open(waiting.map(({ row, sealed }) => ({ keyId: row.key_id, sealed })));
    const ready: Ready[] = [];
    for (const [index, { row, claims }] of waiting.entries()) {
      const found = opened[index] ?? { reason: 'CONTENT_INVALID' };
      if ('reason' in found) void tell(row, { type: 'rejected', reason: found.reason, at: now() });
      else ready.push({ row, claims, content: found.content, digests: digestsOf(sealer, found.content.to) });
    }
    return ready;
  }

  async function withoutSuppressed(sms: readonly Ready[]): Promise<Ready[]> {
    const suppressed = new Set(await findSuppressed(sms));
    return sms.filter((one) => {
      if (!suppressed.has(one)) return true;
      const { row } = one;
      void tell(row, { type: 'rejected', reason: 'SENDER_SUPPRESSED', at: now() });
      return false;
    });
  }

  async function findSuppressed(sms: readonly Ready[]): Promise<Ready[]> {
    const all = sms.flatMap(({ digests }) => digests);
    for (;;) {
      const before = suppressions;
      const isSuppressed = await readSuppressions(database.sql, all);
      // Of one that was stored meanwhile, those in hand are told; these are not in hand yet.
      if (suppressions !== before) continue;
      return sms.filter(({ row, digests }) => row.category !== 'emergency' && isSuppressed(digests, row.sender_id));
    }
  }

  /** What another gateway has stored about those that are leaving here. */
  async function findStopped(ids: readonly string[]): Promise<[string, Stop][]> {
    const wanted = new Set(ids);
    const leaving = [...departures.inHand()].filter(({ row }) => wanted.has(row.id));
    const suppressed = await findSuppressed(leaving);
    const cancelled = await readWithdrawn(database.withTables(), 'sms_attempts', ids);
    return [
      ...cancelled.map((id): [string, Stop] => [id, 'CANCELLED']),
      ...suppressed.map(({ row }): [string, Stop] => [row.id, 'SENDER_SUPPRESSED']),
    ];
  }

  async function suppress({ digest, sender_id }: Pick<SuppressionRow, 'digest' | 'sender_id'>): Promise<void> {
    suppressions++;
    for (const { row, digests } of departures.inHand()) {
      const isConcerned = digests.includes(digest) && (sender_id === ALL_SENDERS || sender_id === row.sender_id);
      if (isConcerned && row.category !== 'emergency') recall.stop(row.id, 'SENDER_SUPPRESSED');
    }
    await recall.everywhere();
  }

  /** Queue items of attempts that have ended, such as those of a repeated submit. */
  async function dropEnded(ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    await database.write((sql) => queue.done(sql, ids));
    for (const id of ids) leases.release(id);
  }

  /** What does not depart. */
  async function tell(row: AttemptRow, event: AttemptEvent): Promise<void> {
    await recorder.certainly({ attemptId: row.id, event });
    if (event.type === 'rejected') metrics.rejected(event.reason);
    leases.release(row.id);
  }

  return {
    start() {
      leases.start();
      recall.start();
      loop = startLoop(claim, (error) => log.error({ error }, 'claiming SMS failed'), {
        afterFailure: AFTER_FAILURE,
      });
    },
    wake,
    withdraw: (attempts) => recall.withdraw(attempts, 'CANCELLED'),
    suppress,
    async stop() {
      stopping = true;
      await loop?.stop();
      await leases.giveBack(departures.stop().map(({ row }) => row.id));
      await leases.empty();
      recall.close();
    },
  };
}
