/**
 * Hands SMS over: claims them from the queue, opens and checks them, records that they leave, gives them to the
 * router, and records the answers. Hundreds are under way at once; all recording is in batches.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { SmsContent } from '@civicline/protocol';
import type { RoutedResult, Router } from '@civicline/sms';
import type { Logger } from '../http/index.ts';
import type { ClaimedItem, Database, LeasedQueue, Sealer } from '../storage/index.ts';
import type { AttemptEvent } from './machine.ts';
import type { SmsMetrics } from './metrics.ts';
import type { Opener } from './opener.ts';
import { createPace } from './pace.ts';
import type { Recorder } from './recorder.ts';
import type { Happening } from './store.ts';
import { digestsOf, readSuppressions } from './suppressions.ts';
import type { AttemptRow, Tables } from './tables.ts';

/** How long to wait for work when the queue names no time; another process may have put some. */
const POLL_MS = 1_000;
/** An outage of all routes, or a failing database: how long until the next look. */
const PAUSE_MS = 1_000;
/** How many try, each pause, whether a route that has failed again and again works now. */
const PROBES = 4;
/** Until an SMS is tried again, and at most after many tries. */
const UNAVAILABLE_MS = { first: 1_000, most: 60_000 };
const REFUSED_MS = { first: 5_000, most: 600_000 };

/** A route that throws, against its contract: nobody knows what it has done. */
const LOST: RoutedResult = { kind: 'unknown', route: 'none', carrierIds: [], segments: 0, segmentPrice: 0 };

export interface Worker {
  start(): void;
  /** There may be work. */
  wake(): void;
  /** Takes nothing new; resolves when all that was under way is recorded. */
  stop(): Promise<void>;
}

