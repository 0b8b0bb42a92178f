/** From the first ring to the queue: the code, its second and third try, and whether the queue takes the call. */
import type { NotVerifiedReason } from '@civicline/protocol';
import {
  type Admission,
  ARRIVING_MS,
  ATTRIBUTES_MS,
  type Call,
  type CallCommand,
  type CallEvent,
  type CallSource,
  MAX_TRIES,
  type Prompt,
} from './call.ts';
import { after, fallBack, move, onChannel, report, type Step, unchanged } from './steps.ts';

/** A new call whose code, empty or not, is to be redeemed. */
export function arrive(input: {
  id: string;
  organisationId: string;
  source: CallSource;
  calledNumber: string;
  language: Call['language'];
  at: number;
  code: string | null;
}): Step {
  const { at, code, ...given } = input;
  const call: Call = {
    ...given,
    state: 'arriving',
    arrivedAt: at,
    refusals: 0,
    refusedFor: null,
    rekeying: false,
    arrivingUntil: at + ARRIVING_MS,
    verification: null,
    requestId: null,
    purposeId: null,
    attributesUntil: null,
    rules: null,
    queuedAt: null,
    waitUntil: null,
    offer: null,
    transferredBy: null,
    agentId: null,
    attempts: 0,
    leg: null,
    ringUntil: null,
    bridged: false,
    connectedAt: null,
    held: false,
    muted: false,
    phoneGoneUntil: null,
    interruption: null,
    cutOffFrom: null,
    wrapUpUntil: null,
    endedAt: null,
  };
  return { call, commands: [{ type: 'redeem', code }] };
}

export function codeEntered(call: Call, event: CallEvent & { type: 'code-entered' }): Step {
  if (call.state !== 'arriving') return unchanged(call);
  return {
    call: { ...call, rekeying: false, arrivingUntil: event.at + ARRIVING_MS },
    commands: [{ type: 'redeem', code: event.code }],
  };
}

/** Until the arrival is given up. */
export function codeUnread(call: Call): Step {
  return awaitsAnswer(call) ? { call, commands: [{ type: 'redeem', code: null }] } : unchanged(call);
}

/** An answer about an earlier code, while the caller keys again, is late or repeated and counts no more. */
function awaitsAnswer(call: Call): boolean {
  return call.state === 'arriving' && !call.rekeying;
}

export function redeemed(call: Call, event: CallEvent & { type: 'redeemed' }): Step {
  if (!awaitsAnswer(call)) return unchanged(call);
  const identified: Call = {
    ...call,
    verification: {
      kind: 'verified',
      disclosedAt: event.disclosedAt,
      binding: event.binding,
      numberAgrees: event.numberAgrees,
      contested: false,
    },
    requestId: event.requestId,
    purposeId: event.purposeId,
    language: event.language,
    attributesUntil: event.at + ATTRIBUTES_MS,
  };
  const begun: CallCommand[] = [
    { type: 'keep-attributes', attributes: event.attributes },
    { type: 'report', requestId: event.requestId, state: 'calling' },
    ...onChannel(call, { type: 'set-language' }),
  ];
  return after(begun, admit(identified, event.admission, event.at, ['verified', 'please-wait']));
}

/** Whoever has the call now is told at once; that a code was keyed twice is never taken back. */
export function contested(call: Call): Step {
  const { verification } = call;
  if (verification?.kind !== 'verified' || verification.contested) return unchanged(call);
  return { call: { ...call, verification: { ...verification, contested: true } }, commands: [] };
}

export function rejected(call: Call, event: CallEvent & { type: 'rejected' }): Step {
  if (!awaitsAnswer(call)) return unchanged(call);
  const refusals = call.refusals + 1;
  if (worthAskingAgain(call, event) && refusals < MAX_TRIES) {
    return {
      call: {
        ...call,
        refusals,
        refusedFor: event.reason,
        rekeying: true,
        arrivingUntil: event.at + ARRIVING_MS,
      },
      commands: [{ type: 'ask-code-again' }],
    };
  }
  const unverified: Call = {
    ...call,
    refusals,
    verification: { kind: 'not-verified', reason: reasonOf(call, event.reason, refusals), mayRetry: event.mayRetry },
  };
  return admit(unverified, event.admission, event.at, ['please-wait']);
}

/** Another exchange asks by itself if it likes; of half a code our dialplan has already asked for the rest. */
function worthAskingAgain(call: Call, { reason, mayRetry }: CallEvent & { type: 'rejected' }): boolean {
  return mayRetry && call.source.kind === 'asterisk' && reason !== 'code-incomplete';
}

/** What the agent should know: somebody who gave up after a wrong code did not call without one. */
function reasonOf(call: Call, reason: NotVerifiedReason, refusals: number): NotVerifiedReason {
  if (reason === 'no-code') return call.refusedFor ?? reason;
  return refusals >= MAX_TRIES ? 'too-many-tries' : reason;
}

function admit(call: Call, admission: Admission, at: number, prompts: Prompt[]): Step {
  if (admission.kind !== 'admitted') return fallBack(call, admission.kind, at);
  const queued = move(call, 'queued', {
    rekeying: false,
    rules: admission.rules,
    queuedAt: at,
    waitUntil: at + admission.rules.maxWaitMs,
  });
  return { call: queued, commands: [...onChannel(call, { type: 'wait', prompts }), ...report(call, 'queued')] };
}
