/**
 * Hands mails over: claims them from the queue, opens them, records that they leave, gives them to the SMTP server, and
 * records its answer. As many are under way as there are connections.
 */
import { type BackOff, backOff, type Loop, startLoop } from '@civicline/protocol/run';
import type { Logger } from '../../../platform/http/index.ts';
import type { Database, ItemWithRow, LeasedQueue } from '../../../platform/storage/index.ts';
import type { State } from '../kit/attempt.ts';
import { createLeases } from '../kit/leases.ts';
import { createRecall, type Recall } from '../kit/recall.ts';
import type { EmailEvent } from './machine.ts';
import type { EmailMetrics } from './metrics.ts';
import type { Opened } from './open-part.ts';
import type { EmailStore, Happening } from './store.ts';
import type { AttemptRow } from './tables.ts';
import type { Mail, MailTransport, SendResult } from './transport.ts';

/** How long to wait for work when the queue names no time; another process may have put some. */
const POLL_MS = 1_000;
const RECORD_AGAIN_MS = 1_000;
const AFTER_FAILURE: BackOff = { firstMs: POLL_MS, longestMs: POLL_MS, jitter: 0 };
/** Between tries of one mail: about half a minute, and at most about half an hour. Greylisting wants some minutes. */
const RETRY: BackOff = { firstMs: 37_500, longestMs: 2_250_000, jitter: 0.4 };
/** While the server cannot be used. */
const PAUSE: BackOff = { firstMs: 250, longestMs: 60_000, jitter: 0 };
/** When the gateway stops: for a server that stalls. What it has not answered then is unknown, or tried again. */
const STOP_MS = 5_000;

export interface Worker {
  start(): void;
  /** There may be work. */
  wake(): void;
  /** They must not leave any more; resolves when they cannot, wherever they are. What was handed over is passed over. */
  withdraw(attempts: readonly { id: string; state: State | null }[]): Promise<void>;
  /** Takes nothing new; resolves when all that was under way is recorded. */
  stop(): Promise<void>;
}

