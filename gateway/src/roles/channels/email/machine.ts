/**
 * The life of one e-mail at this channel, as a pure function `(attempt, event) → (attempt, outcome)`.
 *
 *                about to leave              accepted                quiet for long enough
 *   waiting ◄──────────────────► handing-over ───────► handed-over ─────────────────────► delivered
 *    │  │     surely not sent,     │  │   │                   │
 *    │  │     try later            │  │   │ answer lost, or   │ bounced
 *    │  │                          │  │   │ worker died       │
 *    │  │                          │  │   └───────► unknown ──│──► delivered (the report of a delivery came)
 *    │  │ unreadable               │  │ refused        │      │
 *    │  │ expired                  │  ▼                ▼      ▼
 *    │  └──────────────────────────│► failed ◄─────────────────     (unknown: also after a time without any report)
 *    └──── withdrawn ──────────► cancelled   (once it is sure that it did not leave)
 *
 * - `handed-over`: the SMTP server has answered for the mail. Bounces come later, by mail (RFC 3464), and no answer says
 *   that a mail has arrived; so `delivered` means that no bounce came for a time, or that a report says so. What is
 *   `delivered` stays so: a bounce after that is counted, and changes nothing.
 * - `handing-over` is stored before the mail leaves. An attempt that is found so by another than who put it there, and
 *   one whose connection broke between the mail and the answer, may have gone out: `unknown`, never sent again.
 * - Events may come repeated, late or never: one that does not fit the state changes nothing.
 * - An attempt has one timer, `deadline`: expiry while it waits, the quiet time afterwards, then being forgotten.
 */
import type { Outcome } from '@civicline/protocol/channel';

export type State = 'waiting' | 'handing-over' | Outcome['kind'];

export interface EmailAttempt {
  state: State;
  /** UTC milliseconds; not handed over after this. */
  expiresAt: number;
  /** Withdrawn while it was being handed over: cancelled if that did not happen. */
  withdrawn: boolean;
  /** UTC milliseconds: when a `deadline` event is due. */
  deadline: number;
}

/** `at`: UTC milliseconds. */
export type EmailEvent = { at: number } & (
  | { type: 'leaves' }
  /** Claimed from the queue in the state `handing-over`: who handed it over has died. */
  | { type: 'orphaned' }
  /** Cannot be sent. */
  | { type: 'rejected'; reason: string }
  | { type: 'accepted' }
  | { type: 'unknown' }
  | { type: 'refused'; reason: string }
  /** Surely not sent, but worth another try at `retryAt`. */
  | { type: 'put-off'; retryAt: number }
  /** A delivery status notification (RFC 3464). */
  | { type: 'bounced'; reason: string }
  | { type: 'reported-delivered' }
  | { type: 'cancel' }
  | { type: 'deadline' }
);

export interface Step {
  /** null: forgotten. The very same object: nothing has changed. */
  attempt: EmailAttempt | null;
  /** What SMIS is told. */
  outcome: Pick<Outcome, 'kind' | 'reason'> | null;
  /** When the queue gives it out again, after a try in vain. */
  dueAt: number | null;
}

export interface Rules {
  /** After the hand-over, how long without a bounce makes it delivered. */
  quietMs: number;
  /** After a lost answer, how long to wait for a report. */
  unknownMs: number;
  /** How long an ended attempt is remembered at least, so that a repeated submit does nothing; until it expires anyway. */
  rememberMs: number;
}

