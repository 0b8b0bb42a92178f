/**
 * Hands mails over: claims them from the queue, opens them, records that they leave, gives them to the SMTP server, and
 * records its answer. As many are under way as there are connections.
 */
import type { Logger } from '../http/index.ts';
import type { ClaimedItem, LeasedQueue } from '../storage/index.ts';
import type { Opened } from './intake.ts';
import type { EmailEvent, State } from './machine.ts';
import type { EmailMetrics } from './metrics.ts';
import type { EmailStore } from './store.ts';
import type { AttemptRow } from './tables.ts';
import type { Mail, MailTransport, SendResult } from './transport.ts';

/** How long to wait for work when the queue names no time; another process may have put some. */
const POLL_MS = 1_000;
const RECORD_AGAIN_MS = 1_000;
/** Between tries of one mail: doubled each time. Greylisting wants some minutes. */
const RETRY_FIRST_MS = 30_000;
const RETRY_MOST_MS = 1_800_000;
/** While the server cannot be used: doubled each time. */
const PAUSE_FIRST_MS = 250;
const PAUSE_MOST_MS = 60_000;

export interface Worker {
  start(): void;
  /** There may be work. */
  wake(): void;
  /** Takes nothing new; resolves when all that was under way is recorded. */
  stop(): Promise<void>;
}

export function createWorker(options: {
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
  const { queue, store, transport, connections, open, mailOf, leaseMs, metrics, log, now } = options;
  /** Claimed by this process and not let go. */
  const held = new Map<string, Promise<void>>();
  let stopping = false;
  let running: Promise<void> = Promise.resolve();
  let renewing: NodeJS.Timeout | undefined;
  let isAwake = false;
  let alarm: (() => void) | null = null;
  /** How often in a row the server could not be used, and until when it is left alone. */
  let failures = 0;
  let pausedUntil = 0;

  async function run(): Promise<void> {
    while (!stopping) {
      isAwake = false;
      const wait = await claim().catch((error: unknown) => {
        log.error({ error }, 'claiming e-mails failed');
        return POLL_MS;
      });
      if (wait > 0 && !isAwake) await sleep(wait);
    }
    await Promise.all(held.values());
  }

  /** Returns how many milliseconds there is nothing to do, unless somebody wakes us. */
  async function claim(): Promise<number> {
    const room = connections - held.size;
    if (room <= 0) return POLL_MS; // Woken when there is room.
    // Real time: no clock that jumps shall keep the mail.
    const pause = pausedUntil - performance.now();
    if (pause > 0) return pause;
    // After a failure one mail tries whether the server is back.
    const items = await queue.claim({ limit: failures > 0 ? 1 : room, leaseMs, now: now() });
    const fresh = items.filter(({ id }) => !held.has(id));
    const rows = new Map((await store.read(fresh.map(({ id }) => id))).map((row) => [row.id, row]));
    for (const item of fresh) {
      const work = handle(item, rows.get(item.id))
        .catch((error: unknown) => log.error({ error, attempt: item.id }, 'handing an e-mail over failed'))
        .finally(() => {
          held.delete(item.id);
          wake();
        });
      held.set(item.id, work);
    }
    if (items.length > 0) return failures > 0 ? POLL_MS : 0;
    const due = await queue.nextDue();
    return due === null ? POLL_MS : Math.min(POLL_MS, Math.max(due - now(), 1));
  }

  async function handle({ id, claims }: ClaimedItem, row: AttemptRow | undefined): Promise<void> {
    if (row?.state === 'handing-over') return void (await happened(id, { type: 'orphaned', at: now() }));
    if (row?.state !== 'waiting' || row.sealed === null) return store.drop([id]);
    const opened = open({ keyId: row.key_id, sealed: row.sealed });
    if ('reason' in opened) {
      metrics.result(opened.reason);
      return void (await happened(id, { type: 'rejected', reason: opened.reason, at: now() }));
    }
    // Expired or cancelled meanwhile, if it does not leave.
    if ((await happened(id, { type: 'leaves', at: now() })) !== 'handing-over') return;
    const result = await transport.send(mailOf(row, opened.content));
    const at = now();
    await recordForCertain(id, eventOf(result, claims, at));
    metrics.result(result.kind === 'refused' ? result.reason : result.kind);
    if (result.kind === 'accepted') metrics.handedOver(row.lane, at - row.created_at);
  }

  function eventOf(result: SendResult, claims: number, at: number): EmailEvent {
    if (result.kind === 'unavailable') return { type: 'put-off', retryAt: at + paused(result.why), at };
    failures = 0;
    if (result.kind === 'put-off') return { type: 'put-off', retryAt: at + delayOf(claims), at };
    if (result.kind === 'refused') return { type: 'refused', reason: result.reason, at };
    return { type: result.kind, at };
  }

  /** Leaves the server alone for a while; returns for how long. */
  function paused(why: string): number {
    const pause = Math.min(PAUSE_FIRST_MS * 2 ** failures, PAUSE_MOST_MS);
    failures++;
    pausedUntil = Math.max(pausedUntil, performance.now() + pause);
    log.warn({ code: 'SMTP_UNAVAILABLE', why, pauseMs: pause }, 'the SMTP server cannot be used');
    return pause;
  }

  async function happened(attemptId: string, event: EmailEvent): Promise<State | null> {
    const [state = null] = await store.happened([{ attemptId, event }]);
    return state;
  }

  /** An answer that is never stored would leave the mail unknown. */
  async function recordForCertain(id: string, event: EmailEvent): Promise<void> {
    for (;;) {
      try {
        return void (await happened(id, event));
      } catch (error) {
        log.error({ error, attempt: id }, 'recording an answer failed');
        if (stopping) return;
        await new Promise((resolve) => setTimeout(resolve, RECORD_AGAIN_MS));
      }
    }
  }

  async function renew(): Promise<void> {
    const dueAt = now() + leaseMs;
    const items = [...held.keys()].map((id) => ({ id, dueAt }));
    await store.later(items).catch((error: unknown) => log.error({ error }, 'renewing leases of e-mails failed'));
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

  return {
    start() {
      running = run();
      renewing = setInterval(() => void renew(), leaseMs / 3);
    },
    wake,
    async stop() {
      stopping = true;
      wake();
      await running;
      clearInterval(renewing);
      transport.close();
    },
  };
}

/** With a random part, so that mails put off together do not come back together. */
function delayOf(claims: number): number {
  return Math.min(RETRY_FIRST_MS * 2 ** (claims - 1), RETRY_MOST_MS) * (0.75 + Math.random() / 2);
}