/** An SMS ready to leave. */
interface Ready {
  row: AttemptRow;
  claims: number;
  content: SmsContent;
  digests: [string, ...string[]];
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
  log: Logger;
  now: () => number;
}): Worker {
  const { database, queue, recorder, router, open, sealer, metrics, leaseMs, log, now } = options;
  const pace = createPace(now);
  /** Claimed by this process and not let go, by id: until when the lease runs. */
  const held = new Map<string, number>();
  let stopping = false;
  let drained: (() => void) | null = null;
  let alarm: (() => void) | null = null;
  let isAwake = false;
  let running: Promise<void> | null = null;
  let renewing: NodeJS.Timeout | undefined;

  async function run(): Promise<void> {
    while (!stopping) {
      isAwake = false;
      try {
        const wait = await claim();
        if (wait > 0 && !isAwake) await sleep(wait);
      } catch (error) {
        log.error({ error }, 'claiming SMS failed');
        await sleep(PAUSE_MS);
      }
    }
  }

  /** Returns how many milliseconds there is nothing to do, unless somebody wakes us. */
  async function claim(): Promise<number> {
    const room = pace.limit() - held.size;
    if (room < pace.limit() / 4) return POLL_MS; // Woken when there is more room.
    const routes = router.routes().filter(({ up }) => up);
    if (routes.length === 0) return PAUSE_MS;
    const isBroken = routes.every(({ breaker }) => breaker === 'open');
    const at = now();
    const items = await queue.claim({ limit: isBroken ? Math.min(PROBES, room) : room, leaseMs, now: at });
    if (items.length === 0) {
      const due = await queue.nextDue();
      return due === null ? POLL_MS : Math.min(POLL_MS, Math.max(due - now(), 1));
    }
    // Still with us: the process stood still for longer than the lease. Claiming it has renewed that.
    const fresh = items.filter(({ id }) => !held.has(id));
    for (const { id } of items) held.set(id, at + leaseMs);
    void handOver(fresh).catch((error: unknown) => {
      log.error({ error }, 'handing SMS over failed');
      // Whatever is not recorded comes back when its lease runs out.
      for (const { id } of fresh) release(id);
    });
    return isBroken ? PAUSE_MS : 0;
  }

  function sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(wakeUp, ms);
      function wakeUp() {
        clearTimeout(timer);
        alarm = null;
        resolve();
      }
      alarm = wakeUp;
    });
  }

  function wake(): void {
    isAwake = true;
    alarm?.();
  }

  function release(id: string): void {
    if (!held.delete(id)) return;
    if (held.size <= pace.limit() * 0.75) wake();
    if (held.size === 0) drained?.();
  }

  /** Claimed, but it will not leave from here: somebody else may have it at once. */
  async function giveBack(id: string): Promise<void> {
    const items = [{ id, dueAt: now() }];
    await database.write((sql) => queue.later(sql, items)).catch(() => undefined);
    release(id);
  }

  async function handOver(items: readonly ClaimedItem[]): Promise<void> {
    const read = await recorder.read(items.map(({ id }) => id));
    const rows = new Map(read.map((row) => [row.id, row]));
    const ready: Ready[] = [];
    const rejected: { row: AttemptRow; event: AttemptEvent }[] = [];
    const at = now();
    const waiting = items.flatMap(({ id, claims }) => {
      const row = rows.get(id);
      return row?.state === 'waiting' && row.sealed !== null ? [{ row, claims, sealed: row.sealed }] : [];
    });
    const opened = await open(waiting.map(({ row, sealed }) => ({ keyId: row.key_id, sealed })));
    for (const [index, { row, claims }] of waiting.entries()) {
      const found = opened[index];
      if (found && 'content' in found) {
        ready.push({ row, claims, content: found.content, digests: digestsOf(sealer, found.content.to) });
      } else {
        rejected.push({ row, event: { type: 'rejected', reason: found?.reason ?? 'CONTENT_INVALID', at } });
      }
    }
    const isSuppressed = await readSuppressions(
      database.sql,
      ready.flatMap(({ digests }) => digests),
    );
    const free = ready.filter(({ row, digests }) => {
      if (row.category === 'emergency' || !isSuppressed(digests, row.sender_id)) return true;
      rejected.push({ row, event: { type: 'rejected', reason: 'SENDER_SUPPRESSED', at } });
      return false;
    });
    for (const { id } of items) {
      const row = rows.get(id);
      if (row?.state === 'handing-over') rejected.push({ row, event: { type: 'orphaned', at } });
    }
    await dropEnded(items, rows);
    for (const { row, event } of rejected) void reject(row, event);
    for (const sms of free) void send(sms);
  }

  /** Queue items of attempts that have ended, such as those of a repeated submit. */
  async function dropEnded(items: readonly ClaimedItem[], rows: Map<string, AttemptRow>): Promise<void> {
    const ended = items.map(({ id }) => id).filter((id) => !isPendingRow(rows.get(id)));
    if (ended.length === 0) return;
    await database.write((sql) => queue.done(sql, ended));
    for (const id of ended) release(id);
  }

  async function reject(row: AttemptRow, event: AttemptEvent): Promise<void> {
    await record(row, event);
    if (event.type === 'rejected') metrics.rejected(event.reason);
    release(row.id);
  }

  async function send({ row, claims, content, digests }: Ready): Promise<void> {
    const { id, expires_at: validUntil } = row;
    if (stopping) return giveBack(id);
    const leaves: AttemptEvent = { type: 'leaves', at: now() };
    const state = await recorder.happened({ attemptId: id, event: leaves, recipient: digests[0] }).catch(() => null);
    if (state === 'failed') metrics.rejected('EXPIRED');
    // Cancelled meanwhile; or not recorded, then its lease runs out.
    if (state !== 'handing-over') return release(id);
    const { to, text, from } = content;
    const sms = { id, to, text, validUntil, ...(from === undefined ? {} : { from }) };
    const result = await router.send(sms).catch((): RoutedResult => LOST);
    const at = now();
    await record(row, eventOf(result, at, claims), result);
    metrics.result(result.route, result.kind === 'refused' ? result.reason : result.kind);
    if (result.kind === 'accepted') metrics.handedOver(row.lane, at - row.created_at);
    pace.finished();
    release(id);
  }

  /** Records for certain: an answer that is not stored leaves the attempt unknown. */
  async function record(row: AttemptRow, event: AttemptEvent, result?: RoutedResult): Promise<void> {
    const cost = result && costOf(result);
    for (;;) {
      try {
        await recorder.happened({ attemptId: row.id, event, ...(cost ? { cost } : {}) });
        return;
      } catch (error) {
        if (stopping) return;
        log.error({ attemptId: row.id, error }, 'recording an SMS failed');
        await delay(PAUSE_MS);
      }
    }
  }

  /** Leases of what takes longer: an answer that the carrier owes, a route that has to wait. */
  async function renew(): Promise<void> {
    const at = now();
    const old = [...held].filter(([, until]) => until - at < (leaseMs * 2) / 3).map(([id]) => id);
    if (old.length === 0) return;
    for (const id of old) held.set(id, at + leaseMs);
    const items = old.map((id) => ({ id, dueAt: at + leaseMs }));
    await database.write((sql) => queue.later(sql, items));
  }

  return {
    start() {
      running = run();
      renewing = setInterval(() => {
        renew().catch((error: unknown) => log.error({ error }, 'renewing leases failed'));
      }, leaseMs / 3);
    },
    wake,
    async stop() {
      stopping = true;
      wake();
      await running;
      if (held.size > 0) {
        await new Promise<void>((resolve) => {
          drained = resolve;
        });
      }
      await recorder.idle();
      clearInterval(renewing);
    },
  };
}

function isPendingRow(row: AttemptRow | undefined): boolean {
  return row?.state === 'waiting' || row?.state === 'handing-over';
}

function eventOf(result: RoutedResult, at: number, claims: number): AttemptEvent {
  switch (result.kind) {
    case 'accepted':
    case 'unknown': {
      const { kind: type, route, segments } = result;
      return { type, at, route, segments, carrierIds: [...new Set(result.carrierIds)] };
    }
    case 'refused':
      if (result.permanent) return { type: 'refused', at, reason: result.reason };
      return { type: 'put-off', at, retryAt: at + backOff(claims, REFUSED_MS) };
    case 'unavailable':
      return { type: 'put-off', at, retryAt: at + backOff(claims, UNAVAILABLE_MS) };
  }
}

/** Doubles with every try, and is spread so that not all come back at once. */
function backOff(claims: number, { first, most }: { first: number; most: number }): number {
  const longest = Math.min(first * 2 ** Math.min(claims - 1, 20), most);
  return Math.round(longest * (0.75 + Math.random() / 2));
}

function costOf(result: RoutedResult): Happening['cost'] {
  if (result.kind !== 'accepted' && result.kind !== 'unknown') return undefined;
  const { route, segmentPrice } = result;
  // Of a lost answer, the carrier surely takes what it has accepted.
  const segments = result.kind === 'accepted' ? result.segments : result.carrierIds.length;
  return segments === 0 ? undefined : { route, segments, price: segments * segmentPrice };
}
