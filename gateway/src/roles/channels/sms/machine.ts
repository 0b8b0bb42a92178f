/**
 * The life of one SMS at this channel, as a pure function `(attempt, event) → (attempt, outcome)`.
 *
 *                about to leave              accepted                all receipts are there
 *   waiting ◄──────────────────► handing-over ───────► handed-over ─────────────┬──► delivered
 *    │  │     surely not sent,     │  │   │                   │                 │
 *    │  │     try later            │  │   │ answer lost, or   │                 │
 *    │  │                          │  │   │ worker died       │                 │
 *    │  │                          │  │   └───────► unknown ──│─────────────────┘
 *    │  │                          │  │                │      │
 *    │  │                          │  │ refused        │ a segment failed, or no receipt came
 *    │  │ unreadable, suppressed,  │  ▼                ▼      │
 *    │  └──── expired ─────────────│► failed ◄────────────────┘
 *    │                             ▼
 *    └──── withdrawn ──────────► cancelled   (once it is sure that it did not leave)
 *
 * What every channel does alike stands in `kit/attempt.ts`. Here are the receipts: one for each segment, or one for all.
 */
import {
  type AttemptState,
  type CommonEvent,
  end,
  fail,
  goOut,
  isOut,
  quietly,
  type Step,
  stepCommon,
  type Ways,
} from '../kit/attempt.ts';

export interface SmsAttempt extends AttemptState {
  /** Which route took it; null before. */
  route: string | null;
  /** How many were sent, as the carrier bills them. */
  segments: number;
  /** How many receipts are still to come. */
  awaiting: number;
}

/** `at`: UTC milliseconds. */
export type AttemptEvent =
  | CommonEvent
  | ({ at: number } & (
      | {
          type: 'accepted' | 'unknown';
          route: string;
          segments: number;
          carrierIds: readonly string[];
          /** One receipt will speak for all segments. */
          onlyReceipt?: true;
        }
      /** The final receipt of one segment. */
      | { type: 'segment-delivered' }
      | { type: 'segment-failed'; reason: string }
    ));

export interface Rules {
  /** After the hand-over, how long a receipt may take: a little longer than the carrier tries. */
  receiptMs: number;
  /** How long an ended attempt is remembered at least, so that a repeated submit does nothing; until it expires anyway. */
  rememberMs: number;
}

/** What the event makes of the attempt. Never throws for an event at the wrong moment. */
export function step(attempt: SmsAttempt, event: AttemptEvent, rules: Rules): Step<SmsAttempt> {
  return withSegments(change(attempt, event, rules));
}

function change(attempt: SmsAttempt, event: AttemptEvent, rules: Rules): Step<SmsAttempt> {
  switch (event.type) {
    case 'accepted':
    case 'unknown':
      return isUnanswered(attempt) ? answered(attempt, event, rules) : quietly(attempt);
    case 'segment-delivered':
      if (!isOut(attempt)) return quietly(attempt);
      if (attempt.awaiting > 1) return quietly({ ...attempt, awaiting: attempt.awaiting - 1 });
      return end(attempt, 'delivered', event.at, rules);
    case 'segment-failed':
      return isOut(attempt) ? fail(attempt, event.reason, event.at, rules) : quietly(attempt);
    default:
      return stepCommon(attempt, event, waysOf(rules));
  }
}

function waysOf({ receiptMs, rememberMs }: Rules): Ways<SmsAttempt> {
  return { unknownMs: receiptMs, rememberMs, isUnanswered, silenceMeans: () => ({ reason: 'RECEIPT_MISSING' }) };
}

/** Its submit has left, and no answer to it has been recorded. */
function isUnanswered({ state, route }: SmsAttempt): boolean {
  return state === 'handing-over' || (state === 'unknown' && route === null);
}

/** The route's answer. One that comes after the attempt was given up as orphaned only says which receipts to expect. */
function answered(
  attempt: SmsAttempt,
  { type, at, route, segments, carrierIds, onlyReceipt }: Extract<AttemptEvent, { type: 'accepted' | 'unknown' }>,
  rules: Rules,
): Step<SmsAttempt> {
  // Some carriers give one id for all segments. Of a lost answer, what is not known can never be told delivered.
  const known = onlyReceipt ? 1 : carrierIds.length;
  const awaiting = type === 'accepted' ? known : Math.max(segments, carrierIds.length, 1);
  const after = { ...attempt, route, segments, awaiting };
  if (attempt.state === 'unknown') return quietly(after);
  return goOut(after, type === 'accepted' ? 'handed-over' : 'unknown', at + rules.receiptMs);
}

/** What is told of it says how many were sent; what has ended awaits nothing. */
function withSegments(step: Step<SmsAttempt>): Step<SmsAttempt> {
  const { attempt, outcome } = step;
  if (!attempt || !outcome) return step;
  return {
    ...step,
    attempt: isOut(attempt) ? attempt : { ...attempt, awaiting: 0 },
    outcome: attempt.segments > 0 ? { ...outcome, segments: attempt.segments } : outcome,
  };
}