/** What the event makes of the attempt. Never throws for an event at the wrong moment. */
export function step(attempt: EmailAttempt, event: EmailEvent, rules: Rules): Step {
  const { at } = event;
  const { state } = attempt;
  const same = quietly(attempt);
  switch (event.type) {
    case 'leaves':
      if (state !== 'waiting') return same;
      if (at >= attempt.expiresAt) return end(attempt, 'failed', 'EXPIRED', at, rules);
      return quietly({ ...attempt, state: 'handing-over' });
    case 'orphaned':
    case 'unknown':
      if (state !== 'handing-over') return same;
      return {
        attempt: { ...attempt, state: 'unknown', deadline: at + rules.unknownMs },
        outcome: { kind: 'unknown' },
        dueAt: null,
      };
    case 'rejected':
      return state === 'waiting' ? end(attempt, 'failed', event.reason, at, rules) : same;
    case 'accepted':
      return accepted(attempt, at, rules);
    case 'refused':
      return mayBeOut(attempt) ? end(attempt, 'failed', event.reason, at, rules) : same;
    case 'put-off':
      return mayBeOut(attempt) ? putOff(attempt, event.retryAt, at, rules) : same;
    case 'bounced':
      // The bounce may overtake the answer that the mail was accepted.
      return isOut(attempt) ? end(attempt, 'failed', event.reason, at, rules) : same;
    case 'reported-delivered':
      return isOut(attempt) ? end(attempt, 'delivered', undefined, at, rules) : same;
    case 'cancel':
      if (state === 'handing-over') return quietly({ ...attempt, withdrawn: true });
      return state === 'waiting' ? end(attempt, 'cancelled', undefined, at, rules) : same;
    case 'deadline':
      return at < attempt.deadline ? same : timeOver(attempt, at, rules);
  }
}

/** The queue holds it, and its address and text are still needed. */
export function isPending({ state }: Pick<EmailAttempt, 'state'>): boolean {
  return state === 'waiting' || state === 'handing-over';
}

/** It was given to the server, and no answer to it has been recorded. */
function mayBeOut({ state }: EmailAttempt): boolean {
  return state === 'handing-over' || state === 'unknown';
}

function isOut({ state }: EmailAttempt): boolean {
  return state === 'handing-over' || state === 'handed-over' || state === 'unknown';
}

function accepted(attempt: EmailAttempt, at: number, rules: Rules): Step {
  const next: EmailAttempt = { ...attempt, state: 'handed-over', deadline: at + rules.quietMs };
  if (attempt.state === 'handing-over') return { attempt: next, outcome: { kind: 'handed-over' }, dueAt: null };
  // An answer after it was given up as orphaned: it need not be told again that it has left.
  return quietly(attempt.state === 'unknown' ? next : attempt);
}

function putOff(attempt: EmailAttempt, retryAt: number, at: number, rules: Rules): Step {
  // It was told as unknown already, and must not start anew.
  if (attempt.state === 'unknown') return end(attempt, 'failed', 'NOT_SENT', at, rules);
  if (attempt.withdrawn) return end(attempt, 'cancelled', undefined, at, rules);
  if (retryAt >= attempt.expiresAt) return end(attempt, 'failed', 'EXPIRED', at, rules);
  return { attempt: { ...attempt, state: 'waiting' }, outcome: null, dueAt: retryAt };
}

function timeOver(attempt: EmailAttempt, at: number, rules: Rules): Step {
  switch (attempt.state) {
    case 'waiting':
      return end(attempt, 'failed', 'EXPIRED', at, rules);
    case 'handed-over':
      return end(attempt, 'delivered', undefined, at, rules);
    case 'unknown':
      return end(attempt, 'failed', 'ANSWER_MISSING', at, rules);
    case 'handing-over':
      // Its answer is under way, or its lease runs out.
      return quietly(attempt);
    default:
      return { attempt: null, outcome: null, dueAt: null };
  }
}

function end(
  attempt: EmailAttempt,
  state: 'delivered' | 'failed' | 'cancelled',
  reason: string | undefined,
  at: number,
  { rememberMs }: Rules,
): Step {
  return {
    attempt: { ...attempt, state, deadline: Math.max(at + rememberMs, attempt.expiresAt) },
    outcome: { kind: state, ...(reason === undefined ? {} : { reason }) },
    dueAt: null,
  };
}

function quietly(attempt: EmailAttempt): Step {
  return { attempt, outcome: null, dueAt: null };
}
