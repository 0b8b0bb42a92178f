/**
 * How a message goes from channel to channel: a pure function (progress, input) → (progress, events, withdrawals).
 *
 *                  window closed                          the channel has it
 *   accepted ────────────────────► deferred ──────────────────┐
 *      │  └───────────────────────────│───────────────────────┤
 *      │                              ▼                       ▼   says delivered
 *      │        ┌─► falling-back ────────────────────────► attempting ─────────────► delivered ──► read
 *      │        │       │   failed, or waited long enough;    │  │                      ▲
 *      │        └───────│───────  another step is left  ──────┘  │ failed, none left    │ a receipt that came late:
 *      │                │                                        ▼                      │ what is true is told
 *      └── expiry, cancel, in any of them ──► expired   cancelled   undeliverable ──────┘
 *
 * Each step of the strategy has one attempt, known to its channel by an id of its own. Outcomes of attempts may come
 * repeated, late or out of order, also before it was noted that the channel has the attempt: an attempt only ever
 * moves forward, waiting → unknown → handed-over → failed | cancelled → delivered → read. There is never a second
 * `delivered` or `read` event; a second delivery shows in the attempts. A message that was read was delivered.
 */
import type { ChannelName, MessageEventKind, MessageState } from '@civicline/protocol';
import type { Outcome } from '@civicline/protocol/channel';
import { createStateTable } from '@civicline/protocol/run';

export const STATES = createStateTable<MessageState>('a message', {
  accepted: ['deferred', 'attempting', 'falling-back', 'undeliverable', 'expired', 'cancelled'],
  // A step before it may still deliver.
  deferred: ['attempting', 'falling-back', 'delivered', 'undeliverable', 'expired', 'cancelled'],
  // Again for each step whose channel is not there.
  'falling-back': ['deferred', 'attempting', 'falling-back', 'delivered', 'undeliverable', 'expired', 'cancelled'],
  attempting: ['falling-back', 'delivered', 'undeliverable', 'expired', 'cancelled'],
  delivered: ['read'],
  read: [],
  undeliverable: ['delivered'],
  expired: ['delivered'],
  cancelled: ['delivered'],
});

/** Carriers report the end of a message's validity a little after it. */
const RECEIPT_GRACE_MS = 5 * 60_000;

export interface Step {
  readonly channel: ChannelName;
  readonly waitSeconds?: number | undefined;
}

export interface AttemptProgress {
  /** `waiting`: with the channel, not handed over yet. */
  readonly state: 'waiting' | Outcome['kind'];
  readonly reason?: string | undefined;
  readonly segments?: number | undefined;
  /** UTC milliseconds. */
  readonly at: number;
}

export interface Progress {
  readonly state: MessageState;
  readonly reason: string | null;
  readonly steps: readonly Step[];
  /** The step that is being tried, or waits to be. */
  readonly step: number;
  /** Of the steps that were begun, in their order. */
  readonly attempts: readonly AttemptProgress[];
  /** UTC milliseconds. */
  readonly expiresAt: number;
  /** When time changes something, UTC milliseconds; null: never again. */
  readonly deadline: number | null;
  /** The sender wants no further step. */
  readonly cancelling: boolean;
}

/** `at`: UTC milliseconds. */
export type Input =
  /** The step's channel has the attempt durably. */
  | { kind: 'begun'; step: number; at: number }
  | { kind: 'window-closed'; at: number }
  /** The step's channel is not there any more. */
  | { kind: 'unavailable'; reason: string; at: number }
  | { kind: 'outcome'; step: number; outcome: Pick<Outcome, 'kind' | 'reason' | 'segments' | 'at'> }
  | { kind: 'time'; at: number }
  | { kind: 'cancel'; at: number };

export interface Telling {
  kind: MessageEventKind;
  at: number;
  channel?: ChannelName;
  state: MessageState;
  reason?: string;
  segments?: number;
}

export interface Transition {
  /** The very same object when nothing changed. */
  progress: Progress;
  events: Telling[];
  /** Steps whose attempts are to be withdrawn from their channels. */
  withdraw: number[];
}

