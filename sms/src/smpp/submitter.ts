/**
 * Gives a link its segments: in order, within the window and the pace, each until it has an ending of its own.
 *
 *   waiting ──room──► sent ──accepted, refused──► ended
 *      ▲                │ ──no answer──► ended: unknown
 *      └──slower please─┘ ──never written──► ended: unavailable (waits for the link when it must follow others)
 *   waiting ──too late──► ended: expired
 *   waiting ──not to leave any more──► ended: withdrawn
 *
 * What is urgent goes first; then what the carrier wanted later and what completes an SMS of which it has a part already;
 * then what is new.
 */

import { createFifo, type Fifo } from '../fifo.ts';
import type { Pdu } from './codec.ts';
import type { Link } from './link.ts';
import type { Ending } from './outstanding.ts';
import { createPace } from './pace.ts';
import { asksToSlowDown, ESME, refusesNumber, statusName } from './status.ts';
import { refreshValidity, type Submission } from './submit.ts';

export type Submitted =
  | { kind: 'accepted'; carrierId: string }
  | { kind: 'refused'; permanent: boolean; reason: string }
  | { kind: 'unavailable' }
  | { kind: 'withdrawn' }
  | { kind: 'unknown' };

export interface Segment {
  submission: Submission;
  /** UTC milliseconds. */
  validUntil: number;
  urgent: boolean;
  /** See {@link OutgoingSms}. */
  mayLeave?: (() => boolean) | undefined;
  /** Completes an SMS of which a part was accepted, so it outlasts an interruption. */
  follows: boolean;
}

export interface Submitter {
  submit(segment: Segment): Promise<Submitted>;
  /** To be called when the link has room. */
  pump(): void;
  /** To be called when the link went down. */
  down(): void;
  /** Ends everything that waits; what was sent still ends by itself. `hurry`: followers too, and all that come later. */
  stop(hurry: boolean): void;
}

interface Job extends Segment {
  end: (result: Submitted) => void;
}

const UNAVAILABLE: Submitted = { kind: 'unavailable' };
const UNKNOWN: Submitted = { kind: 'unknown' };
const EXPIRED: Submitted = { kind: 'refused', permanent: true, reason: 'EXPIRED' };
const WITHDRAWN: Submitted = { kind: 'withdrawn' };
/** How often it is looked whether something has waited too long, or is not to leave any more. */
const EXPIRY_CHECK_MS = 1_000;

/** `link` is a function because the link's events need the submitter and the submitter the link. */
export function createSubmitter(link: () => Link, throughput: number | null): Submitter {
  const pace = createPace(throughput, performance.now());
  const urgent = createFifo<Job>();
  const begun = createFifo<Job>();
  const fresh = createFifo<Job>();
  const queues = [urgent, begun, fresh];
  let stopped = false;
  let paceTimer: NodeJS.Timeout | undefined;
  let expiryTimer: NodeJS.Timeout | undefined;

  function submit(segment: Segment): Promise<Submitted> {
    if (stopped) return Promise.resolve(UNAVAILABLE);
    return new Promise((end) => {
      wait(segment.follows ? begun : fresh, { ...segment, end });
      pump();
    });
  }

  function wait(queue: Fifo<Job>, job: Job): void {
    (job.urgent ? urgent : queue).push(job);
    expiryTimer ??= setTimeout(expire, EXPIRY_CHECK_MS);
  }

  function waiting(): number {
    return queues.reduce((sum, { size }) => sum + size, 0);
  }

  function expire(): void {
    expiryTimer = undefined;
    const now = Date.now();
    for (const queue of queues) {
      for (const job of queue.remove((job) => whyNot(job, now) !== null)) job.end(whyNot(job, now) ?? UNAVAILABLE);
    }
    if (waiting() > 0) expiryTimer = setTimeout(expire, EXPIRY_CHECK_MS);
  }

  function pump(): void {
    while (link().ready() && waiting() > 0) {
      const now = performance.now();
      const delay = pace.delay(now);
      if (delay > 0) {
        paceTimer ??= setTimeout(onPace, Math.ceil(delay));
        return;
      }
      const job = urgent.shift() ?? begun.shift() ?? fresh.shift();
      if (!job) return;
      const refusal = whyNot(job, Date.now());
      if (refusal) job.end(refusal);
      else send(job, now);
    }
  }

  function onPace(): void {
    paceTimer = undefined;
    pump();
  }

  function send(job: Job, now: number): void {
    const { body, tlvs, segments } = job.submission;
    refreshValidity(job.submission, Date.now());
    try {
      link().request('submit_sm', body, tlvs, (ending) => onEnding(job, ending));
    } catch {
      job.end({ kind: 'refused', permanent: true, reason: 'PDU_FIELD_INVALID' });
      return;
    }
    pace.take(now, segments);
  }

  function onEnding(job: Job, ending: Ending): void {
    if (ending === 'unanswered') job.end(UNKNOWN);
    else if (ending === 'unwritten') again(job);
    else onAnswer(job, ending);
  }

  function onAnswer(job: Job, { command, status, body }: Pdu): void {
    if (command === 'submit_sm_resp' && status === ESME.ROK) {
      pace.accepted(performance.now(), job.submission.segments);
      job.end({ kind: 'accepted', carrierId: (body as { message_id: string }).message_id });
    } else if (asksToSlowDown(status)) {
      pace.throttled(performance.now());
      again(job);
    } else if (status === ESME.RINVBNDSTS) {
      link().reset('ESME_RINVBNDSTS');
      again(job);
    } else {
      job.end({ kind: 'refused', permanent: refusesNumber(status), reason: statusName(status) });
    }
  }

  /** Surely not sent: it keeps its turn where there is a link or will be one. */
  function again(job: Job): void {
    if (stopped || (!job.follows && !link().bound())) job.end(UNAVAILABLE);
    else wait(begun, job);
  }

  function down(): void {
    for (const queue of queues) {
      for (const job of queue.remove(({ follows }) => !follows)) job.end(UNAVAILABLE);
    }
  }

  function stop(hurry: boolean): void {
    if (hurry) stopped = true;
    for (const queue of queues) {
      for (const job of queue.remove(({ follows }) => hurry || !follows)) job.end(UNAVAILABLE);
    }
    if (!hurry) return;
    clearTimeout(paceTimer);
    clearTimeout(expiryTimer);
  }

  return { submit, pump, down, stop };
}

/** How a segment ends that must not be given to the carrier at `now`, UTC milliseconds; null: it may be. */
function whyNot({ validUntil, mayLeave }: Job, now: number): Submitted | null {
  if (validUntil <= now) return EXPIRED;
  return mayLeave?.() === false ? WITHDRAWN : null;
}
