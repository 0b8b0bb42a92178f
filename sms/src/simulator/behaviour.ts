/** How the simulated carrier behaves; switched while it runs. */
import { z } from 'zod';

const receiptStates = ['ENROUTE', 'DELIVRD', 'EXPIRED', 'DELETED', 'UNDELIV', 'ACCEPTD', 'UNKNOWN', 'REJECTD'] as const;
export type ReceiptState = (typeof receiptStates)[number];

/** message_state, SMPP 3.4 §5.2.28 */
export const STATE_NUMBER: Record<ReceiptState, number> = {
  ENROUTE: 1,
  DELIVRD: 2,
  EXPIRED: 3,
  DELETED: 4,
  UNDELIV: 5,
  ACCEPTD: 6,
  UNKNOWN: 7,
  REJECTD: 8,
};

const faultSchema = z.strictObject({
  /**
   * - `throttled`, `queue-full`, `refused`, `failed`: the answer is that status, the message is not taken
   * - `slow`: the answer comes a second late
   * - `no-answer`: taken, but never answered
   * - `no-answer-not-taken`: neither
   * - `close`: taken, and the connection is cut before the answer
   * - `out-of-order`: answers are held and sent backwards
   * - `unknown-pdu`: before the answer comes a PDU that SMPP does not know
   * - `bad-length`: instead of the answer comes a PDU of an impossible length
   */
  kind: z.enum([
    'throttled',
    'queue-full',
    'refused',
    'failed',
    'slow',
    'no-answer',
    'no-answer-not-taken',
    'close',
    'out-of-order',
    'unknown-pdu',
    'bad-length',
  ]),
  /** So many submits pass before it begins. */
  after: z.number().int().min(0).default(0),
  /** So many submits are hit; null: all that follow. */
  times: z.number().int().min(1).nullable().default(null),
});
export type Fault = z.infer<typeof faultSchema>;
export type FaultKind = Fault['kind'];

export const behaviourSchema = z.strictObject({
  receipts: z
    .strictObject({
      /** Sent one after another: twice the same is a repeated receipt, none is a message without one. */
      states: z.array(z.enum(receiptStates)).max(10).default(['DELIVRD']),
      delayMs: z.number().int().min(0).max(3_600_000).default(0),
      /** Before the answer to the submit. */
      early: z.boolean().default(false),
      /** Each receipt is preceded by one for a message that nobody sent. */
      strangers: z.boolean().default(false),
      form: z.enum(['text', 'parameters', 'both']).default('both'),
      /** How receipts write the id that the answer to the submit gave. */
      ids: z.enum(['as-issued', 'decimal', 'hexadecimal']).default('as-issued'),
    })
    .prefault({}),
  /** How answers to a submit write the id. */
  messageIds: z.enum(['decimal', 'hexadecimal']).default('hexadecimal'),
  /** E.164; a submit for one of them is refused at once. */
  refusedNumbers: z.array(z.string().max(20)).max(1000).default([]),
  /** E.164; messages for them are taken, and their receipt is UNDELIV. */
  unreachableNumbers: z.array(z.string().max(20)).max(1000).default([]),
  /** Submits per second that the carrier takes; those above are throttled. null: any number. */
  throughput: z.number().int().min(1).nullable().default(null),
  faults: z.array(faultSchema).max(20).default([]),
});

export type Behaviour = z.infer<typeof behaviourSchema>;
/** Fields that are left out become as at the start. */
export type BehaviourInput = z.input<typeof behaviourSchema>;

export interface Judge {
  readonly behaviour: Behaviour;
  /** Faults begin to count anew. Throws `z.ZodError`. */
  set(behaviour: BehaviourInput): void;
  /** The fault, if any, that hits the submit for `to` which arrives `now` (UTC milliseconds). */
  next(to: string, now: number): FaultKind | null;
}

/** Applies the behaviour to one submit after another. */
export function createJudge(initial: BehaviourInput = {}): Judge {
  let behaviour = behaviourSchema.parse(initial);
  let refused = new Set(behaviour.refusedNumbers);
  let passed = 0;
  let second = 0;
  let inSecond = 0;

  function aboveThroughput(now: number): boolean {
    if (behaviour.throughput === null) return false;
    const current = Math.floor(now / 1000);
    if (current !== second) [second, inSecond] = [current, 0];
    return ++inSecond > behaviour.throughput;
  }

  return {
    get behaviour() {
      return behaviour;
    },
    set(input) {
      behaviour = behaviourSchema.parse(input);
      refused = new Set(behaviour.refusedNumbers);
      passed = 0;
    },
    next(to, now) {
      const index = passed++;
      for (const { kind, after, times } of behaviour.faults) {
        if (index >= after && (times === null || index < after + times)) return kind;
      }
      if (refused.has(to)) return 'refused';
      return aboveThroughput(now) ? 'throttled' : null;
    },
  };
}