export function beginning(steps: readonly Step[], expiresAt: number): Progress {
  return {
    state: 'accepted',
    reason: null,
    steps,
    step: 0,
    attempts: [],
    expiresAt,
    deadline: expiresAt,
    cancelling: false,
  };
}

/** No channel has the current step yet, and one is to get it. */
function isWaiting({ state, cancelling }: Progress): boolean {
  return !cancelling && (state === 'accepted' || state === 'deferred' || state === 'falling-back');
}

/** The channel that is to get the current step; null: none. The message is in this channel's queue, and in no other. */
export function waitsFor(progress: Progress): ChannelName | null {
  return isWaiting(progress) ? channelOf(progress, progress.step) : null;
}

export function isFinal(state: MessageState): boolean {
  return ['delivered', 'read', 'undeliverable', 'expired', 'cancelled'].includes(state);
}

/** false: everything that can be tried is with a channel for good, a cancellation would change nothing. */
export function canCancel(progress: Progress): boolean {
  if (isFinal(progress.state)) return false;
  return (
    isWaiting(progress) ||
    progress.step + 1 < progress.steps.length ||
    progress.attempts.some(({ state }) => state === 'waiting')
  );
}

export function advance(progress: Progress, input: Input): Transition {
  const draft: Draft = { progress, events: [], withdraw: [] };
  switch (input.kind) {
    case 'begun':
      begin(draft, input.step, input.at);
      break;
    case 'window-closed':
      if (isWaiting(progress) && progress.state !== 'deferred') enter(draft, 'deferred', input.at);
      break;
    case 'unavailable':
      if (!isWaiting(progress)) break;
      change(draft, { attempts: [...progress.attempts, { state: 'failed', reason: input.reason, at: input.at }] });
      goOn(draft, input.reason, input.at);
      break;
    case 'outcome':
      takeOutcome(draft, input.step, input.outcome);
      break;
    case 'time':
      passTime(draft, input.at);
      break;
    case 'cancel':
      cancel(draft, input.at);
  }
  return draft;
}

type Draft = Transition;

function change(draft: Draft, changes: Partial<Progress>): void {
  draft.progress = { ...draft.progress, ...changes };
}

function move(draft: Draft, state: MessageState, changes: Partial<Progress>): void {
  change(draft, { ...changes, state: STATES.move(draft.progress.state, state) });
}

/** Enters a state of which the sender is told. */
function enter(draft: Draft, state: keyof typeof EVENT_OF, at: number, more: Partial<Telling> = {}): void {
  const final = isFinal(state);
  move(draft, state, { reason: more.reason ?? null, ...(final ? { deadline: null } : {}) });
  draft.events.push({ kind: EVENT_OF[state], at, state, ...more });
  if (!final) return;
  for (const [step, attempt] of draft.progress.attempts.entries()) {
    if (attempt.state === 'waiting') draft.withdraw.push(step);
  }
}

const EVENT_OF = {
  deferred: 'deferred',
  attempting: 'attempted',
  'falling-back': 'fallback',
  delivered: 'delivered',
  read: 'read',
  undeliverable: 'undeliverable',
  expired: 'expired',
  cancelled: 'cancelled',
} as const satisfies Partial<Record<MessageState, MessageEventKind>>;

function begin(draft: Draft, step: number, at: number): void {
  const { progress } = draft;
  // Repeated; or of a step that is not due.
  if (step !== progress.attempts.length || step !== progress.step) return;
  const wanted = isWaiting(progress);
  change(draft, { attempts: [...progress.attempts, { state: 'waiting', at }] });
  // It was cancelled, expired or delivered while it was on its way to the channel.
  if (!wanted) {
    draft.withdraw.push(step);
    return;
  }
  enter(draft, 'attempting', at, { channel: channelOf(progress, step) });
  const { waitSeconds } = progress.steps[step] ?? {};
  if (waitSeconds === undefined || step + 1 === progress.steps.length) return;
  change(draft, { deadline: Math.min(at + waitSeconds * 1000, progress.expiresAt) });
}

const RANK: Record<AttemptProgress['state'], number> = {
  waiting: 0,
  unknown: 1,
  'handed-over': 2,
  failed: 3,
  cancelled: 3,
  delivered: 4,
  read: 5,
};

