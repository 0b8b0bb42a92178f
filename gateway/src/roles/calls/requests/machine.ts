/**
 * The states of a call request, from the click on the website to the end of the call:
 *
 *                            valid proof             code redeemed
 *   awaiting-disclosure ───────────────► disclosed ───────────────► calling ──► queued ──► connected
 *        │   │   │                         │   │                       │          │            │
 *        │   │   └─► failed                │   │                       └──────────┴─────┬──────┘
 *        │   │  (invalid proof,            │   │                                        ▼
 *        │   │   session lost)             │   │                                      ended
 *        │   └───────► cancelled ◄─────────┘   │
 *        └───────────► expired ◄───────────────┘
 *
 * It only moves forward, so that a late or repeated message changes nothing: whatever writes a state does so where the
 * table allows it, `where state in (statesBefore(…))`. States on the way may be skipped.
 */
import type { CallRequestState } from '@civicline/protocol';
import { createStateTable } from '@civicline/protocol/run';

export const STATES = createStateTable<CallRequestState>('a call request', {
  'awaiting-disclosure': ['disclosed', 'cancelled', 'expired', 'failed'],
  disclosed: ['calling', 'cancelled', 'expired'],
  calling: ['queued', 'connected', 'ended'],
  queued: ['connected', 'ended'],
  connected: ['ended'],
  ended: [],
  cancelled: [],
  expired: [],
  failed: [],
});

/** The states from which a request may come to `state`. */
export const statesBefore = STATES.before;

/** Whether nothing can happen to the request any more. */
export const isFinal = STATES.isLast;

/**
 * The states in which each secret is needed; in all others it is erased. A call that reports `queued` has written its
 * own copy of the attributes.
 */
export const NEEDED_IN = {
  irmaToken: ['awaiting-disclosure'],
  code: ['awaiting-disclosure', 'disclosed'],
  attributes: ['disclosed', 'calling'],
} as const satisfies Record<string, readonly CallRequestState[]>;