export function createWorker(options: {
  database: Database;
  queue: LeasedQueue;
  store: EmailStore;
  transport: MailTransport;
  connections: number;
  open(part: { keyId: string; sealed: string }): Opened;
  mailOf(row: AttemptRow, content: Extract<Opened, { content: unknown }>['content']): Mail;
  leaseMs: number;
  metrics: EmailMetrics;
  log: Logger;
  now: () => number;
}): Worker {
  const { database, queue, store, transport, connections, open, mailOf, leaseMs, metrics, log, now } = options;
  const leases = createLeases({
    database,
    queue,
    leaseMs,
    onRelease: wake,
    onError: (error) => log.error({ error }, 'renewing leases of e-mails failed'),
    now,
  });
  /** Of those that are leaving: how to have the transport stop. */
  const withdrawals = new Map<string, AbortController>();
  const recall: Recall<'CANCELLED'> = createRecall({
    isShared: database.engine === 'postgresql',
    find: async (ids) => (await store.withdrawn(ids)).map((id) => [id, 'CANCELLED'] as const),
    onStop: (id) => withdrawals.get(id)?.abort(),
    onError: (error) => log.error({ error }, 'looking for withdrawn e-mails failed'),
  });
  let stopping = false;
  let loop: Loop | null = null;
  /** How often in a row the server could not be used, and until when it is left alone. */
  let failures = 0;
  let pausedUntil = 0;

  /** Returns how many milliseconds there is nothing to do, unless somebody wakes us. */
  async function claim(): Promise<number> {
    const room = connections - leases.size;
    if (room <= 0) return POLL_MS; // Woken when there is room.
    // Real time: no clock that jumps shall keep the mail.
    const pause = pausedUntil - performance.now();
    if (pause > 0) return pause;
    // After a failure one mail tries whether the server is back.
    const at = now();
    const items = await store.claim({ limit: failures > 0 ? 1 : room, leaseMs });
    const fresh = items.filter(({ id }) => !leases.has(id));
    leases.hold(
      fresh.map(({ id }) => id),
      at,
    );
    for (const item of fresh) {
      void handle(item)
        .catch((error: unknown) => log.error({ error, attempt: item.id }, 'handing an e-mail over failed'))
        .finally(() => leases.release(item.id));
    }
    if (items.length > 0) return failures > 0 ? POLL_MS : 0;
    const due = await queue.nextDue();
    return due === null ? POLL_MS : Math.min(POLL_MS, Math.max(due - now(), 1));
  }

  async function handle({ id, claims, row }: ItemWithRow<AttemptRow>): Promise<void> {
    const happens = (event: EmailEvent) => happened({ attemptId: id, event });
    if (row?.state === 'handing-over') return void (await happens({ type: 'orphaned', at: now() }));
    if (row?.state !== 'waiting' || row.sealed === null) return store.drop([id]);
    const opened = open({ keyId: row.key_id, sealed: row.sealed });
    if ('reason' in opened) {
      metrics.result(opened.reason);
      return void (await happens({ type: 'rejected', reason: opened.reason, at: now() }));
    }
    const begunAt = performance.now();
    const result = await send(id, () => mailOf(row, opened.content));
    if (!result) return;
    const at = now();
    await recordForCertain({ attemptId: id, event: eventOf(result, claims, begunAt, at) });
    metrics.result(result.kind === 'refused' ? result.reason : result.kind);
    if (result.kind === 'accepted') metrics.handedOver(row.lane, at - row.created_at);
  }

  /** null: expired or cancelled meanwhile, or not recorded: it does not leave. */
  async function send(id: string, mail: () => Mail): Promise<SendResult | null> {
    const withdrawal = new AbortController();
    withdrawals.set(id, withdrawal);
    recall.add(id);
    recall.leaves(id);
    try {
      return (await leaves(id)) === 'handing-over' ? await transport.send(mail(), withdrawal.signal) : null;
    } finally {
      recall.end(id);
      withdrawals.delete(id);
    }
  }

  /** Where nobody knows whether that was stored, it surely has not left: it waits again, unless others may have it. */
  async function leaves(id: string): Promise<State | null> {
    try {
      return await happened({ attemptId: id, event: { type: 'leaves', at: now() } });
    } catch (error) {
      log.error({ error, attempt: id }, 'recording that an e-mail leaves failed');
      const at = now();
      const event: EmailEvent = { type: 'put-off', retryAt: at + RECORD_AGAIN_MS, at };
      await recordForCertain({ attemptId: id, event, isOurs: () => leases.isSure(id) });
      return null;
    }
  }

  function eventOf(result: SendResult, claims: number, begunAt: number, at: number): EmailEvent {
    if (result.kind === 'unavailable') return { type: 'put-off', retryAt: at + paused(result.why, begunAt), at };
    // Ends as cancelled.
    if (result.kind === 'withdrawn') return { type: 'put-off', retryAt: at, at };
    failures = 0;
    if (result.kind === 'put-off') return { type: 'put-off', retryAt: at + backOff(claims, RETRY), at };
    if (result.kind === 'refused') return { type: 'refused', reason: result.reason, at };
    return { type: result.kind, at };
  }

  /** Leaves the server alone for a while; returns for how long. Mails that were under way together are one failure. */
  function paused(why: string, begunAt: number): number {
    const at = performance.now();
    if (begunAt >= pausedUntil) {
      failures++;
      const pauseMs = backOff(failures, PAUSE);
      pausedUntil = at + pauseMs;
      log.warn({ code: 'SMTP_UNAVAILABLE', why, pauseMs }, 'the SMTP server cannot be used');
    }
    return Math.max(Math.ceil(pausedUntil - at), 0);
  }

  async function happened(happening: Happening): Promise<State | null> {
    const [state = null] = await store.happened([happening]);
    return state;
  }

  /** An answer that is never stored would leave the mail unknown. */
  async function recordForCertain(happening: Happening): Promise<void> {
    for (;;) {
      try {
        return void (await happened(happening));
      } catch (error) {
        log.error({ error, attempt: happening.attemptId }, 'recording an answer failed');
        if (stopping) return;
        await new Promise((resolve) => setTimeout(resolve, RECORD_AGAIN_MS));
      }
    }
  }

  function wake(): void {
    loop?.wake();
  }

  return {
    start() {
      leases.start();
      recall.start();
      loop = startLoop(claim, (error) => log.error({ error }, 'claiming e-mails failed'), {
        afterFailure: AFTER_FAILURE,
      });
    },
    wake,
    withdraw: (attempts) => recall.withdraw(attempts, 'CANCELLED'),
    async stop() {
      stopping = true;
      const patience = setTimeout(() => transport.close(), STOP_MS);
      await loop?.stop();
      await leases.empty();
      clearTimeout(patience);
      recall.close();
      transport.close();
    },
  };
}