function takeOutcome(draft: Draft, step: number, outcome: (Input & { kind: 'outcome' })['outcome']): void {
  // The channel was faster than our note that it has the attempt.
  begin(draft, step, outcome.at);
  const known = draft.progress.attempts[step];
  if (!known || RANK[outcome.kind] <= RANK[known.state]) return;
  const { kind, reason, segments = known.segments, at } = outcome;
  change(draft, { attempts: draft.progress.attempts.with(step, { state: kind, reason, segments, at }) });

  const { state, step: current } = draft.progress;
  if (kind === 'delivered' || kind === 'read') {
    const channel = channelOf(draft.progress, step);
    if (state !== 'delivered' && state !== 'read') {
      enter(draft, 'delivered', at, { channel, ...(segments === undefined ? {} : { segments }) });
    }
    if (kind === 'read' && state !== 'read') enter(draft, 'read', at, { channel });
    return;
  }
  if (isFinal(state) || (kind !== 'failed' && kind !== 'cancelled')) return;
  if (draft.progress.cancelling) {
    if (!isOpen(draft.progress)) enter(draft, 'cancelled', at);
    return;
  }
  if (state !== 'attempting') return;
  if (step === current) goOn(draft, reason ?? 'CANCELLED_BY_CHANNEL', at);
  // The last step had failed already, and this was the one that still might have arrived.
  else if (!isOpen(draft.progress)) giveUp(draft, at);
}

/** The current step came to nothing. */
function goOn(draft: Draft, reason: string, at: number): void {
  const { progress } = draft;
  const from = channelOf(progress, progress.step);
  if (progress.step + 1 < progress.steps.length) {
    change(draft, { step: progress.step + 1, deadline: progress.expiresAt });
    enter(draft, 'falling-back', at, { channel: from, reason });
    return;
  }
  if (!isOpen(progress)) {
    giveUp(draft, at);
    return;
  }
  // A step before it may still deliver.
  if (progress.state !== 'attempting') move(draft, 'attempting', {});
  change(draft, { deadline: progress.expiresAt });
}

function giveUp(draft: Draft, at: number): void {
  const { progress } = draft;
  const reason = progress.attempts.at(-1)?.reason ?? 'UNDELIVERABLE';
  // EXPIRED: its time ran out at the channel, which noticed first.
  if (reason === 'EXPIRED') enter(draft, 'expired', at, { reason });
  else enter(draft, 'undeliverable', at, { channel: channelOf(progress, progress.step), reason });
}

function passTime(draft: Draft, at: number): void {
  const { progress } = draft;
  const { deadline, expiresAt } = progress;
  if (deadline === null || at < deadline) return;
  if (at >= expiresAt) {
    const receiptsUntil = isOpen(progress) ? expiresAt + RECEIPT_GRACE_MS : expiresAt;
    if (at >= receiptsUntil) enter(draft, 'expired', at, { reason: 'EXPIRED' });
    else change(draft, { deadline: receiptsUntil });
    return;
  }
  // Not to be brought twice, if that can still be prevented.
  if (progress.attempts[progress.step]?.state === 'waiting') {
    draft.withdraw.push(progress.step);
  }
  if (progress.cancelling) change(draft, { deadline: expiresAt });
  else goOn(draft, 'STEP_TIMED_OUT', at);
}

function cancel(draft: Draft, at: number): void {
  const { progress } = draft;
  if (progress.cancelling || !canCancel(progress)) return;
  change(draft, { cancelling: true });
  if (!isOpen(progress)) {
    enter(draft, 'cancelled', at);
    return;
  }
  for (const [step, attempt] of progress.attempts.entries()) {
    if (attempt.state === 'waiting') draft.withdraw.push(step);
  }
}

/** A channel may still deliver it. */
function isOpen({ attempts }: Progress): boolean {
  return attempts.some(({ state }) => RANK[state] < RANK.failed);
}

function channelOf({ steps }: Progress, step: number): ChannelName {
  const found = steps[step];
  if (!found) throw new RangeError(`The strategy has no step ${step}.`);
  return found.channel;
}
