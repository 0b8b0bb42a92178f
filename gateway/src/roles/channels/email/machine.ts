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
 * - One whose connection broke between the mail and the answer may have gone out, too: `unknown`, never sent again.
 *
 * What every channel does alike stands in `kit/attempt.ts`.
 */
import {
  type AttemptState,
  type CommonEvent,
  end,
  enter,
  fail,
  goOut,
  isOut,
  quietly,
  type Step,
  stepCommon,
  type Ways,
} from '../kit/attempt.ts';

/** `at`: UTC milliseconds. */
export type EmailEvent =
  | CommonEvent
  | ({ at: number } & (
      | { type: 'accepted' }
      | { type: 'unknown' }
      /** A delivery status notification (RFC 3464). */
      | { type: 'bounced'; reason: string }
      | { type: 'reported-delivered' }
    ));

export interface Rules {
  /** After the hand-over, how long without a bounce makes it delivered. */
  quietMs: number;
  /** After a lost answer, how long to wait for a report. */
  unknownMs: number;
  /** How long an ended attempt is remembered at least, so that a repeated submit does nothing; until it expires anyway. */
  rememberMs: number;
}

/** What the event makes of the attempt. Never throws for an event at the wrong moment. */
export function step(attempt: AttemptState, event: EmailEvent, rules: Rules): Step<AttemptState> {
  const { at } = event;
  switch (event.type) {
    case 'accepted':
      return accepted(attempt, at + rules.quietMs);
    case 'unknown':
      return stepCommon(attempt, { type: 'orphaned', at }, waysOf(rules));
    case 'bounced':
      // The bounce may overtake the answer that the mail was accepted.
      return mayBeBounced(attempt) ? fail(attempt, event.reason, at, rules) : quietly(attempt);
    case 'reported-delivered':
      return mayBeBounced(attempt) ? end(attempt, 'delivered', at, rules) : quietly(attempt);
    default:
      return stepCommon(attempt, event, waysOf(rules));
  }
}

function waysOf({ unknownMs, rememberMs }: Rules): Ways<AttemptState> {
  return {
    unknownMs,
    rememberMs,
    isUnanswered: ({ state }) => state === 'handing-over' || state === 'unknown',
    silenceMeans: ({ state }) => (state === 'handed-over' ? 'delivered' : { reason: 'ANSWER_MISSING' }),
  };
}

function mayBeBounced(attempt: AttemptState): boolean {
  return attempt.state === 'handing-over' || isOut(attempt);
}

function accepted(attempt: AttemptState, deadline: number): Step<AttemptState> {
  if (attempt.state === 'handing-over') return goOut(attempt, 'handed-over', deadline);
  // An answer after it was given up as orphaned: it need not be told again that it has left.
  return quietly(attempt.state === 'unknown' ? enter(attempt, 'handed-over', { deadline }) : attempt);
}
